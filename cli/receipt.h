// Receipts: what a command stored, multiplied, summed and cast, and with which kernels. docs/receipt.md explains them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "candor/generate.h"
#include "candor/machine.h"
#include "candor/receipt.h"
#include "cli/terminal.h"

namespace candor::cli {

inline constexpr std::string_view kReceiptSchema = "candor-receipt-1";

/// Tokens and seconds of everything a command generated. decode_steps: forward passes of one token.
struct Speed {
  std::int64_t prompt_tokens = 0, reused_tokens = 0, decode_steps = 0;
  double prefill_seconds = 0, decode_seconds = 0;

  double prefill_rate() const;  // tokens per second; 0: nothing was measured
  double decode_rate() const;
  void add(const GenerateResult& result);
};

struct ModelFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct Receipt {
  std::string command, created;  // created: UTC, ISO 8601
  MachineInfo machine;
  int threads = 0;
  std::optional<ModelInfo> model;
  ExecPolicy policy;  // what the command was allowed beyond the exact request
  std::vector<ModelFile> files;
  std::vector<MemoryEntry> memory;
  WorkspaceEntry workspace;
  std::uint64_t kv_bytes = 0, resident_peak_bytes = 0;
  std::vector<KernelEntry> kernels;
  std::vector<CastEntry> casts;
  std::optional<Speed> speed;
  std::optional<Ceilings> ceilings;
  double seconds = 0;

  /// Bytes of weights that decode steps read per second; 0: nothing was decoded.
  double achieved_bytes_per_second() const;
};

/// Records from its construction to finish(). The ledger is read by finish(), so call it while the model is alive.
class ReceiptRecorder {
 public:
  explicit ReceiptRecorder(std::string command);
  void set_model(const LanguageModel& model, const ExecPolicy& policy) {
    receipt_.model = model.info();
    receipt_.policy = policy;
  }
  void set_kv_bytes(std::uint64_t bytes) { receipt_.kv_bytes = bytes; }
  void add_speed(const GenerateResult& result);
  std::vector<KernelEntry> kernels() const { return recorder_.kernels(); }  // so far
  Receipt finish();

 private:
  Receipt receipt_;
  Recorder recorder_;
};

/// Adds what is only known afterwards: hashes of the files behind `path` ("": none), and the machine's ceilings. Call
/// it when the model is gone, so that the probe's buffer does not add to the peak; `measured` saves measuring again.
void complete_receipt(Receipt& receipt, const std::string& path, bool quiet, std::optional<Ceilings> measured = {});

/// Which of the kernels that ran take and give denormals as zero:
/// "values below 2^-126 are zero in attention, matmul; kept elsewhere".
std::string denormal_rule(const std::vector<KernelEntry>& kernels);

nlohmann::ordered_json receipt_json(const Receipt& receipt);
/// One screen for people.
std::string receipt_summary(const Receipt& receipt, const Style& style);

}  // namespace candor::cli
