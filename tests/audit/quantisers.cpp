#include "tests/audit/quantisers.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/blocks.h"
#include "core/formats.h"

namespace candor::audit_internal {
namespace {

float largest_magnitude(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::fabs(value));
  return largest;
}

float nearest_level(const std::vector<double>& levels, float x) {
  const auto above = std::lower_bound(levels.begin() + 1, levels.end() - 1, static_cast<double>(x));
  const double high = *above, low = *(above - 1), at = static_cast<double>(x);
  return static_cast<float>(high - at < at - low ? high : low);
}

float as_f16(float x) { return f16_bits_to_f32(f32_to_f16_bits(x)); }

void put_f16(std::uint8_t* bytes, float x) {
  const std::uint16_t bits = f32_to_f16_bits(x);
  std::memcpy(bytes, &bits, sizeof(bits));
}

int code_of(float x, float scale, int low, int high) {
  return scale == 0 ? 0 : std::clamp(static_cast<int>(std::lround(x / scale)), low, high);
}

// Largest value, with its sign, onto the lowest code: the convention of q4_0,
// q5_0 and q6_k.
float signed_largest(std::span<const float> x) {
  return *std::max_element(x.begin(), x.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
}

void symmetric_block(std::span<float> x, int half) {
  const float d = as_f16(signed_largest(x) / static_cast<float>(-half));
  for (float& value : x) value = d * static_cast<float>(code_of(value, d, -half, half - 1));
}

void offset_block(std::span<float> x, int most) {
  const auto [low, high] = std::minmax_element(x.begin(), x.end());
  const float m = as_f16(*low), d = as_f16((*high - *low) / static_cast<float>(most));
  for (float& value : x) value = d * static_cast<float>(code_of(value - m, d, 0, most)) + m;
}

// Sub-blocks with an integer multiple of a super-block's f16 scale: q6_k.
void scaled_super_block(std::span<float> x) {
  constexpr std::size_t kSub = 16;
  float largest = 0;
  for (std::size_t i = 0; i < x.size(); i += kSub) {
    const float step = signed_largest(x.subspan(i, kSub)) / -32.0f;
    if (std::fabs(step) > std::fabs(largest)) largest = step;
  }
  const float d = as_f16(largest / -128.0f);
  for (std::size_t i = 0; i < x.size(); i += kSub) {
    const std::span<float> sub = x.subspan(i, kSub);
    const float step = d * static_cast<float>(code_of(signed_largest(sub) / -32.0f, d, -128, 127));
    for (float& value : sub) value = step * static_cast<float>(code_of(value, step, -32, 31));
  }
}

// The same with a minimum, both of six bits: q4_k and q5_k.
void offset_super_block(std::span<float> x, int most) {
  constexpr std::size_t kSub = 32;
  float largest_step = 0, largest_minimum = 0;
  std::vector<std::pair<float, float>> subs;
  for (std::size_t i = 0; i < x.size(); i += kSub) {
    const auto [low, high] = std::minmax_element(x.begin() + static_cast<std::ptrdiff_t>(i),
                                                 x.begin() + static_cast<std::ptrdiff_t>(i + kSub));
    const float minimum = std::max(0.0f, -*low), step = (*high + minimum) / static_cast<float>(most);
    subs.emplace_back(step, minimum);
    largest_step = std::max(largest_step, step);
    largest_minimum = std::max(largest_minimum, minimum);
  }
  const float d = as_f16(largest_step / 63), dmin = as_f16(largest_minimum / 63);
  for (std::size_t i = 0; i < x.size(); i += kSub) {
    const float step = d * static_cast<float>(code_of(subs[i / kSub].first, d, 0, 63));
    const float minimum = dmin * static_cast<float>(code_of(subs[i / kSub].second, dmin, 0, 63));
    for (float& value : x.subspan(i, kSub)) {
      value = step * static_cast<float>(code_of(value + minimum, step, 0, most)) - minimum;
    }
  }
}

// q8_0 through the bytes of its block, so that the layout in core/blocks.h is
// what dequantises.
void q8_0_block(std::span<float> x) {
  BlockQ8_0 block;
  const float d = largest_magnitude(x) / 127;
  put_f16(block.d, d);
  for (std::size_t i = 0; i < x.size(); ++i) block.qs[i] = static_cast<std::int8_t>(code_of(x[i], d, -127, 127));
  dequantize_block(block, x.data());
}

}  // namespace

BlockQuantiser symmetric_integers(int most) {
  return [most](std::span<float> x) {
    const float scale = largest_magnitude(x) / static_cast<float>(most);
    for (float& value : x) value = scale * static_cast<float>(code_of(value, scale, -most, most));
    return static_cast<double>(scale);
  };
}

BlockQuantiser integers_with_zero_point(int bits) {
  return [bits](std::span<float> x) {
    const int most = (1 << bits) - 1;
    const auto [low, high] = std::minmax_element(x.begin(), x.end());
    const float bottom = std::min(0.0f, *low);
    const float scale = (std::max(0.0f, *high) - bottom) / static_cast<float>(most);
    const int zero = code_of(-bottom, scale, 0, most);
    for (float& value : x) value = scale * static_cast<float>(code_of(value, scale, -zero, most - zero));
    return static_cast<double>(scale);
  };
}

BlockQuantiser affine_integers(int bits) {
  return [bits](std::span<float> x) {
    const int most = (1 << bits) - 1;
    const auto [low, high] = std::minmax_element(x.begin(), x.end());
    const float bottom = *low, scale = (*high - *low) / static_cast<float>(most);
    for (float& value : x) value = scale * static_cast<float>(code_of(value - bottom, scale, 0, most)) + bottom;
    return static_cast<double>(scale);
  };
}

BlockQuantiser codebook(std::vector<double> levels, std::function<double(double)> round_scale) {
  return [levels = std::move(levels), round_scale = std::move(round_scale)](std::span<float> x) {
    const double scale = round_scale(static_cast<double>(largest_magnitude(x)) / levels.back());
    for (float& value : x) value = static_cast<float>(scale) * nearest_level(levels, value / static_cast<float>(scale));
    return scale;
  };
}

BlockQuantiser codebook(std::vector<double> levels) {
  return codebook(std::move(levels), [](double scale) { return scale; });
}

std::vector<double> nf4_levels() {
  return {-1.0,
          -0.6961928009986877,
          -0.5250730514526367,
          -0.39491748809814453,
          -0.28444138169288635,
          -0.18477343022823334,
          -0.09105003625154495,
          0.0,
          0.07958029955625534,
          0.16093020141124725,
          0.24611230194568634,
          0.33791524171829224,
          0.44070982933044434,
          0.5626170039176941,
          0.7229568362236023,
          1.0};
}

std::vector<double> e2m1_levels() { return {-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6}; }

std::vector<double> f8_levels(DType dtype) {
  std::vector<double> levels;
  for (int code = 0; code < 256; ++code) {
    const auto bits = static_cast<std::uint8_t>(code);
    const float value = dtype == DType::f8_e4m3 ? f8_e4m3_bits_to_f32(bits) : f8_e5m2_bits_to_f32(bits);
    if (std::isfinite(value)) levels.push_back(static_cast<double>(value));
  }
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  return levels;
}

std::vector<double> quantise(Matrix& matrix, std::size_t height, std::size_t width, const BlockQuantiser& quantiser) {
  if (height == 0) height = matrix.rows;
  if (width == 0) width = matrix.columns;
  std::vector<double> scales;
  std::vector<float> block;
  for (std::size_t top = 0; top < matrix.rows; top += height) {
    for (std::size_t left = 0; left < matrix.columns; left += width) {
      block.clear();
      for (std::size_t i = 0; i < height * width; ++i) {
        block.push_back(matrix.values[(top + i / width) * matrix.columns + left + i % width]);
      }
      scales.push_back(quantiser(block));
      for (std::size_t i = 0; i < height * width; ++i) {
        matrix.values[(top + i / width) * matrix.columns + left + i % width] = block[i];
      }
    }
  }
  return scales;
}

void through_gguf(Matrix& matrix, DType dtype) {
  const std::size_t size = dtype == DType::q4_k || dtype == DType::q5_k || dtype == DType::q6_k ? 256 : 32;
  for (std::size_t i = 0; i < matrix.values.size(); i += size) {
    const std::span<float> x(matrix.values.data() + i, size);
    switch (dtype) {
      case DType::q4_0:
        symmetric_block(x, 8);
        break;
      case DType::q5_0:
        symmetric_block(x, 16);
        break;
      case DType::q4_1:
        offset_block(x, 15);
        break;
      case DType::q5_1:
        offset_block(x, 31);
        break;
      case DType::q8_0:
        q8_0_block(x);
        break;
      case DType::q4_k:
        offset_super_block(x, 15);
        break;
      case DType::q5_k:
        offset_super_block(x, 31);
        break;
      default:
        scaled_super_block(x);
        break;
    }
  }
}

std::vector<std::byte> stored(const std::vector<float>& values, DType dtype) {
  std::vector<std::byte> bytes(values.size() * (dtype == DType::f32 ? 4 : 2));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (dtype == DType::f32) {
      std::memcpy(&bytes[4 * i], &values[i], 4);
      continue;
    }
    const std::uint16_t code = dtype == DType::bf16 ? f32_to_bf16_bits(values[i]) : f32_to_f16_bits(values[i]);
    std::memcpy(&bytes[2 * i], &code, 2);
  }
  return bytes;
}

}  // namespace candor::audit_internal
