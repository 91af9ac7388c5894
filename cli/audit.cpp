// candor audit: what the values of a checkpoint went through before they were
// stored.
#include "cli/audit.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "candor/error.h"
#include "candor/io.h"
#include "cli/audit_summary.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/option_text.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/text_file.h"

namespace candor::cli {
namespace {

constexpr const char* kExamples =
    "PATH: safetensors, GGUF, PyTorch (.pt, .pth, .bin, .ckpt) or NumPy (.npy, "
    ".npz), or a folder with shards.\n"
    "A finding says what the values show, with the evidence; docs/audit.md "
    "says what each verdict means.\n"
    "Exit codes: 0 nothing found, 1 a finding, 2 nothing found but some "
    "tensors are undecidable (--strict only),\n"
    "3 a file was refused, 4 wrong command line, or a file could not be read "
    "or written.\n"
    "\n"
    "Examples:\n"
    "  candor audit model.safetensors\n"
    "  candor audit model-folder --html audit.html --json audit.json\n"
    "  candor audit model.gguf --only '*.attn_*' --verbose\n"
    "  candor audit model.safetensors --fingerprint model.fingerprint\n"
    "  candor audit --from-fingerprint model.fingerprint --strict";

struct NamedOutput {
  const char* option;
  const std::string& path;
};

/// What belongs to `path` and must not be replaced. What the reader refuses, and what lies in a folder that is no
/// model, is all the more the user's.
std::vector<std::string> audited_files(const std::string& path) {
  namespace fs = std::filesystem;
  try {
    return model_files(Checkpoint::open(path), path);
  } catch (const Error&) {
    std::vector<std::string> files{path};
    std::error_code error;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error))
      files.push_back(it->path().string());
    return files;
  }
}

void require_own_outputs(const AuditCommand& command) {
  const NamedOutput outputs[] = {{"--json", command.json},
                                 {"--sarif", command.sarif},
                                 {"--html", command.html},
                                 {"--fingerprint", command.options.fingerprint}};
  for (const NamedOutput& a : outputs)
    for (const NamedOutput& b : outputs) {
      if (&a >= &b) continue;
      if (a.path == "-" && b.path == "-")
        throw UsageError(std::string(a.option) + " and " + b.option +
                         " both name standard output; give one of them a file");
      require_different_files(a.option, a.path, b.option, b.path);
    }
  const bool any = std::any_of(std::begin(outputs), std::end(outputs),
                               [](const NamedOutput& output) { return !output.path.empty() && output.path != "-"; });
  for (std::size_t i = 0; any && i < command.paths.size(); ++i) {
    const std::string& path = command.paths[i];
    const auto files = command.from_fingerprint ? std::vector<std::string>{path} : audited_files(path);
    const char* whose = command.from_fingerprint ? "the fingerprint" : "the model's own";
    for (const NamedOutput& output : outputs) require_no_model_file(output.option, output.path, files, whose);
  }
}

AuditReport audited(const AuditCommand& command) {
  ProgressBar bar(command.quiet);
  AuditOptions options = command.options;
  options.progress = bar.callback();
  options.cancel = cancel_requested();
  return command.from_fingerprint ? audit_fingerprints(command.paths, options) : audit(command.paths, options);
}

/// Lives as long as the program: to free what is known of many tensors takes seconds, for which a signal would wait.
const AuditReport& kept(AuditReport report) {
  static const AuditReport* all = nullptr;
  all = new AuditReport(std::move(report));
  return *all;
}

/// Of many tensors the reports take as long to write as the verdicts took.
class Reports {
 public:
  explicit Reports(const AuditCommand& command)
      : json_("--json", command.json), sarif_("--sarif", command.sarif), html_("--html", command.html) {}

  bool to_stdout() const { return json_.to_stdout() || sarif_.to_stdout() || html_.to_stdout(); }
  /// No file takes its place before all are written, and a signal leaves none or all.
  void write(const AuditCommand& command, const AuditReport& report) const {
    ProgressBar bar(command.quiet || to_stdout());
    json_.write_parts(
        [&](const TextSink& sink) { write_audit_json(shown("writing JSON", sink, bar), command, report); });
    sarif_.write_parts(
        [&](const TextSink& sink) { write_audit_sarif(shown("writing SARIF", sink, bar), command, report); });
    html_.write_parts([&](const TextSink& sink) { write_audit_html(shown("writing HTML", sink, bar), report); });
    throw_if_cancelled();
    for (const TextOutput* output : {&json_, &sarif_, &html_}) output->place();
  }

 private:
  static TextSink shown(const char* what, const TextSink& sink, ProgressBar& bar) {
    return [what, &sink, &bar, bytes = std::uint64_t{0}](std::string_view part) mutable {
      sink(part);
      bar.show({what, "bytes", bytes += part.size(), 0});
    };
  }

  TextOutput json_, sarif_, html_;
};

void show(const AuditCommand& command, const AuditReport& report) {
  if (!command.quiet) return write_report(audit_table(report, command.verbose, out_style()));
  std::string text;
  for (const CheckpointAudit& checkpoint : report.checkpoints) text += audit_headline(checkpoint, out_style()) + "\n";
  write_report(text);
}

int run(const AuditCommand& command) {
  const std::string& fingerprint = command.options.fingerprint;
  if (fingerprint == "-") throw UsageError("--fingerprint - : a fingerprint is written to a file; name one");
  require_own_outputs(command);
  if (!fingerprint.empty()) require_writable("--fingerprint", fingerprint);
  const Reports reports(command);
  const AuditReport& report = kept(audited(command));
  reports.write(command, report);
  if (!reports.to_stdout()) show(command, report);
  return audit_exit_code(report, command.strict);
}

void add_pattern(CLI::App& command, const char* name, std::vector<std::string>& patterns, const char* text) {
  command.add_option(name, patterns, text)->type_name("PATTERN")->allow_extra_args(false);
}

void add_output(CLI::App& command, const char* name, std::string& path, const char* text) {
  command.add_option(name, path, text)->type_name("FILE")->check(file_name());
}

void add_options(CLI::App& command, AuditCommand& options) {
  command.add_option("PATH", options.paths, "Files and folders to audit")->required()->check(file_name());
  add_pattern(command, "--only", options.options.only, "Only tensors with such a name ('*mlp*'); may be repeated");
  add_pattern(command, "--exclude", options.options.exclude, "No tensors with such a name; may be repeated");
  command
      .add_option("--threshold-bits", options.options.threshold_bits,
                  "Evidence that a finding needs: 40 bits are odds of 10^12 to 1")
      ->type_name("B")
      ->check(positive_number())
      ->capture_default_str();
  command.add_flag("--strict", options.strict, "Exit with 2 when tensors are undecidable and nothing was found");
  command.add_flag("--v2-as-bf16", options.options.v2_as_bf16,
                   "Read .npy of dtype V2 as bf16, which is how ml_dtypes writes it");
  add_output(command, "--json", options.json, "Write all evidence as JSON; - is standard output");
  add_output(command, "--sarif", options.sarif, "Write findings as SARIF 2.1.0; - is standard output");
  add_output(command, "--html", options.html, "Write a page to read in a browser; - is standard output");
  CLI::Option* fingerprint = command
                                 .add_option("--fingerprint", options.options.fingerprint,
                                             "Write what the verdict rests on, without the weights")
                                 ->type_name("FILE")
                                 ->check(file_name());
  command.add_flag("--from-fingerprint", options.from_fingerprint, "PATHs are fingerprint files: judge them again")
      ->excludes(fingerprint);
  command.add_option("--threads", options.options.threads, "Worker threads [one per core]")
      ->type_name("N")
      ->check(whole_number(1, 1024));
  command.add_flag("--verbose", options.verbose, "One line for each tensor");
  command.add_flag("-q,--quiet", options.quiet, "One line for each PATH, and no progress bar");
}

}  // namespace

void add_audit(CLI::App& app, Action& action) {
  auto options = std::make_shared<AuditCommand>();
  CLI::App& command = *app.add_subcommand("audit", "Find out what the values of a checkpoint went through");
  add_options(command, *options);
  command.footer(kExamples);
  command.callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace candor::cli
