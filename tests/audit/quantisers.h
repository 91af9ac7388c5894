// Round-to-nearest quantisers by the formats' definitions: weights that are
// still on their lattice, for the tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "candor/dtype.h"

namespace candor::audit_internal {

/// A matrix of f32 values, row-major.
struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<float> values;
};

/// Replaces the values of one block by their quantised ones and returns the
/// scale.
using BlockQuantiser = std::function<double(std::span<float>)>;

/// scale = largest / most, codes -most … most.
BlockQuantiser symmetric_integers(int most);
/// scale * (code - zero point), `bits` wide; the block's range is widened to
/// hold zero.
BlockQuantiser integers_with_zero_point(int bits);
/// scale * code + smallest value, `bits` wide.
BlockQuantiser affine_integers(int bits);
/// scale * level, the largest value on the outermost level; levels as the
/// format's table has them.
BlockQuantiser codebook(std::vector<double> levels);
/// The same, the scale rounded by `round_scale` before it is used.
BlockQuantiser codebook(std::vector<double> levels, std::function<double(double)> round_scale);

std::vector<double> nf4_levels();
std::vector<double> e2m1_levels();
std::vector<double> f8_levels(DType dtype);  // finite values of f8_e4m3 or f8_e5m2

/// Applies a quantiser to every block of `height` x `width` (0: all of that
/// dimension); returns the scale of each, in row-major order of the blocks.
std::vector<double> quantise(Matrix& matrix, std::size_t height, std::size_t width, const BlockQuantiser& quantiser);

/// GGUF types by their block layouts: q4_0 q4_1 q5_0 q5_1 q8_0 q4_k q5_k q6_k,
/// and back to f32 by core/blocks.h.
void through_gguf(Matrix& matrix, DType dtype);

/// The values as bytes of bf16, f16 or f32.
std::vector<std::byte> stored(const std::vector<float>& values, DType dtype);

}  // namespace candor::audit_internal
