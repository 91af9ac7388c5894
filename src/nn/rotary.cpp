#include "nn/rotary.h"

#include <cmath>
#include <numbers>
#include <string>

#include "candor/error.h"

namespace candor::nn {
namespace {

// One frequency of Llama 3.1's rule: wavelengths up to original / high are kept, those beyond original / low are
// divided by the factor, between the two a ramp. Scalars enter as f32, like the tensor they meet.
float llama3_frequency(float frequency, const RotaryScaling& s) {
  const float factor = static_cast<float>(s.factor);
  const float wavelength = static_cast<float>(2.0 * std::numbers::pi) / frequency;
  if (wavelength > static_cast<float>(s.original_context / s.low_freq_factor)) return frequency / factor;
  if (wavelength < static_cast<float>(s.original_context / s.high_freq_factor)) return frequency;
  const float ramp = (static_cast<float>(s.original_context) / wavelength - static_cast<float>(s.low_freq_factor)) /
                     static_cast<float>(s.high_freq_factor - s.low_freq_factor);
  return (1.0f - ramp) * frequency / factor + ramp * frequency;
}

}  // namespace

std::vector<float> rotary_frequencies(double base, std::int64_t rotary_dim, const RotaryScaling& scaling) {
  const std::size_t pairs = static_cast<std::size_t>(rotary_dim / 2);
  if (scaling.kind == RotaryScaling::Kind::divisors && scaling.divisors.size() != pairs)
    throw ShapeError("rotary frequencies: " + std::to_string(scaling.divisors.size()) + " divisors for " +
                     std::to_string(pairs) + " pairs; give one per pair");
  std::vector<float> frequencies(pairs);
  for (std::size_t i = 0; i < pairs; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(rotary_dim);
    const float frequency = 1.0f / static_cast<float>(std::pow(static_cast<double>(static_cast<float>(base)),
                                                               static_cast<double>(exponent)));
    switch (scaling.kind) {
      case RotaryScaling::Kind::none:
        frequencies[i] = frequency;
        break;
      case RotaryScaling::Kind::linear:
        frequencies[i] = frequency / static_cast<float>(scaling.factor);
        break;
      case RotaryScaling::Kind::llama3:
        frequencies[i] = llama3_frequency(frequency, scaling);
        break;
      case RotaryScaling::Kind::divisors:
        frequencies[i] = frequency / scaling.divisors[i];
        break;
    }
  }
  return frequencies;
}

RotaryTables rotary_tables(std::span<const float> frequencies, std::int64_t first, std::int64_t count) {
  const std::int64_t pairs = static_cast<std::int64_t>(frequencies.size());
  RotaryTables tables{Tensor::empty({count, pairs}, DType::f32), Tensor::empty({count, pairs}, DType::f32)};
  float* cos = tables.cos.data_as<float>();
  float* sin = tables.sin.data_as<float>();
  for (std::int64_t t = 0; t < count; ++t) {
    const float position = static_cast<float>(first + t);
    for (std::int64_t i = 0; i < pairs; ++i) {
      const float angle = position * frequencies[static_cast<std::size_t>(i)];
      cos[t * pairs + i] = static_cast<float>(std::cos(static_cast<double>(angle)));
      sin[t * pairs + i] = static_cast<float>(std::sin(static_cast<double>(angle)));
    }
  }
  return tables;
}

RotaryTables rotary_tables_shape_only(std::int64_t pairs, std::int64_t count) {
  return {Tensor::shape_only({count, pairs}, DType::f32), Tensor::shape_only({count, pairs}, DType::f32)};
}

}  // namespace candor::nn
