// All that is measured of a bf16 histogram, once, before anything is decided.
#pragma once

#include <array>
#include <optional>

#include "audit/fingerprint.h"
#include "audit/judge/channels.h"
#include "audit/judge/likelihood.h"

namespace candor::audit_internal {

struct Measured {
  FoldedCodes codes;
  Roughness roughness;
  Parity parity;
  ZeroMantissa zero;
  Grid grid;
  Quantum quantum;
  Gap gap;
  double density = 0;  // at zero; 0: the values do not reach down to it
  int beyond_f16 = 0;  // count_beyond_f16(codes)
  std::array<HistoryLikelihood, std::size(kHistories)> histories;

  const HistoryLikelihood& of(History history) const { return histories[static_cast<std::size_t>(history)]; }

  // Bits of evidence against one rounding, the weaker of the classical test and the likelihood ratio. Negative: for it.
  double parity_bits() const;
  double zero_bits() const;
  double lattice_likelihood() const;  // of small values alone, whether bf16 or f32 went through f16
  double grid_bits() const;           // 0 as soon as one value is off the lattice
  double gap_bits() const;

  /// A value that no trip through f16 leaves behind.
  bool has_f16_witness() const { return grid.off > 0 || beyond_f16 > 0; }
  std::uint64_t elements() const { return codes.values + codes.zeros; }

  // Elements of this distribution that would give so many bits; 0: no number would.
  std::uint64_t needed_for_parity(double bits) const;
  std::uint64_t needed_for_zero(double bits) const;
  std::uint64_t needed_for_grid(double bits) const;
};

/// Different finite codes beyond f16's range; 65536, which f16's largest become, left out.
int count_beyond_f16(const FoldedCodes& codes);

/// Nothing when the tensor has no bf16 codes.
std::optional<Measured> measure(const Fingerprint& tensor);
/// `identity` draws the randomised p-values.
Measured measure_codes(FoldedCodes codes, std::uint64_t identity);

/// Bits of two independent tests together (Fisher's method).
double together(double bits, double other);

}  // namespace candor::audit_internal
