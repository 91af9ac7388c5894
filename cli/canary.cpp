// candor canary: writes values that every wrong conversion damages in its own way, and names the culprit afterwards.
#include "cli/canary.h"

#include <memory>

#include "candor/error.h"
#include "candor/io.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/option_text.h"
#include "cli/prompt_text.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/text_file.h"

namespace candor::cli {
namespace {

constexpr const char* kExamples =
    "Write a canary, push it through the save, load or conversion that you wonder about, then check what came out.\n"
    "OUT's suffix says its format: .safetensors, .npz, .pt and others.\n"
    "\n"
    "Examples:\n"
    "  candor canary canary.safetensors\n"
    "  python3 your_converter.py canary.safetensors out.safetensors\n"
    "  candor canary check out.safetensors\n"
    "\n"
    "docs/canary.md lists the values and what each change means.";

constexpr const char* kCheckExamples =
    "FILE is whatever candor reads. Canaries are found by name, or by their size and values.\n"
    "Exit codes: 0 intact, or kept in a wider dtype; 1 damaged, or canaries are missing; 3 no checkpoint; 4 other "
    "errors.\n"
    "\n"
    "Examples:\n"
    "  candor canary check out.safetensors\n"
    "  candor canary check out.gguf --json -";

constexpr std::string_view kOneTensor = ".npy";  // a canary is ten

struct CanaryCommand {
  std::string output, file, json;
  bool force = false, quiet = false;
};

/// A mistake of the command line, and said as one.
void require_suffix(const std::string& output) {
  std::string known;
  for (const std::string_view suffix : checkpoint_suffixes()) {
    if (suffix == kOneTensor) continue;
    if (output.ends_with(suffix)) return;
    known.append(known.empty() ? "" : ", ").append(suffix);
  }
  throw UsageError("'" + output + "': the suffix says the format: a canary is written as one of " + known);
}

int write(const CanaryCommand& command) {
  if (command.output.empty()) throw UsageError("name the file to write, or check FILE");
  require_suffix(command.output);
  write_canary(command.output, command.force, cancel_requested());
  if (!command.quiet && stderr_is_terminal())
    write_err(readable(command.output) + ": now convert it, then run candor canary check on the result\n");
  return kExitOk;
}

int check(const CanaryCommand& command) {
  if (!command.output.empty())
    throw UsageError("'" + command.output +
                     "' before check would be a file to write, and check writes none; leave it out");
  if (command.force) throw UsageError("--force before check would replace OUT, and check writes none; leave it out");
  if (!command.json.empty())
    require_no_model_file("--json", command.json, model_files(Checkpoint::open(command.file), command.file));
  std::unique_ptr<TextFile> file;
  if (!command.json.empty() && command.json != "-") file = std::make_unique<TextFile>("--json", command.json);
  const CanaryReport report = check_canary(command.file, cancel_requested());
  if (file) file->commit(json_text(canary_json(report)));
  if (command.json == "-") {
    write_out(json_text(canary_json(report)));
  } else {
    const Style& style = out_style();
    const bool fine = report.verdict == CanaryVerdict::intact || report.verdict == CanaryVerdict::widened;
    std::string text = command.quiet ? "" : readable(canary_table(report), Lines::kept) + "\n";
    text.append(style.bold).append(fine ? style.green : style.red).append(canary_verdict_name(report.verdict));
    text.append(style.reset).append(": ").append(readable(report.sentence)).append("\n");
    write_out(text);
  }
  const bool good = report.verdict == CanaryVerdict::intact || report.verdict == CanaryVerdict::widened;
  return good ? kExitOk : kExitError;
}

void add_check(CLI::App& canary, const std::shared_ptr<CanaryCommand>& options, Action& action) {
  CLI::App& command = *canary.add_subcommand("check", "Name the conversion that damaged the canaries of FILE");
  command.add_option("FILE", options->file, "A checkpoint that holds canaries")->required()->check(file_name());
  command.add_option("--json", options->json, "Write what was found as JSON; - is standard output")
      ->type_name("FILE")
      ->check(file_name());
  command.add_flag("-q,--quiet", options->quiet, "Only the verdict");
  command.footer(kCheckExamples);
  command.callback([options, &action] { action = [options] { return check(*options); }; });
}

}  // namespace

void add_canary(CLI::App& app, Action& action) {
  auto options = std::make_shared<CanaryCommand>();
  CLI::App& command = *app.add_subcommand("canary", "Write a canary checkpoint, or check what became of one");
  command.add_option("OUT", options->output, "The file to write; its suffix says the format (docs/formats.md)")
      ->check(file_name());
  command.add_flag("--force", options->force, "Replace OUT if it exists");
  command.add_flag("-q,--quiet", options->quiet, "Say nothing");
  command.require_subcommand(0, 1);
  command.footer(kExamples);
  add_check(command, options, action);
  command.callback([options, &command, &action] {
    if (command.get_subcommands().empty()) action = [options] { return write(*options); };
  });
}

}  // namespace candor::cli
