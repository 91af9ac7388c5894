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
  std::string input, output, dtype, receipt;
  ConvertOptions options;
  int threads = 0;
  bool explain = false, quiet = false;
};

constexpr const char* kExamples =
    "OUT ending in .safetensors is one file; otherwise OUT becomes a Hugging Face folder.\n"
    "f32 to bf16 rounds to nearest even and needs no flag unless a value overflows. What f16 cannot hold (overflow,\n"
    "flush to zero) is counted and refused without --allow-lossy.\n"
    "\n"
    "Examples:\n"
    "  candor convert model.gguf model-bf16 --dtype bf16\n"
    "  candor convert model-f32.safetensors model-f16.safetensors --dtype f16 --explain\n"
    "  candor convert model.gguf model-bf16 --dtype bf16 --keep-f32 '*norm*' --force";

DType parse_target(const std::string& name) {
  const auto dtype = parse_dtype(name);
  if (!dtype) throw UsageError("--dtype: unknown dtype '" + name + "'; convert writes bf16, f16 or f32");
  if (*dtype != DType::bf16 && *dtype != DType::f16 && *dtype != DType::f32)
    throw UsageError("--dtype: convert does not write " + name + "; it writes bf16, f16 or f32");
  return *dtype;
}

std::string count_or_blank(std::uint64_t count) { return count ? std::to_string(count) : ""; }

std::string change_text(double relative) {
  if (relative <= 0) return "";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2g", relative);
  return buffer;
}

// Every tensor: what --explain shows.
std::string tensor_table(const ConvertReport& report) {
  using Align = Table::Align;
  Table table({Align::left, Align::left, Align::left, Align::right, Align::right, Align::right, Align::right});
  table.add({"tensor", "from → to", "shape", "changed", "largest", "overflow", "flushed"});
  for (const ConvertedTensor& t : report.tensors)
    table.add({t.name, std::string(dtype_name(t.from)).append(" → ").append(dtype_name(t.to)), shape_text(t.shape),
               count_or_blank(t.changed), change_text(t.max_relative_change), count_or_blank(t.overflowed),
               count_or_blank(t.flushed)});
  return table.text();
}

// Values that are gone, or "".
std::string lost_text(std::uint64_t overflowed, std::uint64_t flushed) {
  std::string text;
  if (overflowed) text += std::to_string(overflowed) + " overflowed to infinity";
  if (flushed) text += (text.empty() ? "" : ", ") + std::to_string(flushed) + " flushed to zero";
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
  if (command.explain) write_out(tensor_table(report) + "\n");
  if (command.quiet && !command.explain) return report_losses_that_nobody_allowed(command, report);
  std::string text = dtype_table(report) + format_bytes(report.bytes_in) + " → " + format_bytes(report.bytes_out) +
                     (command.explain ? "; nothing was written\n" : "\n");
  command.explain ? write_out(text) : write_err(text);
  for (const std::string& line : report.notes) note(line);
  if (!command.explain)
    for (const std::string& file : report.files) write_err("wrote " + readable(file) + "\n");
}

// Checked before the work: afterwards a file of IN would be gone.
void require_own_receipt(const ConvertCommand& command) {
  require_different_files("OUT", command.output, "--receipt", command.receipt);
  if (command.receipt.empty() || command.receipt == "-") return;
  require_no_model_file("--receipt", command.receipt, model_files(Checkpoint::open(command.input), command.input));
}

int run(ConvertCommand command) {
  command.options.dtype = parse_target(command.dtype);
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
  target.write(command.input, command.quiet);
  return kExitOk;
}

}  // namespace

void add_convert(CLI::App& app, Action& action) {
  auto options = std::make_shared<ConvertCommand>();
  CLI::App& command = *app.add_subcommand("convert", "Write a checkpoint in another dtype as safetensors");
  command
      .add_option("IN", options->input, "GGUF, safetensors, PyTorch (.pt, .bin) or NumPy (.npy, .npz) file, or folder")
      ->required();
  command.add_option("OUT", options->output, "A .safetensors file, or a folder")->required();
  command.add_option("--dtype", options->dtype, "bf16, f16 or f32: of every floating tensor")
      ->type_name("DTYPE")
      ->required();
  command
      .add_option("--keep-f32", options->options.keep_f32,
                  "Tensors written as f32, widened if they are narrower ('*norm*'); may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  command.add_flag("--allow-lossy", options->options.allow_lossy, "Accept values that overflow or become zero");
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
