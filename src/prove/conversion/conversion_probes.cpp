#include "prove/conversion/conversion_probes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "prove/constant_block.h"
#include "prove/random.h"
#include "prove/rounding.h"
#include "prove/value/value_path.h"

namespace candor::prove {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool is_wide(DType dtype) { return element_bytes(dtype) > 2; }

constexpr double kSmall[] = {0x1p-133, 0x1p-130, 0x1.fcp-127, 0x1p-126, 0x1.44p-100, 0x1.b8p-34, 0x1.fffffcp-127};
constexpr double kEndsOfF16[] = {0x1p-25,    0x1.02p-25, 0x1p-24,    0x1.02p-24, 0x1.fep-18, 0x1p-17,
                                 0x1.02p-17, 0x1.1ep-17, 0x1.fep-15, 0x1p-14,    65280,      65504,
                                 65519,      65520,      65536,      70000};
constexpr double kEndsOfF8[] = {0x1p-9, 0x1p-10, 0x1.8p-10, 0x1p-6, 0x1p-16, 0x1p-17, 448, 464, 465, 480, 57344, 61440};
constexpr double kLarge[] = {0x1.c4p127, 0x1.fep127,     0x1.fefffep127,
                             0x1.ffp127, 0x1.fffffep127, 0x1.fffffefp127,
                             0x1p128,    0x1p1000,       std::numeric_limits<double>::max(),
                             0x1p-1074,  kInfinity};

/// What f16, f8 and flushing kernels lose, where formats end, and bf16 values of odd mantissa.
Values landmarks() {
  Values values = {0, 1, 1 + 0x1p-7, 1 - 0x1p-8};
  for (const std::span<const double> more : {std::span<const double>(kSmall), {kEndsOfF16}, {kEndsOfF8}, {kLarge}})
    values.insert(values.end(), more.begin(), more.end());
  return values;
}

/// Quarters of the last place of `format` beside two neighbours, and everything just beside the tie between them: a
/// format on the way makes a tie of it.
void add_ties(Values& values, const Format& format, int exponent) {
  const double ulp = std::ldexp(1.0, std::max(exponent, format.min_exponent) - format.bits + 1);
  const double even = std::ldexp(1.0, exponent);
  for (const double from : {even, even + ulp, even + 2 * ulp}) {
    for (const double quarters : {1, 2, 3}) values.push_back(from + quarters * ulp / 4);
    for (int k = 3; k < 46; ++k)
      for (const double sign : {1.0, -1.0}) values.push_back(from + ulp / 2 + sign * std::ldexp(ulp, -k));
  }
}

constexpr double kIntegerProbes[] = {0,          1,
                                     2.5,        3.5,
                                     0.5,        1.5,
                                     0.75,       2.25,
                                     100.25,     126.75,
                                     257,        2049,
                                     0x1p24 + 1, 0x1p24 - 0.5,
                                     0x1p31 - 1, 0x1p31 + 0x1p8 + 1,
                                     0x1p53 - 1, 0x1p62 + 0x1p12};

Values integer_probes(DType to) {
  const bool sign = to != DType::u8;
  const double largest = std::ldexp(1.0, 8 * element_bytes(to) - (sign ? 1 : 0));
  Values values(std::begin(kIntegerProbes), std::end(kIntegerProbes));
  for (const double whole : {2.0, 100.0, 1000.0})
    for (int k = 4; k < 46; ++k)
      values.insert(values.end(), {whole + 0.5 + std::ldexp(1.0, -k), whole + 0.5 - std::ldexp(1.0, -k),
                                   whole - std::ldexp(1.0, -k)});
  std::erase_if(values, [&](double value) { return value > 0.99 * largest; });
  if (!sign) return values;
  for (const double value : Values(values))
    if (value != 0) values.push_back(-value);
  return values;
}

Values scalar_probes(DType to) {
  Values values;
  const Format format = format_of(to);
  const int last = format.min_exponent - format.bits + 1;
  add_ties(values, format, 0);
  for (const double value : landmarks()) values.push_back(value);
  for (const int exponent : {3, format.min_exponent, format.min_exponent - 1, last + 1, last, last - 1})
    add_ties(values, format, exponent);
  for (const double value : Values(values)) values.push_back(-value);
  return values;
}

Values block_probes(DType dtype) {
  Values values = {1, -1, widest_block_value(dtype)};
  for (int k = 0; k < 46; ++k) values.push_back(1 + std::ldexp(1.0, -k) + 0x1p-8);
  for (const int k : {7, 8}) values.push_back(1 + std::ldexp(1.0, -k) - std::ldexp(1.0, -k - 11));
  for (const double widest : {4.0, 7.0, 15.0, 127.0, 31.0 * 127})
    for (const int exponent : {0, -15, -20, -24, 12, 15})
      for (int k = 0; k < 1024; k += k < 40 ? 1 : 37)
        values.push_back((k % 2 ? -1 : 1) * widest * std::ldexp(1 + k / 1024.0, exponent));
  return values;
}

Codes every_code(DType dtype) {
  Codes codes;
  for (std::uint64_t code = 0; code < std::uint64_t{1} << (8 * element_bytes(dtype)); ++code) codes.push_back(code);
  return codes;
}

/// 16,384 codes: every sign and exponent of f32 and the upper mantissa, with other low bits each. Of f64 every second
/// one is anywhere, the others are where f32 has numbers.
Codes spread_codes(DType dtype) {
  Codes codes;
  for (std::uint64_t i = 0; i < 16384; ++i) {
    const std::uint64_t low = i * 0x9e3779b97f4a7c15u >> 16, code = i << 18 | (low & 0x3ffff);
    if (dtype == DType::f32 || dtype == DType::i32) codes.push_back(code);
    const bool anywhere = dtype == DType::i64 || i % 2 == 1;
    if (element_bytes(dtype) == 8 && anywhere) codes.push_back(code << 32 | (low >> 8 & 0xffffffff));
    if (dtype == DType::f64 && !anywhere) codes.push_back(encode(dtype, decode(DType::f32, code)) | (low & 0x1fffffff));
  }
  return codes;
}

/// The same, drawn at random.
Codes drawn_codes(DType dtype, std::uint64_t seed) {
  Random random(seed, "codes of " + std::string(dtype_name(dtype)));
  Codes codes;
  for (int i = 0; i < 4096; ++i) {
    const std::uint64_t bits = random.bits(), f32_code = bits >> 32;
    const bool where_f32_has_numbers = dtype == DType::f64 && i % 2 == 0;
    codes.push_back(where_f32_has_numbers ? encode(dtype, decode(DType::f32, f32_code)) | (bits & 0x1fffffff)
                                          : bits >> (64 - 8 * element_bytes(dtype)));
  }
  return codes;
}

bool is_nan_code(DType dtype, std::uint64_t code) { return std::isnan(decode(dtype, code)); }

}  // namespace

Values conversion_probes(DType from, DType to) {
  Values values;
  if (is_block(from)) {
    values = block_probes(from);
  } else if (is_floating(from)) {
    values = is_floating(to) ? scalar_probes(to) : integer_probes(to);
    if (!is_wide(from))
      for (const std::uint64_t code : every_code(from)) values.push_back(decode(from, code));
    std::erase_if(values, [](double value) { return std::isnan(value); });
  }
  std::erase_if(values,
                [&](double value) { return !holds(from, value) || (std::isinf(value) && !format_of(from).infinity); });
  return values;
}

std::vector<CodeClass> code_classes(DType from, DType to, std::uint64_t seed) {
  const std::string name(dtype_name(from));
  CodeClass drawn{"4096 numbers of " + name + " drawn at random", is_wide(from) ? drawn_codes(from, seed) : Codes{}};
  if (is_floating(from)) std::erase_if(drawn.codes, [&](std::uint64_t code) { return is_nan_code(from, code); });
  if (!is_floating(from)) {
    if (!is_wide(from)) return {{"every code of " + name, every_code(from)}};
    return {{"16384 numbers spread over " + name, spread_codes(from)}, drawn};
  }
  if (is_wide(from)) {
    CodeClass spread{"16384 numbers spread over " + name, spread_codes(from)}, probes{"the ties of the result", {}};
    std::erase_if(spread.codes, [&](std::uint64_t code) { return is_nan_code(from, code); });
    for (const double value : conversion_probes(from, to)) probes.codes.push_back(encode(from, value));
    if (!is_floating(to)) return {probes};
    return {spread, probes, drawn};
  }
  CodeClass normal{"every code of " + name + " but subnormals and NaN", {}},
      subnormal{"every subnormal of " + name, {}};
  for (const std::uint64_t code : every_code(from)) {
    const double value = decode(from, code);
    if (std::isnan(value)) continue;
    (value != 0 && std::fabs(value) < smallest_normal(from) ? subnormal : normal).codes.push_back(code);
  }
  return {normal, subnormal};
}

Codes nan_codes_of(DType dtype) {
  if (!is_wide(dtype)) {
    Codes codes = every_code(dtype);
    std::erase_if(codes, [&](std::uint64_t code) { return !is_nan_code(dtype, code); });
    return codes;
  }
  Codes codes = nan_codes(dtype);
  for (const std::uint64_t code : nan_codes(dtype))
    for (int shift = 3; shift < 20; ++shift) {  // other payloads, both signs
      codes.push_back(code ^ std::uint64_t{1} << shift);
      codes.push_back((code ^ std::uint64_t{1} << shift) | sign_bit(dtype));
    }
  return codes;
}

}  // namespace candor::prove
