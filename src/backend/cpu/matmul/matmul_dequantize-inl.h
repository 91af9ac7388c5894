// Block weights: they stay row-major blocks in memory; each chunk of a tile is dequantized in scratch and multiplied as
// f32.
#pragma once

#include "backend/cpu/matmul/operands-inl.h"
#include "backend/cpu/quant/dequantize_super_tile-inl.h"
#include "backend/cpu/quant/dequantize_tile-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

static_assert(kChunkWords % kHalf == 0, "a chunk holds whole halves of super-blocks");

/// x in A × blocks that `Gather` dequantizes, multiplied and summed as f32.
template <class A, void (*Gather)(const ConstView&, std::int64_t, std::int64_t, std::int64_t, void*)>
inline constexpr LinearKernels kDequantizeKernels = {
    .load_x = load_x<A>,
    .k_per_word = 1,
    .packed = nullptr,
    .packed_pair_bytes = 0,
    .widen_packed = nullptr,
    .gather = Gather,
    .widened = nullptr,
    .gathered = accumulate_f32,
};

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
