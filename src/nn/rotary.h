// Rotary position embedding: frequencies of a model and the tables of a run of positions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "candor/tensor.h"

namespace candor::nn {

/// How a model stretches its positions beyond the length it was first trained on.
struct RotaryScaling {
  enum class Kind : std::uint8_t {
    none,
    linear,   // all frequencies divided by factor
    llama3,   // low frequencies divided by factor, high ones kept, a ramp between
    divisors  // each frequency divided by its own number (GGUF's rope_freqs.weight)
  };
  Kind kind = Kind::none;
  double factor = 1;
  double low_freq_factor = 1, high_freq_factor = 4, original_context = 8192;  // llama3
  std::vector<float> divisors;                                                // [R]
};

/// Angle per position of each rotated pair, [R] with R = rotary_dim / 2: base^(-2i / rotary_dim), scaled. Every step is
/// rounded to f32, in the order that the published models were trained with.
std::vector<float> rotary_frequencies(double base, std::int64_t rotary_dim, const RotaryScaling& scaling);

struct RotaryTables {
  Tensor cos, sin;  // [T, R] f32
};

/// Tables of positions first … first + count - 1. The angle is position · frequency rounded to f32; its cosine and sine
/// are formed in f64 and rounded once.
RotaryTables rotary_tables(std::span<const float> frequencies, std::int64_t first, std::int64_t count);
RotaryTables rotary_tables_shape_only(std::int64_t pairs, std::int64_t count);

}  // namespace candor::nn
