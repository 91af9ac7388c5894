// What a pair of scalar storage dtypes contributes to the driver: panels of x, and tiles from packed or row-major
// weights.
#pragma once

#include "backend/cpu/matmul/linear.h"
#include "backend/cpu/matmul/operands-inl.h"
#include "backend/cpu/matmul/tile_rows-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// `count` k of a packed tile of T to an f32 tile; an odd count gets one row of zeros more.
template <class T>
void widen_packed_tile(const std::byte* tile, std::int64_t count, float* out) {
  for (std::int64_t k = 0; k < count; ++k) store(out + k * kLanes, load(reinterpret_cast<const T*>(tile) + k * kLanes));
  if (count % 2 != 0) store(out + count * kLanes, zero());
}

template <>
void widen_packed_tile<Bf16>(const std::byte* tile, std::int64_t count, float* out) {
  for (std::int64_t k = 0; k < count; k += 2, tile += 64, out += 2 * kLanes) {
    F32x16 even, odd;
    load_bf16_pairs(reinterpret_cast<const std::uint32_t*>(tile), even, odd);
    store(out, even);
    store(out + kLanes, odd);
  }
}

CANDOR_INLINE void widen_dwords(const float*, const std::uint32_t* dwords, float* out) {
  store(out, load(reinterpret_cast<const float*>(dwords)));
}
CANDOR_INLINE void widen_dwords(const Bf16*, const std::uint32_t* dwords, float* out) {
  F32x16 even, odd;
  load_bf16_pairs(dwords, even, odd);
  store(out, even);
  store(out + kLanes, odd);
}
CANDOR_INLINE void widen_dwords(const F16*, const std::uint32_t* dwords, float* out) {
  std::uint16_t even[kTileRows], odd[kTileRows];
  split_pairs(dwords, even, odd);
  store(out, load_f16(even));
  store(out + kLanes, load_f16(odd));
}

/// Row-major weights to an f32 tile of whole pairs.
template <class T>
void gather_tile(const ConstView& weight, std::int64_t tile, std::int64_t k0, std::int64_t count, void* out) {
  constexpr std::int64_t kPerDword = 4 / sizeof(T);
  const TileRows rows = tile_rows(weight, tile, weight.stride[0] * static_cast<std::int64_t>(sizeof(T)));
  auto* tiles = static_cast<float*>(out);
  for_each_block<T>(rows, k0, count, [&](std::int64_t k, const DwordBlock& block) {
    for (std::int64_t d = 0; d < 4 && k + d * kPerDword < (count + 1) / 2 * 2; ++d)
      widen_dwords(static_cast<const T*>(nullptr), block.v[d], tiles + (k + d * kPerDword) * kLanes);
  });
  if (count % 2 != 0) store(tiles + count * kLanes, zero());
}

CANDOR_INLINE constexpr std::int64_t pair_bytes(const float*) { return 128; }
CANDOR_INLINE constexpr std::int64_t pair_bytes(const Bf16*) { return 64; }
CANDOR_INLINE constexpr std::int64_t pair_bytes(const F16*) { return 64; }

#if CANDOR_ISA_LEVEL < 3
constexpr Accumulate accumulate_of(const float*) { return accumulate_f32; }
constexpr Accumulate accumulate_of(const Bf16*) { return accumulate_bf16; }
constexpr Accumulate accumulate_of(const F16*) { return accumulate_f16; }
constexpr bool is_f32(const float*) { return true; }
constexpr bool is_f32(const void*) { return false; }

/// x in A × weights in B, multiplied and summed as f32.
template <class A, class B>
inline constexpr LinearKernels kPackedKernels = {
    .load_x = load_x<A>,
    .k_per_word = 1,
    .packed = accumulate_of(static_cast<const B*>(nullptr)),
    .packed_pair_bytes = pair_bytes(static_cast<const B*>(nullptr)),
    .widen_packed = is_f32(static_cast<const B*>(nullptr)) ? nullptr : widen_packed_tile<B>,
    .gather = gather_tile<B>,
    .widened = accumulate_f32,
    .gathered = accumulate_f32,
};
#endif

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
