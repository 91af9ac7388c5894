// candor kernels: the kernel tables, which are also what dispatch reads.
#include <memory>
#include <optional>

#include "candor/machine.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/format.h"
#include "cli/terminal.h"

namespace candor::cli {
namespace {

struct KernelsOptions {
  bool markdown = false, here = false;
  std::optional<std::string> op;
};

constexpr const char* kExamples =
    "One line is one kernel: its storage dtypes (a, b, out), the dtype of its products and of its sums.\n"
    "\n"
    "Examples:\n"
    "  candor kernels --op matmul --here\n"
    "  candor kernels --markdown > docs/precision-matrix.md";

std::string availability(const KernelListing& row) {
  if (!row.built) return "not in this build";
  return row.runs_here ? "" : "not on this machine";
}

std::string kernel_table(const KernelsOptions& options, const std::vector<KernelListing>& rows) {
  using Align = Table::Align;
  Table table(std::vector<Align>(7, Align::left));
  table.add({"op", "a·b→out", "product/sum", "kernel", "isa", "instructions", ""});
  for (const KernelListing& row : rows) {
    if (options.op && row.op != *options.op) continue;
    if (options.here && !(row.built && row.runs_here)) continue;
    table.add({row.op, storage_text(row.precision), arithmetic_text(row.precision), row.kernel, row.isa,
               row.instruction_class, availability(row)});
  }
  return table.text();
}

void require_known_op(const std::string& op, const std::vector<KernelListing>& rows) {
  std::string known;
  for (const KernelListing& row : rows) {
    if (row.op == op) return;
    if (known.find(row.op) == std::string::npos) known += (known.empty() ? "" : ", ") + row.op;
  }
  throw UsageError("--op: no op is called '" + op + "'; there are " + known);
}

int run(const KernelsOptions& options) {
  if (options.markdown) {
    write_out(precision_matrix_markdown());
    return kExitOk;
  }
  const std::vector<KernelListing> rows = list_kernels();
  if (options.op) require_known_op(*options.op, rows);
  write_out(kernel_table(options, rows));
  return kExitOk;
}

}  // namespace

void add_kernels(CLI::App& app, Action& action) {
  auto options = std::make_shared<KernelsOptions>();
  CLI::App& command = *app.add_subcommand("kernels", "List every kernel with its precision");
  auto* markdown = command.add_flag("--markdown", options->markdown, "The text of docs/precision-matrix.md");
  command.add_option("--op", options->op, "Only this op")->type_name("OP")->excludes(markdown);
  command.add_flag("--here", options->here, "Only what this build has and this machine runs")->excludes(markdown);
  command.footer(kExamples);
  command.callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace candor::cli
