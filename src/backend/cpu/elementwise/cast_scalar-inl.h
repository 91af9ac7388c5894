// Casts from or to f64, f8_e4m3 and f8_e5m2, element by element through core/formats.h.
#pragma once

#include "backend/cpu/elementwise/walk-inl.h"
#include "core/formats.h"
#include "kernels/elementwise.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

struct F8E4M3 { std::uint8_t bits; };
struct F8E5M2 { std::uint8_t bits; };

CANDOR_INLINE float widen(float x) { return x; }
CANDOR_INLINE float widen(Bf16 x) { return bf16_bits_to_f32(x.bits); }
CANDOR_INLINE float widen(F16 x) { return f16_bits_to_f32(x.bits); }
CANDOR_INLINE float widen(F8E4M3 x) { return f8_e4m3_bits_to_f32(x.bits); }
CANDOR_INLINE float widen(F8E5M2 x) { return f8_e5m2_bits_to_f32(x.bits); }

CANDOR_INLINE void round_to(float x, float& y) { y = x; }
CANDOR_INLINE void round_to(float x, double& y) { y = static_cast<double>(x); }
CANDOR_INLINE void round_to(float x, Bf16& y) { y.bits = f32_to_bf16_bits(x); }
CANDOR_INLINE void round_to(float x, F16& y) { y.bits = f32_to_f16_bits(x); }
CANDOR_INLINE void round_to(float x, F8E4M3& y) { y.bits = f32_to_f8_e4m3_bits(x); }
CANDOR_INLINE void round_to(float x, F8E5M2& y) { y.bits = f32_to_f8_e5m2_bits(x); }
CANDOR_INLINE void round_to(double x, float& y) { y = static_cast<float>(x); }
CANDOR_INLINE void round_to(double x, Bf16& y) { y.bits = f64_to_bf16_bits(x); }  // one rounding, not through f32
CANDOR_INLINE void round_to(double x, F16& y) { y.bits = f64_to_f16_bits(x); }
CANDOR_INLINE void round_to(double x, F8E4M3& y) { y.bits = f64_to_f8_e4m3_bits(x); }
CANDOR_INLINE void round_to(double x, F8E5M2& y) { y.bits = f64_to_f8_e5m2_bits(x); }

template <class To> CANDOR_INLINE void cast_one(double x, To& y) { round_to(x, y); }
template <class From, class To> CANDOR_INLINE void cast_one(From x, To& y) { round_to(widen(x), y); }

/// convert(x, y) for every element; x and y are copies, since elements stand at any address.
template <class From, class To, class Convert>
CANDOR_INLINE void cast_each(const Cast& args, Stream& stream, const Convert& convert) {
  const auto walk = make_walk<2>({&args.x, &args.y});
  const std::int64_t sx = walk.inner_stride(0), sy = walk.inner_stride(1);
  for_each_segment(stream, walk, args.y.elements(), [&](const std::int64_t* offset, std::int64_t n) {
    const From* x = args.x.as<From>() + offset[0];
    To* y = args.y.template as<To>() + offset[1];
    const auto one = [&convert](const From* from, To* to) {
      To value;
      convert(load_one(from), value);
      store_one(to, value);
    };
    if (sx == 1 && sy == 1) {
      for (std::int64_t i = 0; i < n; ++i) one(x + i, y + i);
    } else {
      for (std::int64_t i = 0; i < n; ++i) one(x + i * sx, y + i * sy);
    }
  });
}

template <class From, class To> CANDOR_INLINE void cast_scalar(const Cast& args, Stream& stream) {
  cast_each<From, To>(args, stream, [](From x, To& y) { cast_one(x, y); });
}

/// From an 8-bit format: a table of its 256 codes.
template <class From, class To> CANDOR_INLINE void cast_codes(const Cast& args, Stream& stream) {
  alignas(64) To table[256];
  for (int code = 0; code < 256; ++code) cast_one(From{static_cast<std::uint8_t>(code)}, table[code]);
  cast_each<From, To>(args, stream, [&table](From x, To& y) { y = table[x.bits]; });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
