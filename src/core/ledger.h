// What the library stores, casts and runs: the numbers behind receipts. Knows no op and no backend; callers describe
// themselves with plain words.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "candor/dtype.h"
#include "candor/precision.h"
#include "candor/receipt.h"

namespace candor::ledger {

// Storage reports every block it takes and gives back, in exact bytes.
void add_owned(DType dtype, std::uint64_t bytes);
void remove_owned(DType dtype, std::uint64_t bytes);
void add_mapped(DType dtype, std::uint64_t bytes);
void remove_mapped(DType dtype, std::uint64_t bytes);

// Backends report the scratch memory of their kernels, in exact bytes; it has no dtype.
void workspace_allocated(std::uint64_t bytes);
void workspace_freed(std::uint64_t bytes);

/// What storage and workspace have taken since the program started: never falls, so that a test can tell that nothing
/// was allocated between two moments.
struct Allocations {
  std::uint64_t blocks = 0, bytes = 0;
  friend bool operator==(const Allocations&, const Allocations&) = default;
};
Allocations allocations();

/// Bytes of one dtype.
struct BytesOf {
  DType dtype = DType::any;
  std::uint64_t bytes = 0;
};

/// One call of one kernel.
struct KernelCall {
  std::string_view op, kernel, isa, instruction_class;
  Precision precision;
  std::uint64_t flops = 0;
  std::span<const BytesOf> read, written;
  double seconds = 0;
};

/// True while a Recorder records: one relaxed load, so that callers can skip the clock.
bool recording();
void record(const KernelCall& call);

/// Counted always, recorder or not. `reason` as in CastEntry: "op: cast", "load: dequantise".
void record_cast(DType from, DType to, std::string_view reason, std::uint64_t elements);

/// While one lives, casts of this thread are counted under its reason instead of the one given. They nest; the inner
/// one counts.
class CastReason {
 public:
  explicit CastReason(std::string_view reason);  // must outlive this
  ~CastReason();
  CastReason(const CastReason&) = delete;
  CastReason& operator=(const CastReason&) = delete;

 private:
  std::string_view outer_;
};

/// Casts since the program started.
std::vector<CastEntry> casts();

}  // namespace candor::ledger
