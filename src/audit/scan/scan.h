// One pass over a checkpoint's tensors with all cores.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>

#include "audit/fingerprint.h"
#include "candor/generate.h"
#include "candor/io.h"

namespace candor::audit_internal {

struct ScanOptions {
  int threads = 0;  // 0: one per core
  const std::atomic<bool>* cancel = nullptr;
  ProgressCallback progress;  // called on the caller's thread
};

/// Called once for each tensor in the order of `entries`, by one thread at a time; the others go on scanning.
using FingerprintSink = std::function<void(Fingerprint)>;

/// Reads the tensors behind `entries`, which point into `checkpoint`, once. What a sink is given does not depend on the
/// number of threads. Memory does not grow with the file: finished fingerprints wait for their turn, at most a few
/// dozen; pages that were read are given back.
///   errors   Cancelled, FormatError (damaged compressed data), what `sink` throws; no call of the sink follows one
void scan_checkpoint(const Checkpoint& checkpoint, std::span<const TensorEntry* const> entries,
                     const ScanOptions& options, const FingerprintSink& sink);

}  // namespace candor::audit_internal
