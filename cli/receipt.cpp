#include "cli/receipt.h"

#include <sys/resource.h>

#include <set>

#include "candor/io.h"
#include "cli/file_hash.h"
#include "cli/format.h"
#include "cli/progress.h"

namespace candor::cli {
namespace {

constexpr double kProbeSeconds = 0.1;  // for each ceiling

std::uint64_t resident_peak() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts KiB
}

std::string join(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

double per_second(std::int64_t amount, double seconds) {
  return amount > 0 && seconds > 0 ? static_cast<double>(amount) / seconds : 0;
}

}  // namespace

double Speed::prefill_rate() const { return per_second(prompt_tokens - reused_tokens, prefill_seconds); }
double Speed::decode_rate() const { return per_second(decode_steps, decode_seconds); }

void Speed::add(const GenerateResult& result) {
  prompt_tokens += result.prompt_tokens;
  reused_tokens += result.reused_tokens;
  decode_steps += result.decode_steps;
  prefill_seconds += result.prefill_seconds;
  decode_seconds += result.decode_seconds;
}

std::string denormal_rule(const std::vector<KernelEntry>& kernels) {
  std::set<std::string> ops;
  for (const KernelEntry& k : kernels)
    if (k.instruction_class.ends_with("-ftz")) ops.insert(k.op);  // the names of the classes say it
  if (ops.empty()) return "kept by every kernel that ran";
  return "values below 2^-126 are zero in " + join(ops) + "; kept elsewhere";
}

double Receipt::achieved_bytes_per_second() const {
  if (!speed || !model) return 0;
  return speed->decode_rate() * static_cast<double>(model->weight_bytes_per_token);
}

ReceiptRecorder::ReceiptRecorder(std::string command) {
  receipt_.command = std::move(command);
  receipt_.created = utc_now();
}

void ReceiptRecorder::add_speed(const GenerateResult& result) {
  if (!receipt_.speed) receipt_.speed.emplace();
  receipt_.speed->add(result);
}

Receipt ReceiptRecorder::finish() {
  recorder_.stop();
  receipt_.machine = machine_info();
  receipt_.threads = threads();
  receipt_.memory = memory_ledger();
  receipt_.workspace = workspace_ledger();
  receipt_.resident_peak_bytes = resident_peak();
  receipt_.kernels = recorder_.kernels();
  receipt_.casts = recorder_.casts();
  receipt_.seconds = recorder_.seconds();
  return std::move(receipt_);
}

void complete_receipt(Receipt& receipt, const std::string& path, bool quiet, std::optional<Ceilings> measured) {
  ProgressBar bar(quiet);
  const std::vector<std::string> files = path.empty() ? std::vector<std::string>() : Checkpoint::open(path).files();
  for (const std::string& file : files) {
    FileHash hash = hash_file(file, bar.callback());
    receipt.files.push_back({file, hash.bytes, std::move(hash.sha256)});
  }
  receipt.ceilings = measured ? measured : measure_ceilings(kProbeSeconds);
}

}  // namespace candor::cli
