// One level's functions for tests/core/simd_probe.h.
#include "../simd_probe.h"

#include "backend/cpu/simd/simd.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

// Runs body(i) for every group of 16 lanes, in the mode asked for.
template <class Body>
CANDOR_INLINE void each_group(std::int64_t count, bool flush, Body&& body) {
  const unsigned saved = _mm_getcsr();
  if (flush) _mm_setcsr(saved | 0x8040u);
  for (std::int64_t i = 0; i < count; i += kLanes) body(i);
  _mm_setcsr(saved);
}

void store_bf16_all(const float* x, std::uint16_t* y, std::int64_t count, bool flush) {
  each_group(
      count, flush, [&](std::int64_t i) __attribute__((always_inline)) { store_bf16(y + i, load(x + i)); });
}
void store_f16_all(const float* x, std::uint16_t* y, std::int64_t count, bool flush) {
  each_group(
      count, flush, [&](std::int64_t i) __attribute__((always_inline)) { store_f16(y + i, load(x + i)); });
}
void load_bf16_all(const std::uint16_t* x, float* y, std::int64_t count, bool flush) {
  each_group(
      count, flush, [&](std::int64_t i) __attribute__((always_inline)) { store(y + i, load_bf16(x + i)); });
}
void load_f16_all(const std::uint16_t* x, float* y, std::int64_t count, bool flush) {
  each_group(
      count, flush, [&](std::int64_t i) __attribute__((always_inline)) { store(y + i, load_f16(x + i)); });
}
void load_pairs_all(const std::uint32_t* x, float* even, float* odd, std::int64_t count, bool flush) {
  each_group(
      count, flush, [&](std::int64_t i) __attribute__((always_inline)) {
        F32x16 e, o;
        load_bf16_pairs(x + i, e, o);
        store(even + i, e);
        store(odd + i, o);
      });
}
void load_i8_all(const std::int8_t* x, float* y, std::int64_t count) {
  each_group(
      count, false, [&](std::int64_t i) __attribute__((always_inline)) { store(y + i, load_i8(x + i)); });
}
void load_nibbles_all(const std::uint8_t* x, float* low, float* high, std::int64_t count) {
  each_group(
      count, false, [&](std::int64_t i) __attribute__((always_inline)) {
        F32x16 l, h;
        load_nibbles(x + i, l, h);
        store(low + i, l);
        store(high + i, h);
      });
}
void round_even_all(const float* x, float* y, std::int64_t count) {
  each_group(
      count, false, [&](std::int64_t i) __attribute__((always_inline)) { store(y + i, round_even(load(x + i))); });
}
void fma_all(const float* a, const float* b, const float* c, float* y, std::int64_t count, bool flush) {
  each_group(
      count, flush, [&](std::int64_t i) __attribute__((always_inline)) {
        store(y + i, fma(load(a + i), load(b + i), load(c + i)));
      });
}

#if CANDOR_ISA_LEVEL >= 3
void dot_pairs_all(const std::uint32_t* pairs, const std::uint32_t* broadcast, float* y, std::int64_t count) {
  each_group(
      count, false, [&](std::int64_t i) __attribute__((always_inline)) {
        store(y + i, dot_bf16_pairs(load(y + i), pairs + i, broadcast[i / kLanes]));
      });
}
#else
constexpr decltype(test::SimdProbe::dot_pairs) dot_pairs_all = nullptr;
#endif

}  // namespace

extern const test::SimdProbe kSimdProbe;
const test::SimdProbe kSimdProbe = {store_bf16_all, store_f16_all,    load_bf16_all,  load_f16_all, load_pairs_all,
                                    load_i8_all,    load_nibbles_all, round_even_all, fma_all,      dot_pairs_all};

}  // namespace candor::cpu::CANDOR_ISA
