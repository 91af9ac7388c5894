#include "audit/canary/tensors.h"

#include <iterator>

namespace candor::audit_internal {
namespace {

// Each of these 30 codes is changed by some conversion and kept by others; docs/canary.md says which.
constexpr std::uint32_t kCodes[] = {0x0001, 0x007f, 0x8001, 0x0080, 0x0da2, 0x2edc, 0x3300, 0x3301, 0x3380, 0x3381,
                                    0x36ff, 0x3700, 0x3701, 0xb68f, 0x387f, 0x3880, 0x3f81, 0x3f7f, 0xbf81, 0x477f,
                                    0x4780, 0x7f62, 0x7f7f, 0xff7f, 0x8000, 0x7f80, 0xff80, 0x7fc0, 0xffc0, 0x7f81};

// f32 values between bf16 (and f16, and TF32) codes. The first five are the classic probes of a conversion to bf16.
constexpr std::uint32_t kF32Probes[] = {
    0x3f808000,  // 1 + 2^-8: a tie; 1 to nearest even, 1 + 2^-7 half away
    0x3f818000,  // 1 + 3 * 2^-8: a tie; 1 + 2^-6 to nearest even, 1 + 2^-7 truncated
    0x3f808080,  // 1 + 2^-8 + 2^-16: 1 + 2^-7 directly, 1 through f16 or TF32
    0x7f7f8000,  // rounds to infinity
    0x007fffff,  // the largest subnormal rounds to the smallest normal number
    0xbf808000, 0xbf818000, 0xbf808080,
    0x3f817f80,  // 1 + 3 * 2^-8 - 2^-16: 1 + 2^-7 directly, 1 + 2^-6 through f16 or TF32
    0xbf817f80, 0x80000000, 0x00000000, 0x00000001, 0x00008000, 0x00008001, 0x00018000, 0x80012345,
    0x00800000, 0x00801234,  // around the subnormals
    0x3f801000, 0x3f800800, 0x3f800001, 0x3f802000, 0x3f807fff, 0x3f808001, 0xbf801000, 0x3f803000,  // 1 + small
    0x0da24260, 0x2edbe6ff, 0xaedbe6ff, 0x7f61b1e6, 0x7f7fffff, 0xff7fffff, 0x7f7f7fff,  // exponents f16 lacks
    0x477fe000, 0x477fefff, 0x477ff000, 0xc77ff000, 0x477f8000, 0x47800000,  // 65504, below 65520, 65520, 65408, 65536
    0x33000000, 0x33000001, 0x33400000, 0x33c00000, 0x36ff8123, 0x387fc000, 0xb7abcdef,  // f16's subnormals
    0x43e00000, 0x43e80000, 0x43f00000, 0x43e7ffff, 0x47600000, 0x476fffff, 0x47700000,  // tops of e4m3 and e5m2
    0x3dcccccd, 0x3eaaaaab, 0x40490fdb, 0x402df854, 0x3fb504f3, 0xbca3d70a, 0x3ca3d70a, 0xbe4ccccd,
    0x3c23d70a, 0x3f809000,  // 1 + 2^-8 + 2^-11: a tie on the way to f16 or TF32, which decides the next one
};

// What a conversion must look for before it rounds.
constexpr std::uint32_t kF32Specials[] = {0x7f800001,  // a NaN with nothing in its upper half: infinity when it is cut
                                          0x7fffffff,  // a NaN that an unguarded rounding addition carries into -0
                                          0xffffffff, 0x7fbfffff, 0x7fc12345, 0xffc00000, 0x7f800000, 0xff800000};

constexpr std::uint32_t kF16Probes[] = {0x0001, 0x8001, 0x0003, 0x0123, 0x0203, 0x03ff, 0x0400,
                                        0x0401,  // subnormals and the first normal numbers
                                        0x3c01, 0x3c04, 0x3c0c, 0x3c05, 0xbc04, 0xbc0c, 0x3bff,
                                        0x3c03,  // ties and neighbours on the way to bf16
                                        0x2e66, 0x3555, 0x4248, 0xa51f, 0x251f, 0x1234, 0x9abc,  // ordinary
                                        0x5f00, 0x5f40, 0x7b00, 0x7b80, 0x7bf8, 0x7bfc, 0x7bff,
                                        0xfbff,  // large; 65504 becomes 65536 in bf16
                                        0x0000, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0xfe00, 0x7c01, 0x7dff, 0x7f23};

constexpr int kRepeatedValues = 10, kRepeats = 64;

/// Ten values in ten binades, k/11 of the way from one bf16 code to the next: nobody but a die rounds one both ways.
std::vector<std::uint32_t> repeated_values() {
  std::vector<std::uint32_t> bits;
  for (std::uint32_t k = 1; k <= kRepeatedValues; ++k) {
    const std::uint32_t code = (118u + k) << 7 | (k * 37u & 127u) | (k & 1u) << 15;
    bits.insert(bits.end(), kRepeats, code << 16 | k * 65536u / 11u);
  }
  return bits;
}

/// 2,048 codes, none twice, in the binades 2^-12 … 2^-5, shuffled by an odd factor modulo 2^11.
std::vector<std::uint32_t> matrix_values() {
  std::vector<std::uint32_t> bits;
  for (std::uint32_t i = 0; i < 2048; ++i) {
    const std::uint32_t j = (i * 1029u + 77u) & 2047u;
    bits.push_back((j >> 10) << 15 | ((115u + (j >> 7 & 7u)) << 7) | (j & 127u));
  }
  return bits;
}

/// Gains of a norm: 0.9 … 1.09, even and odd codes.
std::vector<std::uint32_t> norm_values() {
  std::vector<std::uint32_t> bits;
  for (std::uint32_t i = 0; i < 256; ++i) bits.push_back(0x3f66u + i * 7u % 39u);
  return bits;
}

std::vector<std::uint32_t> all_codes() {
  std::vector<std::uint32_t> bits(65536);
  for (std::uint32_t i = 0; i < 65536; ++i) bits[i] = i;
  return bits;
}

/// For tools that refuse infinities and NaNs, or whatever would become one in f16.
std::vector<std::uint32_t> codes_up_to(std::uint32_t largest) {
  std::vector<std::uint32_t> bits;
  for (std::uint32_t i = 0; i < 65536; ++i)
    if ((i & 0x7fffu) <= largest) bits.push_back(i);
  return bits;
}

CanaryValues list(std::string_view name, DType dtype, std::span<const std::uint32_t> codes) {
  return {name, dtype, {static_cast<std::int64_t>(codes.size())}, {codes.begin(), codes.end()}};
}

std::vector<CanaryValues> make_canaries() {
  return {list("canary.codes", DType::bf16, kCodes),
          {"canary.all_codes", DType::bf16, {128, 512}, all_codes()},
          {"canary.finite_codes", DType::bf16, {510, 128}, codes_up_to(0x7f7f)},
          {"canary.below_65536", DType::bf16, {286, 128}, codes_up_to(0x477f)},
          {"canary.matrix", DType::bf16, {8, 256}, matrix_values(), true},
          {"canary.norm", DType::bf16, {256}, norm_values(), true},
          {"canary.f32_probes", DType::f32, {2, 32}, {std::begin(kF32Probes), std::end(kF32Probes)}},
          list("canary.f32_specials", DType::f32, kF32Specials),
          {"canary.repeated", DType::f32, {kRepeatedValues, kRepeats}, repeated_values()},
          list("canary.f16_probes", DType::f16, kF16Probes)};
}

}  // namespace

const std::vector<CanaryValues>& canary_values() {
  static const std::vector<CanaryValues> values = make_canaries();
  return values;
}

std::string_view canary_meaning(std::uint32_t code) {
  const std::uint32_t magnitude = code & 0x7fffu;
  if (magnitude == 0) return code == 0 ? "" : "-0";
  if (magnitude == 0x7f80) return "infinity";
  if (magnitude > 0x7f80) return (magnitude & 0x40u) != 0 ? "NaN" : "signalling NaN";
  if (magnitude < 0x80) return "subnormal";
  if (magnitude == 0x80) return "smallest normal";
  if (magnitude < 0x3700) return "where f16 is coarser than bf16";
  if (magnitude < 0x3880) return "below f16's normal range";
  if (magnitude == 0x7f7f) return "largest finite";
  if (magnitude > 0x477f) return "above f16's range";
  return "";
}

}  // namespace candor::audit_internal
