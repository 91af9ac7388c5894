// candor convert: a checkpoint in another dtype, with what that changed.
#include <algorithm>
#include <map>
#include <memory>

#include "candor/convert.h"
#include "candor/error.h"
#include "candor/io.h"
#include "candor/machine.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/format.h"
#include "cli/option_text.h"
#include "cli/progress.h"
#include "cli/prompt_text.h"
#include "cli/receipt_target.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace candor::cli {
namespace {

struct ConvertCommand {
  std::string input, output, dtype, receipt, rounding = "nearest";
  ConvertOptions options;
  std::optional<std::uint64_t> seed;
  int threads = 0;
  bool explain = false, quiet = false;
};

constexpr const char* kExamples =
    "OUT ending in .safetensors, .gguf, .npy, .npz, .pt, .pth, .bin or .ckpt is one file; otherwise OUT becomes a\n"
    "Hugging Face folder. f32 to bf16 rounds to nearest even and needs no flag unless a value overflows. What f16\n"
    "cannot hold (overflow, flush to zero, bf16 values off its grid) is counted and refused without --allow-lossy.\n"
    "f32 tensors among narrower ones stay f32 unless --narrow-f32 is there. --dtype keep copies every tensor as it "
    "is.\n"
    "\n"
    "Examples:\n"
    "  candor convert model.gguf model-bf16 --dtype bf16\n"
    "  candor convert model-bf16 model-bf16.gguf --dtype bf16\n"
    "  candor convert weights.pt weights.safetensors --dtype keep\n"
    "  candor convert model-f32.safetensors model-f16.safetensors --dtype f16 --explain\n"
    "  candor convert model.gguf model-bf16 --dtype bf16 --keep-f32 '*norm*' --force";

DType parse_target(const std::string& name) {
  if (name == "keep") return DType::any;
  const auto dtype = parse_dtype(name);
  if (!dtype) throw UsageError("--dtype: unknown dtype '" + name + "'; convert writes bf16, f16 or f32, or keep");
  if (*dtype != DType::bf16 && *dtype != DType::f16 && *dtype != DType::f32)
    throw UsageError("--dtype: convert does not write " + name + "; it writes bf16, f16 or f32, or keep");
  return *dtype;
}

// Chance needs a seed: without one the result could not be made again.
void set_rounding(ConvertCommand& command) {
  const bool stochastic = command.rounding == "stochastic";
  if (!stochastic && command.rounding != "nearest")
    throw UsageError("--rounding: '" + command.rounding + "' is not known; nearest and stochastic are");
  if (stochastic != command.seed.has_value())
    throw UsageError(stochastic ? "--rounding stochastic needs --seed N, so that the result can be made again"
                                : "--seed acts only with --rounding stochastic");
  if (!stochastic) return;
  command.options.rounding = ConvertRounding::stochastic;
  command.options.seed = *command.seed;
}

std::string count_or_blank(std::uint64_t count) { return count ? std::to_string(count) : ""; }

std::string change_text(double amount) {
  if (amount <= 0) return "";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2g", amount);
  return buffer;
}

// Every tensor: what --explain shows.
std::string tensor_table(const ConvertReport& report) {
  std::vector<Table::Align> columns(3, Table::Align::left);
  columns.resize(10, Table::Align::right);
  Table table(columns);
  table.add({"tensor", "from → to", "shape", "changed", "largest", "in ulps", "subnormal", "overflow", "flushed",
             "unreachable"});
  for (const ConvertedTensor& t : report.tensors)
    table.add({shown_name(t.name), std::string(dtype_name(t.from)).append(" → ").append(dtype_name(t.to)),
               shape_text(t.shape), count_or_blank(t.changed), change_text(t.max_relative_change),
               change_text(t.max_ulps), count_or_blank(t.became_subnormal), count_or_blank(t.overflowed),
               count_or_blank(t.flushed), count_or_blank(t.unreachable)});
  return table.text();
}

// The first place in each tensor where more is lost than digits.
std::string place_lines(const ConvertReport& report) {
  constexpr std::size_t kShown = 10;
  std::string text;
  std::size_t count = 0;
  for (const ConvertedTensor& t : report.tensors) {
    if (!t.first_unreachable || ++count > kShown) continue;
    char values[96];
    std::snprintf(values, sizeof values, "%.9g becomes %.9g", t.first_unreachable->before, t.first_unreachable->after);
    text += shown_name(t.name) + " element " + std::to_string(t.first_unreachable->element) + ": " + values + "\n";
  }
  if (count > kShown) text += "… and in " + counted(count - kShown, "more tensor") + "\n";
  return text;
}

// Values that are gone, or "".
std::string lost_text(std::uint64_t overflowed, std::uint64_t flushed) {
  std::string text;
  if (overflowed) text += grouped(overflowed) + " overflowed to infinity";
  if (flushed) text += (text.empty() ? "" : ", ") + grouped(flushed) + " flushed to zero";
  return text;
}

// f32 values too small for bf16 become zero without permission: that is said even by -q.
void report_losses_that_nobody_allowed(const ConvertCommand& command, const ConvertReport& report) {
  if (command.options.allow_lossy) return;
  std::uint64_t flushed = 0;
  for (const ConvertedTensor& t : report.tensors) flushed += t.flushed;
  if (flushed > 0) note(lost_text(0, flushed) + " in " + command.output + "; --keep-f32 keeps the tensors it names");
}

// One line for each pair of dtypes.
std::string dtype_table(const ConvertReport& report) {
  struct Sum {
    std::uint64_t tensors = 0, elements = 0, changed = 0, overflowed = 0, flushed = 0;
    double largest = 0;
  };
  std::map<std::pair<DType, DType>, Sum> sums;
  for (const ConvertedTensor& t : report.tensors) {
    Sum& sum = sums[{t.from, t.to}];
    ++sum.tensors;
    sum.elements += t.elements;
    sum.changed += t.changed;
    sum.overflowed += t.overflowed;
    sum.flushed += t.flushed;
    sum.largest = std::max(sum.largest, t.max_relative_change);
  }
  using Align = Table::Align;
  Table table({Align::left, Align::right, Align::right, Align::right, Align::left});
  for (const auto& [pair, sum] : sums) {
    const std::uint64_t rounded = sum.changed - sum.overflowed - sum.flushed;
    std::string change = sum.changed ? "" : "every value kept";
    if (rounded) change = format_count(rounded) + " rounded, by at most " + change_text(sum.largest);
    table.add({std::string(dtype_name(pair.first)).append(" → ").append(dtype_name(pair.second)),
               counted(sum.tensors, "tensor"), format_count(sum.elements) + " elements", change,
               lost_text(sum.overflowed, sum.flushed)});
  }
  return table.text();
}

void report_result(const ConvertCommand& command, const ConvertReport& report) {
  if (command.explain) write_report(tensor_table(report) + "\n" + place_lines(report));
  if (command.quiet && !command.explain) return report_losses_that_nobody_allowed(command, report);
  std::string text = dtype_table(report) + format_bytes(report.bytes_in) + " → " + format_bytes(report.bytes_out) +
                     (command.explain ? "; nothing was written\n" : "\n");
  command.explain ? write_out(text) : write_err(text);
  for (const std::string& line : report.notes) note(line);
  if (command.explain && !report.refusal.empty() && !command.options.allow_lossy)
    note("without --explain this is refused: " + report.refusal);
  if (!command.explain)
    for (const std::string& file : report.files) write_err("wrote " + readable(file) + "\n");
}

bool is_folder(const std::string& output) {
  const std::vector<std::string_view> suffixes = checkpoint_suffixes();
  return std::none_of(suffixes.begin(), suffixes.end(), [&](std::string_view end) { return output.ends_with(end); });
}

// Checked before the work: afterwards a file of IN would be gone, or one of OUT.
void require_own_receipt(const ConvertCommand& command) {
  require_different_files("OUT", command.output, "--receipt", command.receipt);
  if (command.receipt.empty() || command.receipt == "-") return;
  if (command.output.ends_with(".npy"))
    require_different_files("the file that names OUT's dtype", command.output + ".json", "--receipt", command.receipt);
  if (is_folder(command.output)) require_outside("--receipt", command.receipt, "OUT", command.output);
  require_no_model_file("--receipt", command.receipt, model_files(Checkpoint::open(command.input), command.input));
}

// Whoever hears that the receipt failed should know that the conversion did not.
void write_receipt(const ConvertCommand& command, ReceiptTarget& target) {
  try {
    target.write(command.input, command.quiet);
  } catch (const IoError& error) {
    if (command.explain) throw;
    throw PlacedError(std::string(error.what()) + "; OUT '" + command.output + "' is written and in its place");
  }
}

int run(ConvertCommand command) {
  command.options.dtype = parse_target(command.dtype);
  set_rounding(command);
  command.options.cancel = cancel_requested();
  require_own_receipt(command);
  if (command.threads) set_threads(command.threads);
  ProgressBar bar(command.quiet);
  command.options.progress = bar.callback();
  ReceiptTarget target("convert", command.receipt);
  const auto work = command.explain ? convert_plan : convert;
  const ConvertReport report = work(command.input, command.output, command.options);
  bar.erase();
  target.finish();
  report_result(command, report);
  write_receipt(command, target);
  return kExitOk;
}

void add_dtype_options(CLI::App& command, ConvertCommand& options) {
  command.add_option("--dtype", options.dtype, "bf16, f16 or f32: of every floating tensor; keep: each keeps its own")
      ->type_name("DTYPE")
      ->required();
  command
      .add_option("--keep-f32", options.options.keep_f32,
                  "Tensors written as f32, widened if they are narrower ('*norm*'); may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  command.add_flag("--narrow-f32", options.options.narrow_f32,
                   "Narrow f32 tensors among narrower ones too; by default they stay f32");
  command.add_option("--rounding", options.rounding, "nearest (ties to even), or stochastic with --seed [nearest]")
      ->type_name("RULE");
  command.add_option("--seed", options.seed, "Seed of stochastic rounding; recorded in OUT")
      ->type_name("N")
      ->check(unsigned_number());
  command.add_flag("--allow-lossy", options.options.allow_lossy,
                   "Accept values that overflow, become zero or lie off f16's grid");
}

}  // namespace

void add_convert(CLI::App& app, Action& action) {
  auto options = std::make_shared<ConvertCommand>();
  CLI::App& command = *app.add_subcommand("convert", "Write a checkpoint in another format or dtype");
  command
      .add_option("IN", options->input, "GGUF, safetensors, PyTorch (.pt, .bin) or NumPy (.npy, .npz) file, or folder")
      ->required()
      ->check(file_name());
  command.add_option("OUT", options->output, "A file, whose suffix says the format, or a folder")
      ->required()
      ->check(file_name());
  add_dtype_options(command, *options);
  command.add_flag("--force", options->options.overwrite, "Overwrite OUT");
  command.add_flag("--explain", options->explain, "Show what would happen to every tensor; write nothing");
  command.add_option("--threads", options->threads, "Worker threads [one per core]")
      ->type_name("N")
      ->check(whole_number(1, 1024));
  add_receipt_option(command, options->receipt);
  command.add_flag("-q,--quiet", options->quiet,
                   "No progress bar and no summary; losses that nobody allowed are still said");
  command.footer(kExamples);
  command.callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace candor::cli
