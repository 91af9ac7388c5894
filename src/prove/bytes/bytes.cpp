// Tensors against the process that holds them.
#include "prove/bytes/bytes.h"

#include <algorithm>
#include <cstring>

#include "candor/error.h"
#include "candor/tensor.h"
#include "prove/bytes/dtype_sizes.h"
#include "prove/bytes/process_memory.h"

namespace candor::prove {
namespace {

constexpr int kTries = 3;  // other threads take and give back memory too; what lies does so every time

std::uint64_t ledger_of(DType dtype) {
  for (const MemoryEntry& entry : memory_ledger())
    if (entry.dtype == dtype) return entry.now;
  return 0;
}

TensorMeasured measured_tensor(DType dtype, std::uint64_t elements) {
  TensorMeasured m{.dtype = dtype, .elements = elements};
  const std::uint64_t ledger_before = ledger_of(dtype);
  give_back_freed_memory();
  const std::optional<ProcessMemory> before = process_memory();
  Tensor tensor = Tensor::empty(Shape{static_cast<std::int64_t>(elements)}, dtype);
  m.nbytes = tensor.nbytes();
  std::memset(tensor.data(), 1, m.nbytes);
  const std::optional<ProcessMemory> after = process_memory();
  m.ledger = ledger_of(dtype) - ledger_before;
  m.seen = before && after;
  if (!m.seen) return m;
  m.resident = static_cast<std::int64_t>(after->resident) - static_cast<std::int64_t>(before->resident);
  m.reserved = static_cast<std::int64_t>(after->reserved) - static_cast<std::int64_t>(before->reserved);
  return m;
}

/// A dtype that tensors can have and that this prover knows no size of.
ProofCheck unknown_size(const DTypeInfo& info) {
  ProofCheck check;
  check.section = "bytes";
  check.what = "tensor " + std::string(info.name);
  check.claimed = bytes_text(static_cast<double>(info.block_bytes) / info.block_elements) + " an element";
  check.found = "not tried";
  check.verdict = ProofVerdict::unseen;
  check.finding = "not tried: no size is known of " + std::string(info.name);
  return check;
}

bool has_known_size(DType dtype) {
  return std::ranges::any_of(stored_sizes(), [&](const StoredSize& size) { return size.dtype == dtype; });
}

}  // namespace

std::vector<ProofCheck> prove_tensor_bytes(const ProveOptions& options) {
  const std::int64_t target = options.quick ? 16 << 20 : 64 << 20;  // bytes: far above what comes and goes
  std::vector<ProofCheck> checks;
  for (const StoredSize& size : stored_sizes()) {
    if (options.cancel != nullptr && *options.cancel) throw Cancelled("prove: cancelled");
    const auto elements = static_cast<std::uint64_t>(target / size.bytes * size.elements);
    TensorMeasured measured = measured_tensor(size.dtype, elements);
    for (int i = 1; i < kTries && measured.seen && !grew_as_claimed(measured); ++i)
      measured = measured_tensor(size.dtype, elements);
    checks.push_back(judge_tensor(measured));
  }
  for (const DTypeInfo& info : all_dtypes())
    if (info.block_bytes > 0 && !has_known_size(info.dtype)) checks.push_back(unknown_size(info));
  return checks;
}

std::vector<ProofCheck> prove_bytes(const ProveOptions& options) {
  std::vector<ProofCheck> checks = prove_tensor_bytes(options);
  for (auto more : {prove_no_copies(options), prove_cast_ledger(), prove_receipts()})
    checks.insert(checks.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  return checks;
}

}  // namespace candor::prove
