// From what was measured of bytes to findings. Nothing is measured here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "candor/prove.h"
#include "candor/receipt.h"

namespace candor::prove {

/// A tensor with every byte of its nbytes written.
struct TensorMeasured {
  DType dtype = DType::any;
  std::uint64_t elements = 0;
  std::uint64_t nbytes = 0;                 // what the tensor says
  std::uint64_t ledger = 0;                 // by how much the ledger grew under its dtype
  bool seen = true;                         // the system said what the process has
  std::int64_t resident = 0, reserved = 0;  // by how much the process grew
};
ProofCheck judge_tensor(const TensorMeasured& measured);
/// True when the process grew by what the elements take. The bound is a fifth: a sanitizer's shadow memory takes an
/// eighth, pages of a few hundred KiB come and go, and what stores elements in a wider format takes a third more at
/// least (three quarters of a byte as one).
bool grew_as_claimed(const TensorMeasured& measured);

/// A call with an operand so large that a copy of it cannot be missed.
struct CopyMeasured {
  std::string what;           // "matmul bf16[2, 4096] by bf16[4096, 4096]"
  std::uint64_t operand = 0;  // bytes of the large operand
  std::uint64_t result = 0;
  std::uint64_t workspace = 0;  // that kernels hold after it; there was none before
  bool seen = true;
  std::uint64_t peak = 0;  // how much more was resident at some time of the call than before it
  std::string how;
};
ProofCheck judge_copies(const CopyMeasured& measured);

struct CastCounted {
  DType from, to;
  std::uint64_t elements;
};
/// Calls whose casts are known, and the casts that the Recorder saw of them.
struct CastsMeasured {
  std::string what;  // "matmul f8_e4m3·f8_e4m3→bf16 with allow_upcast"
  std::vector<CastCounted> made;
  std::vector<CastEntry> recorded;
};
ProofCheck judge_casts(const CastsMeasured& measured);

using BytesByDType = std::map<DType, std::uint64_t>;
/// One call of an op, and what the Recorder says of it.
struct ReceiptMeasured {
  std::string op, what;
  BytesByDType read, written;  // counted from the shapes
  std::vector<KernelEntry> recorded;
};
ProofCheck judge_receipt(const ReceiptMeasured& measured);

}  // namespace candor::prove
