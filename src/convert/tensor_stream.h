// One tensor in pieces of at most 4 MiB: source bytes in, output bytes out. Memory does not grow with the tensor.
#pragma once

#include <functional>

#include "candor/tensor.h"
#include "convert/plan.h"

namespace candor::convert_internal {

inline constexpr std::int64_t kPieceElements = 1 << 20;  // 4 MiB of f32; whole blocks of every format

/// `before`: [n] in the source's dtype, rows already in the output's order. `after`: the same values in the output's.
using PieceFunction = std::function<void(const Tensor& before, const Tensor& after)>;

/// Calls `on_piece` for consecutive pieces; the source's pages are released behind it. Casts are ops, so that the
/// ledger sees each. errors: what ops::cast throws, Cancelled
void stream_tensor(const Checkpoint& checkpoint, const TensorPlan& plan, const std::atomic<bool>* cancel,
                   const PieceFunction& on_piece);

/// Like stream_tensor() for tensors that are copied as they are: `after` is the source's bytes.
void stream_bytes(const Checkpoint& checkpoint, const TensorPlan& plan, const std::atomic<bool>* cancel,
                  const std::function<void(const std::byte* bytes, std::uint64_t count)>& on_piece);

/// errors   Cancelled when `cancel` is there and true
void throw_if_cancelled(const std::atomic<bool>* cancel);

/// Row of the source that becomes row `row` of the output. GGUF's Llama converter writes the two halves of each head
/// interleaved, [H, D/2, 2]; RowOrder::halves brings them apart again, [H, 2, D/2].
std::int64_t source_row(RowOrder order, std::int64_t row, std::int64_t head_dim);

}  // namespace candor::convert_internal
