#include "prove/bytes/dtype_sizes.h"

#include <algorithm>
#include <cstdio>

#include "candor/error.h"

namespace candor::prove {
namespace {

using enum DType;

/// Scalars by their number of bits; blocks as ggml's block structs and the OCP microscaling formats have them.
constexpr StoredSize kSizes[] = {
    {f64, 1, 8},
    {f32, 1, 4},
    {f16, 1, 2},
    {bf16, 1, 2},
    {f8_e4m3, 1, 1},
    {f8_e5m2, 1, 1},
    {i64, 1, 8},
    {i32, 1, 4},
    {i8, 1, 1},
    {u8, 1, 1},
    {bool_, 1, 1},
    {i16, 1, 2},
    {u16, 1, 2},
    {u32, 1, 4},
    {u64, 1, 8},
    {c64, 1, 8},
    {f8_e8m0, 1, 1},
    {f8_e4m3fnuz, 1, 1},
    {f8_e5m2fnuz, 1, 1},
    {f4_e2m1, 2, 1},
    {f6_e2m3, 4, 3},
    {f6_e3m2, 4, 3},
    {q4_0, 32, 2 + 16},
    {q4_1, 32, 4 + 16},
    {q5_0, 32, 2 + 4 + 16},  // scale (and minimum), fifth bits, nibbles
    {q5_1, 32, 4 + 4 + 16},
    {q8_0, 32, 2 + 32},
    {q8_1, 32, 4 + 32},
    {q2_k, 256, 16 + 64 + 4},
    {q3_k, 256, 32 + 64 + 12 + 2},
    {q4_k, 256, 4 + 12 + 128},
    {q5_k, 256, 4 + 12 + 32 + 128},
    {q6_k, 256, 128 + 64 + 16 + 2},
    {q8_k, 256, 4 + 256 + 32},
    {iq2_xxs, 256, 2 + 64},
    {iq2_xs, 256, 2 + 64 + 8},
    {iq2_s, 256, 2 + 64 + 8 + 8},
    {iq3_xxs, 256, 2 + 96},
    {iq3_s, 256, 2 + 64 + 8 + 32 + 4},
    {iq1_s, 256, 2 + 32 + 16},
    {iq1_m, 256, 32 + 16 + 8},
    {iq4_nl, 32, 2 + 16},
    {iq4_xs, 256, 2 + 2 + 4 + 128},
    {tq1_0, 256, 48 + 4 + 2},
    {tq2_0, 256, 64 + 2},
    {mxfp4, 32, 1 + 16},
    {nvfp4, 64, 4 + 32},
    {q1_0, 128, 2 + 16},
    {q2_0, 64, 2 + 16},
};

}  // namespace

std::span<const StoredSize> stored_sizes() { return kSizes; }

const StoredSize& stored_size(DType dtype) {
  const auto at =
      std::find_if(std::begin(kSizes), std::end(kSizes), [&](const StoredSize& s) { return s.dtype == dtype; });
  if (at == std::end(kSizes))
    throw DTypeError("prove: no size is known of " + std::string(dtype_name(dtype)) + "; add it to dtype_sizes.cpp");
  return *at;
}

std::uint64_t bytes_of_elements(DType dtype, std::uint64_t elements) {
  const StoredSize& size = stored_size(dtype);
  return elements / static_cast<std::uint64_t>(size.elements) * static_cast<std::uint64_t>(size.bytes);
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string bytes_text(double bytes) {
  char text[40];
  std::snprintf(text, sizeof text, "%.5g byte%s", bytes, bytes == 1 ? "" : "s");
  return text;
}

}  // namespace candor::prove
