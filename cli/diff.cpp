// candor diff: what became of a checkpoint's values on their way into another.
#include "cli/diff.h"

#include <memory>

#include "candor/error.h"
#include "candor/io.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/option_text.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/text_file.h"

namespace candor::cli {
namespace {

constexpr int kDifferent = 1;

constexpr const char* kExamples =
    "A is the original, B what came out of it: files or folders that audit reads, in any formats. Tensors are\n"
    "matched by name, else by their bytes or values. Every conversion that may lie between two dtypes is tried\n"
    "on every element; docs/diff.md explains the words.\n"
    "Exit codes: 0 every tensor has the same bits in both, 1 some differ, 3 a file was refused, 4 wrong command\n"
    "line, or a file could not be read or written.\n"
    "\n"
    "Examples:\n"
    "  candor diff original.safetensors saved.safetensors\n"
    "  candor diff model-f32 model-bf16 --only '*mlp*' --verbose\n"
    "  candor diff model.gguf model-bf16 --json diff.json";

void require_own_output(const DiffCommand& command) {
  if (command.json.empty() || command.json == "-") return;
  for (const std::string& path : {command.a, command.b}) {
    try {
      require_no_model_file("--json", command.json, model_files(Checkpoint::open(path), path));
    } catch (const FormatError&) {  // all the more the user's; the comparison will refuse it
      require_no_model_file("--json", command.json, {path});
    }
  }
}

DiffReport compared(const DiffCommand& command) {
  ProgressBar bar(command.quiet);
  DiffOptions options = command.options;
  options.progress = bar.callback();
  options.cancel = cancel_requested();
  return diff(command.a, command.b, options);
}

void show(const DiffCommand& command, const DiffReport& report) {
  std::string text = diff_sentences(report, out_style());
  if (!command.quiet) text += diff_table(report, command.verbose, out_style());
  write_report(text);
  if (command.quiet) return;
  for (const std::string& line : report.notes) note(line);
}

int run(const DiffCommand& command) {
  require_own_output(command);
  const TextOutput json("--json", command.json);
  const DiffReport report = compared(command);
  json.write([&] { return json_text(diff_json(report)); });
  if (!json.to_stdout()) show(command, report);
  return report.equal ? kExitOk : kDifferent;
}

void add_pattern(CLI::App& command, const char* name, std::vector<std::string>& patterns, const char* text) {
  command.add_option(name, patterns, text)->type_name("PATTERN")->allow_extra_args(false);
}

}  // namespace

void add_diff(CLI::App& app, Action& action) {
  auto options = std::make_shared<DiffCommand>();
  CLI::App& command = *app.add_subcommand("diff", "Compare a checkpoint with the one it came from, value by value");
  command.add_option("A", options->a, "The original: a file or folder")->required()->check(file_name());
  command.add_option("B", options->b, "What came out of it")->required()->check(file_name());
  add_pattern(command, "--only", options->options.only, "Only tensors with such a name, in A or B; may be repeated");
  add_pattern(command, "--exclude", options->options.exclude, "No tensors with such a name; may be repeated");
  command.add_flag("--v2-as-bf16", options->options.v2_as_bf16,
                   "Read .npy of dtype V2 as bf16, which is how ml_dtypes writes it");
  command.add_option("--json", options->json, "Write all counts as JSON; - is standard output")
      ->type_name("FILE")
      ->check(file_name());
  command.add_option("--threads", options->options.threads, "Worker threads [one per core]")
      ->type_name("N")
      ->check(whole_number(1, 1024));
  command.add_flag("--verbose", options->verbose, "Every tensor, and how every conversion agrees with it");
  command.add_flag("-q,--quiet", options->quiet, "Only the sentences, and no progress bar");
  command.footer(kExamples);
  command.callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace candor::cli
