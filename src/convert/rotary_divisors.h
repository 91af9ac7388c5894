// Llama 3's rule behind GGUF's table of frequency divisors ("rope_freqs.weight").
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace candor::convert_internal {

struct Llama3Scaling {
  double factor = 1, low_freq_factor = 1, high_freq_factor = 4;
  std::uint64_t original_context = 8192;
};

/// Parameters whose table equals `divisors` to 1e-5. The rule with (c, l, h) scaled by one number gives the same table,
/// so they are stated with low_freq_factor 1, or with `original_context` when it is known (not 0).
/// Nothing when no parameters give this table.
std::optional<Llama3Scaling> fit_llama3_scaling(std::span<const float> divisors, double base, std::uint64_t head_dim,
                                                std::uint64_t original_context);

/// The rule: divisor of pair i, of which there are head_dim / 2.
double llama3_divisor(const Llama3Scaling& scaling, double base, std::uint64_t head_dim, std::uint64_t i);

}  // namespace candor::convert_internal
