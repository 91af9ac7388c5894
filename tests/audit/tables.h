// Buffers that programs compute: positions, rotations, transforms, masks.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace candor::audit_internal {

/// Real and imaginary rows of a discrete Fourier transform: [2 * (n / 2 + 1), n].
inline std::vector<float> dft_basis(int n) {
  std::vector<float> out;
  for (int part = 0; part < 2; ++part)
    for (int k = 0; k <= n / 2; ++k)
      for (int t = 0; t < n; ++t) {
        const double angle = 2 * std::numbers::pi * k * t / n;
        out.push_back(static_cast<float>(part == 0 ? std::cos(angle) : std::sin(angle)));
      }
  return out;
}

/// Cosines (or sines) of position times frequency: [positions, frequencies].
inline std::vector<float> rotary_table(int positions, int frequencies, bool sines) {
  std::vector<float> out;
  for (int p = 0; p < positions; ++p)
    for (int f = 0; f < frequencies; ++f) {
      const double angle = p * std::pow(10000.0, -static_cast<double>(f) / frequencies);
      out.push_back(static_cast<float>(sines ? std::sin(angle) : std::cos(angle)));
    }
  return out;
}

/// Slopes times distances: [heads, distances], nothing positive.
inline std::vector<float> alibi(int heads, int distances) {
  std::vector<float> out;
  for (int h = 1; h <= heads; ++h)
    for (int d = 0; d < distances; ++d) out.push_back(static_cast<float>(-d * std::exp2(-8.0 * h / heads)));
  return out;
}

inline std::vector<float> causal_mask(int tokens, float blocked) {
  std::vector<float> out;
  for (int row = 0; row < tokens; ++row)
    for (int column = 0; column < tokens; ++column) out.push_back(column > row ? blocked : 0.0f);
  return out;
}

inline std::vector<float> hann_window(int n) {
  std::vector<float> out;
  for (int i = 0; i < n; ++i) out.push_back(static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * i / n)));
  return out;
}

}  // namespace candor::audit_internal
