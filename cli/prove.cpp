// candor prove: how every kernel really computes, compared with what its row says.
#include "cli/prove.h"

#include <memory>

#include "candor/error.h"
#include "candor/io.h"
#include "candor/machine.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/option_text.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/text_file.h"

namespace candor::cli {
namespace {

constexpr const char* kExamples =
    "Inputs that different arithmetic tells apart go through every kernel; what comes out says how it\n"
    "computes, and is compared with its line of `candor kernels`. With a MODEL: the kernels that it uses,\n"
    "its bytes, casts and receipt, and a twin of it with planted weights. Exit code 0: all is proven; 1: not.\n"
    "docs/prove.md explains each answer, with examples to repeat by hand.\n"
    "\n"
    "Examples:\n"
    "  candor prove --quick\n"
    "  candor prove --op matmul --verbose\n"
    "  candor prove model.gguf --precision bf16\n"
    "  candor prove --html proof.html --json proof.json";

constexpr const char* kSigned =
    "What a receipt of this file, with these options and this program, says of kernels, bytes of weights and\n"
    "products, casts and the KV cache was found to be so.\n";

ProveReport prove(const ProveCommand& command) {
  ProgressBar bar(command.quiet);
  ProveOptions options;
  options.quick = command.quick;
  options.op = command.op;
  options.seed = command.seed;
  options.progress = bar.callback();
  options.cancel = cancel_requested();
  if (command.model.threads) set_threads(command.model.threads);
  if (!command.model.path.empty()) return prove_model(command.model.path, load_options(command.model), options);
  try {
    return prove_kernels(options);
  } catch (const ValueError& error) {  // --op is the only value that a user gives
    throw UsageError(error.what());
  }
}

void show(const ProveCommand& command, const ProveReport& report) {
  const Style& style = out_style();
  std::string text;
  if (!command.quiet) text += prove_table(report, command.verbose) + "\n";
  const std::string findings = prove_findings(report);
  if (!findings.empty()) text.append(style.red).append(findings).append(style.reset).append("\n");
  if (!command.quiet) text.append(style.dim).append(prove_setting(command)).append(style.reset).append("\n");
  text.append(style.bold).append(prove_summary(report)).append(style.reset).append("\n");
  if (!command.quiet && !command.model.path.empty() && report.all_proven()) text += kSigned;
  write_out(text);
}

int run(const ProveCommand& command) {
  if (command.json == "-" && command.html == "-")
    throw UsageError("--json and --html both name standard output; give one of them a file");
  require_different_files("--json", command.json, "--html", command.html);
  if (!command.model.path.empty() && !command.op.empty())
    throw UsageError("--op and MODEL: the rows of a model are those of its plan; give one of them");
  if (!command.model.path.empty() && command.quick)
    throw UsageError("--quick and MODEL: all rows of a model's plan are tried; leave out --quick");
  if (const std::string& model = command.model.path; !model.empty()) {
    const std::vector<std::string> files = model_files(Checkpoint::open(model), model);
    require_no_model_file("--json", command.json, files);
    require_no_model_file("--html", command.html, files);
  }
  const TextOutput json("--json", command.json), html("--html", command.html);
  const ProveReport report = prove(command);
  json.write([&] { return json_text(prove_json(command, report)); });
  html.write([&] { return prove_html(command, report); });
  if (!json.to_stdout() && !html.to_stdout()) show(command, report);
  if (!command.quiet)
    for (const std::string& text : report.notes) note(text);
  const std::size_t all = report.rows.size() + report.checks.size();
  const std::size_t proven = report.count(ProofVerdict::proven) + report.count_checks(ProofVerdict::proven);
  if (proven != all)
    throw Error(std::to_string(all - proven) + " of " + std::to_string(all) + " rows and checks are not proven");
  return kExitOk;
}

}  // namespace

void add_prove(CLI::App& app, Action& action) {
  auto options = std::make_shared<ProveCommand>();
  CLI::App& command = *app.add_subcommand("prove", "Find out how every kernel, or a whole model, really computes");
  add_model_options(command, options->model);
  CLI::Option* model = command.get_option("MODEL")->required(false)->check(file_name());
  for (const char* name : {"--precision", "--allow-upcast", "--allow-reference"})
    command.get_option(name)->needs(model);
  command.get_option("--quiet")->description("Only what is not proven, and the summary");
  command.add_flag("--quick", options->quick,
                   "Only kernels that would be chosen on the instruction set in use; not with a MODEL");
  command.add_option("--op", options->op, "Only this op: matmul, attention, cast, ...; leaves out the checks of bytes")
      ->type_name("OP")
      ->check([](const std::string& text) -> std::string { return text.empty() ? "'' is no op; name one" : ""; });
  command.add_option("--seed", options->seed, "Seed of the operands that are drawn at random [1]")
      ->type_name("N")
      ->check(unsigned_number());
  command.add_option("--json", options->json, "Write every answer and canary as JSON; - is standard output")
      ->type_name("FILE")
      ->check(file_name());
  command.add_option("--html", options->html, "Write a page to read in a browser; - is standard output")
      ->type_name("FILE")
      ->check(file_name());
  command.add_flag("--verbose", options->verbose,
                   "One line for each storage and instruction set of a kernel, and for each check");
  command.footer(kExamples);
  command.callback([options, &action] {
    options->quiet = options->model.quiet;
    action = [options] { return run(*options); };
  });
}

}  // namespace candor::cli
