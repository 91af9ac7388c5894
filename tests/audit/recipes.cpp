#include "tests/audit/recipes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "core/formats.h"
#include "tests/audit/recipe_witnesses.h"

namespace candor::audit_internal {

namespace {

double standard_normal(std::uint64_t seed, std::uint64_t i) {
  return std::sqrt(-2 * std::log(random_unit(seed, 2 * i))) *
         std::cos(2 * std::numbers::pi * random_unit(seed, 2 * i + 1));
}

// Of unit variance, apart from what pruning takes away.
double standard_draw(Law law, std::uint64_t seed, std::uint64_t i) {
  const double first = random_unit(seed, 2 * i), second = random_unit(seed, 2 * i + 1);
  const double sign = random_bits(seed ^ 0x5167, i) & 1 ? -1.0 : 1.0;
  switch (law) {
    case Law::laplace:
      return sign * -std::log(first) / std::numbers::sqrt2;
    case Law::t3:  // Bailey's polar form; variance 3
      return std::sqrt(std::pow(first, -2.0 / 3.0) - 1) * std::cos(2 * std::numbers::pi * second);
    case Law::uniform:
      return (2 * first - 1) * std::numbers::sqrt3;
    case Law::two_bump:
      return sign * 0.9 + 0.44 * standard_normal(seed, i);
    case Law::scale_mixture:
      return (sign < 0 ? 0.45 : 1.34) * standard_normal(seed, i);
    case Law::pruned:
      return sign < 0 ? 0.0 : standard_normal(seed, i);
    case Law::magnitude_pruned: {
      const double x = standard_normal(seed, i);
      return std::abs(x) < 0.6744897501960817 ? 0.0 : x;  // the median of |x|
    }
    case Law::normal:
      break;
  }
  return standard_normal(seed, i);
}

template <typename IsZero>
void count_rows(Fingerprint& tensor, IsZero is_zero) {
  if (tensor.shape.size() < 2 || tensor.elements == 0) return;
  const auto columns = static_cast<std::uint64_t>(tensor.shape.back());
  tensor.rows = tensor.elements / columns;
  for (std::uint64_t row = 0; row < tensor.rows; ++row) {
    bool all = true;
    for (std::uint64_t i = row * columns; all && i < (row + 1) * columns; ++i) all = is_zero(i);
    tensor.zero_rows += all ? 1 : 0;
  }
}

// Codes below 2^16.
template <typename Codes>
CodeCounts counts_of(const Codes& codes) {
  std::vector<std::uint64_t> bins(1u << 16, 0);
  for (const auto code : codes) ++bins[code];
  CodeCounts counts;
  for (std::uint32_t code = 0; code < bins.size(); ++code) {
    if (bins[code] != 0) counts.emplace_back(code, bins[code]);
  }
  return counts;
}

double value_of(std::uint16_t code, DType dtype) {
  if (dtype == DType::bf16) return static_cast<double>(bf16_bits_to_f32(code));
  if (dtype == DType::f16) return static_cast<double>(f16_bits_to_f32(code));
  const auto byte = static_cast<std::uint8_t>(code);
  return static_cast<double>(dtype == DType::f8_e4m3 ? f8_e4m3_bits_to_f32(byte) : f8_e5m2_bits_to_f32(byte));
}

bool is_subnormal_code(std::uint16_t code, DType dtype) {
  const std::uint16_t mantissa = dtype == DType::bf16  ? 0x7f
                                 : dtype == DType::f16 ? 0x3ff
                                                       : (dtype == DType::f8_e4m3 ? 0x7 : 0x3);
  const std::uint16_t magnitude = code & (dtype == DType::bf16 || dtype == DType::f16 ? 0x7fff : 0x7f);
  return magnitude != 0 && magnitude <= mantissa;
}

Fingerprint empty_fingerprint(const std::vector<std::int64_t>& shape, DType dtype, std::uint64_t elements) {
  Fingerprint tensor;
  tensor.name = "weight";
  tensor.dtype = dtype;
  tensor.type_name = dtype_info(dtype).safetensors;
  tensor.shape = shape;
  tensor.elements = elements;
  tensor.nbytes = dtype_bytes(dtype, elements).value();
  return tensor;
}

std::uint64_t identity_of(const Fingerprint& tensor, std::uint64_t content) {
  std::uint64_t hash = random_bits(static_cast<std::uint64_t>(tensor.dtype), content);
  for (const std::int64_t dim : tensor.shape) hash = random_bits(hash, static_cast<std::uint64_t>(dim));
  return hash;
}

// Codes of the narrowest of bf16 and f16 that holds every value, if one does.
void fill_codes(Fingerprint& tensor, const std::vector<float>& values) {
  const bool is_bf16 = std::all_of(values.begin(), values.end(), [](float x) { return (f32_bits(x) & 0xffffu) == 0; });
  const bool is_f16 = std::all_of(values.begin(), values.end(),
                                  [](float x) { return f32_bits(f16_bits_to_f32(f32_to_f16_bits(x))) == f32_bits(x); });
  if (values.empty() || (!is_bf16 && !is_f16)) return;
  tensor.code_dtype = is_bf16 ? DType::bf16 : DType::f16;
  std::vector<std::uint32_t> codes(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    codes[i] = is_bf16 ? f32_bits(values[i]) >> 16 : f32_to_f16_bits(values[i]);
  tensor.codes = counts_of(codes);
}

void fill_distinct(Fingerprint& tensor, const std::vector<float>& values) {
  std::vector<std::uint32_t> patterns;
  for (const float x : values) {
    const std::uint32_t magnitude = f32_bits(x) & 0x7fffffffu;
    if (magnitude < 0x7f800000u && (magnitude & 0x3ffu) == 0) patterns.push_back(magnitude);
  }
  std::sort(patterns.begin(), patterns.end());
  patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
  for (const std::uint32_t magnitude : patterns) {
    const bool normal = magnitude >= 0x800000u;
    const bool power_of_two = normal ? (magnitude & 0x7fffffu) == 0 : std::has_single_bit(magnitude);
    if (magnitude == 0 || power_of_two) continue;
    std::uint64_t& count = tensor.distinct_by_zeros[static_cast<std::size_t>(std::countr_zero(magnitude | 0x800000u))];
    count = std::min(count + 1, kDistinctCap);
  }
}

void count_value(Fingerprint& tensor, float x) {
  const std::uint32_t magnitude = f32_bits(x) & 0x7fffffffu;
  if (magnitude == 0) {
    ++tensor.zeros;
  } else if (magnitude >= 0x7f800000u) {
    ++(magnitude == 0x7f800000u ? tensor.infinities : tensor.nans);
  } else {
    const bool normal = magnitude >= 0x800000u;
    tensor.subnormals += normal ? 0 : 1;
    const std::uint32_t significand = (magnitude & 0x7fffffu) | (normal ? 0x800000u : 0u);
    ++tensor.significands.at(std::ilogb(static_cast<double>(x)), std::countr_zero(significand));
    tensor.sum_squares += static_cast<double>(x) * static_cast<double>(x);
  }
}

}  // namespace

std::uint64_t random_bits(std::uint64_t seed, std::uint64_t counter) {
  const auto mix = [](std::uint64_t z) {  // the finaliser of splitmix64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  };
  return mix(mix(seed + 0x9e3779b97f4a7c15u) + (counter + 1) * 0x9e3779b97f4a7c15u);
}

double random_unit(std::uint64_t seed, std::uint64_t counter) {
  return (static_cast<double>(random_bits(seed, counter) >> 11) + 0.5) * 0x1p-53;
}

std::vector<float> draw(Law law, double sigma, std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(sigma * standard_draw(law, seed, i));
  return values;
}

std::vector<float> draw_around(double mean, double sigma, std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(mean + sigma * standard_normal(seed, i));
  return values;
}

float through_f16(float x) { return f16_bits_to_f32(f32_to_f16_bits(x)); }

float through_tf32(float x) {
  const std::uint32_t bits = f32_bits(x);
  return (bits & 0x7fffffffu) >= 0x7f800000u ? x : f32_from_bits((bits + 0x1000u) & ~0x1fffu);
}

std::uint16_t to_bf16(float x, Route route, std::uint64_t random) {
  const std::uint32_t bits = f32_bits(x);
  const auto upper = [](std::uint32_t pattern) { return static_cast<std::uint16_t>(pattern >> 16); };
  switch (route) {
    case Route::truncated:
      return upper(bits);
    case Route::half_away:
      return upper(bits + 0x8000u);
    case Route::stochastic:
      return upper(bits + static_cast<std::uint32_t>(random >> 48));
    case Route::via_f16:
      return f32_to_bf16_bits(through_f16(bf16_bits_to_f32(f32_to_bf16_bits(x))));
    case Route::from_f16:
      return f32_to_bf16_bits(through_f16(x));
    case Route::from_f16_ftz: {
      const float narrowed = through_f16(x);
      return f32_to_bf16_bits(std::abs(narrowed) < 0x1p-14f ? std::copysign(0.0f, x) : narrowed);
    }
    case Route::from_tf32:
      return f32_to_bf16_bits(through_tf32(x));
    case Route::f16_truncated:
      return upper(f32_bits(through_f16(x)));
    case Route::rne:
      break;
  }
  return f32_to_bf16_bits(x);
}

std::vector<std::uint16_t> to_bf16(const std::vector<float>& values, Route route, std::uint64_t seed) {
  std::vector<std::uint16_t> codes(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    codes[i] = to_bf16(values[i], route, route == Route::stochastic ? random_bits(seed, i) : 0);
  }
  return codes;
}

std::vector<float> widen(const std::vector<std::uint16_t>& bf16_codes) {
  std::vector<float> values(bf16_codes.size());
  std::transform(bf16_codes.begin(), bf16_codes.end(), values.begin(),
                 [](std::uint16_t c) { return bf16_bits_to_f32(c); });
  return values;
}

std::vector<std::uint16_t> to_f16(const std::vector<float>& values) {
  std::vector<std::uint16_t> codes(values.size());
  std::transform(values.begin(), values.end(), codes.begin(), [](float x) { return f32_to_f16_bits(x); });
  return codes;
}

Fingerprint fingerprint_of(const std::vector<std::uint16_t>& codes, const std::vector<std::int64_t>& shape,
                           DType dtype) {
  Fingerprint tensor = empty_fingerprint(shape, dtype, codes.size());
  tensor.code_dtype = dtype;
  tensor.codes = counts_of(codes);
  RecipeWitnesses witnesses(tensor);
  std::uint64_t content = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    witnesses.see(i, codes[i], value_of(codes[i], dtype), is_subnormal_code(codes[i], dtype));
    content = random_bits(content, codes[i]);
  }
  witnesses.finish();
  count_rows(tensor, [&](std::uint64_t i) { return value_of(codes[i], dtype) == 0; });
  tensor.identity = identity_of(tensor, content);
  return tensor;
}

Fingerprint fingerprint_of(const std::vector<float>& values, const std::vector<std::int64_t>& shape) {
  Fingerprint tensor = empty_fingerprint(shape, DType::f32, values.size());
  tensor.significands.counts.assign(static_cast<std::size_t>(SignificandCounts::kExponents * SignificandCounts::kZeros),
                                    0);
  RecipeWitnesses witnesses(tensor);
  std::uint64_t content = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint32_t bits = f32_bits(values[i]), magnitude = bits & 0x7fffffffu;
    witnesses.see(i, bits, static_cast<double>(values[i]), magnitude != 0 && magnitude < 0x800000u);
    count_value(tensor, values[i]);
    content = random_bits(content, bits);
  }
  fill_codes(tensor, values);
  fill_distinct(tensor, values);
  witnesses.finish();
  count_rows(tensor, [&](std::uint64_t i) { return values[i] == 0; });
  tensor.identity = identity_of(tensor, content);
  return tensor;
}

}  // namespace candor::audit_internal
