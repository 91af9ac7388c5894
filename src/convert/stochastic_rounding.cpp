#include "convert/stochastic_rounding.h"

#include <cmath>

#include "core/formats.h"
#include "core/ledger.h"
#include "core/mixed_bits.h"

namespace candor::convert_internal {
namespace {

struct Format {
  int mantissa, smallest_exponent;  // of a normal value
};

Format format_of(DType to) {
  if (to == DType::bf16) return {7, -126};
  if (to == DType::f16) return {10, -14};
  return {23, -126};
}

/// A neighbour of `value` in the format, or `value` itself; one step above the largest is still a number here, which
/// the exact conversion that follows turns into infinity. Every operation is exact.
double chosen_neighbour(double value, Format format, std::uint64_t bits) {
  if (!std::isfinite(value) || value == 0) return value;
  const int exponent = std::max(std::ilogb(value), format.smallest_exponent) - format.mantissa;
  const double steps = std::scalbn(std::fabs(value), -exponent), below = std::floor(steps);
  const bool up = std::scalbn(static_cast<double>(bits), -53) < steps - below;
  return std::copysign(std::scalbn(below + (up ? 1 : 0), exponent), value);
}

template <class Value>
void round_all(const Value* before, std::int64_t count, Tensor& after, std::uint64_t key, std::uint64_t first) {
  const DType to = after.dtype();
  const Format format = format_of(to);
  for (std::int64_t i = 0; i < count; ++i) {
    double value = 0;
    if constexpr (sizeof(Value) == sizeof(float)) {
      value = f32_to_f64(before[i]);
    } else {
      value = before[i];
    }
    const double chosen = chosen_neighbour(value, format, rounding_bits(key, first + static_cast<std::uint64_t>(i)));
    if (to == DType::bf16) {
      after.data_as<std::uint16_t>()[i] = f64_to_bf16_bits(chosen);
    } else if (to == DType::f16) {
      after.data_as<std::uint16_t>()[i] = f64_to_f16_bits(chosen);
    } else {
      after.data_as<float>()[i] = f64_to_f32(chosen);
    }
  }
}

}  // namespace

std::uint64_t rounding_key(std::uint64_t seed, std::string_view tensor_name) {
  std::uint64_t key = mixed_bits(seed + kMixStep);
  for (const char c : tensor_name) key = mixed_bits(key ^ static_cast<unsigned char>(c)) + kMixStep;
  return mixed_bits(key ^ tensor_name.size());
}

std::uint64_t rounding_bits(std::uint64_t key, std::uint64_t element) {
  return mixed_bits(mixed_bits(key + element * kMixStep) ^ key) >> 11;
}

Tensor round_stochastically(const Tensor& before, DType to, std::uint64_t key, std::uint64_t first_element) {
  Tensor after = Tensor::empty(before.shape(), to);
  if (before.dtype() == DType::f64) {
    round_all(before.data_as<double>(), before.elements(), after, key, first_element);
  } else {
    const std::vector<float> values = before.to_f32();
    round_all(values.data(), before.elements(), after, key, first_element);
  }
  ledger::record_cast(before.dtype(), to, "convert: round stochastically",
                      static_cast<std::uint64_t>(before.elements()));
  return after;
}

}  // namespace candor::convert_internal
