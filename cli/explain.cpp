// candor explain: the kernels that a model would use, without running it.
#include <memory>

#include "candor/error.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/format.h"
#include "cli/json_text.h"
#include "cli/model_options.h"
#include "cli/terminal.h"

namespace candor::cli {
namespace {

struct ExplainOptions {
  ModelOptions model;
  bool json = false, shapes = false, passed_over = false;
};

constexpr const char* kExamples =
    "Reads headers only. Exit code 1 when the model could not run because a kernel is missing.\n"
    "\n"
    "Examples:\n"
    "  candor explain model.gguf\n"
    "  candor explain model-bf16 --precision weights=bf16,activations=f32 --passed-over\n"
    "  candor explain model-bf16 --json";

nlohmann::ordered_json to_json(const ExplainedOp& op) {
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
  };
  return {{"op", op.op},
          {"where", op.where},
          {"detail", op.detail},
          {"precision", precision_json(op.precision)},
          {"kernel", text_or_null(op.kernel)},
          {"isa", text_or_null(op.isa)},
          {"instruction_class", text_or_null(op.instruction_class)},
          {"passed_over", op.passed_over},
          {"missing", text_or_null(op.missing)}};
}

// "prefill: bf16[128, 576]" in two: the phase and the operands.
std::pair<std::string, std::string> split_detail(const std::string& detail) {
  const std::size_t colon = detail.find(": ");
  if (colon == std::string::npos) return {"", detail};
  return {detail.substr(0, colon), detail.substr(colon + 2)};
}

// One table for each phase, in the order of the ops.
std::string op_tables(const ExplainOptions& options, const std::vector<ExplainedOp>& ops) {
  std::string text;
  for (std::size_t begin = 0; begin < ops.size();) {
    const std::string phase = split_detail(ops[begin].detail).first;
    Table table(std::vector<Table::Align>(7, Table::Align::left));
    table.add({phase, "op", "a·b→out", "product/sum", "kernel", "instructions", options.shapes ? "operands" : ""});
    for (; begin < ops.size() && split_detail(ops[begin].detail).first == phase; ++begin) {
      const ExplainedOp& op = ops[begin];
      table.add({op.where, op.op, storage_text(op.precision), arithmetic_text(op.precision),
                 op.missing.empty() ? op.kernel : "missing", op.instruction_class,
                 options.shapes ? split_detail(op.detail).second : ""});
    }
    text += (text.empty() ? "" : "\n") + table.text();
  }
  return text;
}

std::string passed_over_text(const std::vector<ExplainedOp>& ops) {
  std::string text;
  for (const ExplainedOp& op : ops) {
    if (op.passed_over.empty()) continue;
    text += "\n" + op.where + ", " + op.op + " " + op.detail + ": passed over\n";
    for (const std::string& line : op.passed_over) text += "  " + line + "\n";
  }
  return text;
}

std::string missing_text(const std::vector<ExplainedOp>& ops, std::size_t missing) {
  std::string text = std::to_string(missing) + " of " + std::to_string(ops.size()) + " ops have no kernel:";
  for (const ExplainedOp& op : ops)
    if (!op.missing.empty()) text += "\n" + op.where + ": " + op.missing;
  return text;
}

int run(const ExplainOptions& options) {
  const std::vector<ExplainedOp> ops = LanguageModel::explain(options.model.path, load_options(options.model));
  std::size_t missing = 0;
  for (const ExplainedOp& op : ops) missing += !op.missing.empty();
  if (options.json) {
    nlohmann::ordered_json json = {{"model", options.model.path}, {"missing", missing}};
    json["ops"] = nlohmann::ordered_json::array();
    for (const ExplainedOp& op : ops) json["ops"].push_back(to_json(op));
    write_out(json_text(json));
  } else {
    write_out(op_tables(options, ops) + (options.passed_over ? passed_over_text(ops) : ""));
  }
  if (missing) throw UnsupportedPrecision(missing_text(ops, missing));
  return kExitOk;
}

}  // namespace

void add_explain(CLI::App& app, Action& action) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App& command = *app.add_subcommand("explain", "Show which kernel each operation of a model would use");
  add_model_options(command, options->model);
  command.add_flag("--shapes", options->shapes, "Also the operands of a prefill of 128 tokens and of a decode step");
  command.add_flag("--passed-over", options->passed_over, "Also why other kernels were not chosen");
  command.add_flag("--json", options->json, "As JSON");
  command.footer(kExamples);
  command.callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace candor::cli
