// Tail probabilities that stay exact far out: as bits, -log2 p.
#pragma once

#include <cstdint>
#include <vector>

namespace candor::audit_internal {

/// -log2 P(Z >= z), standard normal.
double normal_tail_bits(double z);

/// A discrete one-sided test: P(beyond what was seen) and P(exactly what was seen), as natural logarithms.
struct DiscreteTail {
  double log_beyond = 0, log_here = 0;
  double bits() const;                   // of "at least this extreme": never randomised
  double p_value(double uniform) const;  // randomised: uniform when the null is true
};

/// Upper tail of Bin(n, p) at k.
DiscreteTail binomial_upper_tail(std::uint64_t k, std::uint64_t n, double p);

/// Draws of `drawn` different codes out of `total`, of which `marked` are marked. One of the marked ones, the power of
/// two, is three quarters as wide as the others.
struct Draws {
  int total = 0, marked = 0, drawn = 0;
  double power_odds() const;  // that it was seen, over the odds of another code, at as many values per code as it takes
};
/// Upper tail of the number of marked codes over all draws, at k: hypergeometric, but for the narrow code.
DiscreteTail marked_upper_tail(const std::vector<Draws>& draws, int k);

}  // namespace candor::audit_internal
