// Writes a fingerprint file while tensors are scanned: one line each, nothing is kept.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "audit/fingerprint/fingerprint_text.h"
#include "candor/io.h"

namespace candor::audit_internal {

/// The file appears whole or not at all. For each of `checkpoints`: begin, add for each tensor, end.
class FingerprintWriter {
 public:
  /// errors   IoError (cannot create; an existing file is replaced)
  FingerprintWriter(const std::string& path, std::uint64_t checkpoints);

  void begin(const CheckpointBegin& checkpoint);  // errors: IoError, ValueError, as below
  void add(const Fingerprint& tensor, const LabelFacts& label);
  void end(const CheckpointEnd& checkpoint);
  void finish(const std::atomic<bool>* cancel = nullptr);  // errors: IoError, Cancelled

 private:
  void write(const std::string& line) { file_.write(line.data(), line.size()); }

  FileWriter file_;
  std::uint64_t tensors_ = 0;  // of the checkpoint at hand
};

}  // namespace candor::audit_internal
