// All 2^32 f32 bit patterns to bf16, f16, f8_e4m3 and f8_e5m2. The reference walks the inputs in rising order along the
// sorted midpoints of the target format: comparisons of exact doubles only.
#include <gtest/gtest.h>

#include "core/formats.h"
#include "tests/core/rounding_reference.h"

namespace candor {
namespace {

template <class Encode> void check_all(const test::SmallFormat& format, Encode encode) {
  const std::vector<double> points = test::midpoints(format);
  std::uint32_t code = 0;
  for (std::uint32_t bits = 0; bits < 0x7f800000u; ++bits) {
    const float x = f32_from_bits(bits);
    const double exact = static_cast<double>(x);
    while (code < points.size() && (exact > points[code] || (exact == points[code] && code % 2 == 1))) ++code;
    if (encode(x) != code || encode(-x) != (code | format.sign_bit()))
      FAIL() << std::hex << bits << " gives " << +encode(x) << " and " << +encode(-x) << ", expected " << code;
  }
  const std::uint32_t overflow = format.end_of_finite();
  ASSERT_EQ(encode(f32_from_bits(0x7f800000u)), overflow);
  ASSERT_EQ(encode(f32_from_bits(0xff800000u)), overflow | format.sign_bit());
  // NaN: quiet, sign and the payload's upper bits kept (f8_e4m3 has a single NaN).
  const int dropped = 23 - format.mantissa_bits;
  for (std::uint32_t bits = 0x7f800001u; bits < 0x80000000u; ++bits) {
    const std::uint32_t quiet = bits | 0x400000u;
    const std::uint32_t payload = (quiet & 0x7fffffu) >> dropped;
    const std::uint32_t expected = format.has_infinity ? format.infinity_code() | payload : overflow;
    if (encode(f32_from_bits(bits)) != expected ||
        encode(f32_from_bits(bits | 0x80000000u)) != (expected | format.sign_bit()))
      FAIL() << std::hex << bits << " gives " << +encode(f32_from_bits(bits)) << ", expected " << expected;
  }
}

TEST(EveryF32, ToBf16) { check_all(test::kBf16, f32_to_bf16_bits); }
TEST(EveryF32, ToF16) { check_all(test::kF16, f32_to_f16_bits); }
TEST(EveryF32, ToF8E4m3) { check_all(test::kE4m3, f32_to_f8_e4m3_bits); }
TEST(EveryF32, ToF8E5m2) { check_all(test::kE5m2, f32_to_f8_e5m2_bits); }

}  // namespace
}  // namespace candor
