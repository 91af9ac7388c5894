// Ledger and receipts: what was stored, multiplied, summed and cast, and by which kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "candor/dtype.h"
#include "candor/precision.h"

namespace candor {

// Two spans of time: memory is counted, and its peaks kept, from the start of the program; kernels and casts from the
// construction of the Recorder that reports them to its stop().

/// Bytes of live tensor storage of one dtype.
struct MemoryEntry {
  DType dtype;
  std::uint64_t now = 0, peak = 0;  // owned (allocated); peak since the program started
  std::uint64_t mapped_now = 0;     // file-backed
};

/// Bytes of the kernels' scratch memory, which holds no tensor and has no dtype.
struct WorkspaceEntry {
  std::uint64_t now = 0, peak = 0;  // peak since the program started
};

/// Casts of one kind while the Recorder recorded.
struct CastEntry {
  DType from, to;
  std::string reason;  // "load: dequantise", "op: cast", …
  std::uint64_t calls = 0, elements = 0;
};

/// Calls of one (op, kernel row, precision).
struct KernelEntry {
  std::string op, kernel, isa, instruction_class;
  Precision precision;
  std::uint64_t calls = 0, flops = 0;
  std::uint64_t bytes_read[static_cast<int>(DType::count_)] = {};
  std::uint64_t bytes_written[static_cast<int>(DType::count_)] = {};
  double seconds = 0;
};

std::vector<MemoryEntry> memory_ledger();  // dtypes with anything ever allocated or mapped
WorkspaceEntry workspace_ledger();

/// Records every op between its construction and stop(). Costs nothing when none exists. One at a time (Error).
class Recorder {
 public:
  Recorder();
  ~Recorder();
  void stop();
  std::vector<KernelEntry> kernels() const;
  std::vector<CastEntry> casts() const;
  double seconds() const;  // wall time while recording

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor
