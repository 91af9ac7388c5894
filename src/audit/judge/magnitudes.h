// A tensor's different magnitudes, and how many significant bits each of them needs.
#pragma once

#include <cstdint>
#include <vector>

#include "audit/fingerprint.h"

namespace candor::audit_internal {

/// One magnitude that occurs; finite, not zero.
struct Magnitude {
  double value = 0;
  int exponent = 0;  // floor(log2 value)
  int lowest = 0;    // exponent of the last bit that is set
  std::uint64_t positive = 0, negative = 0;

  std::uint64_t count() const { return positive + negative; }
  int length() const { return exponent - lowest + 1; }  // significant bits
  bool is_power_of_two() const { return exponent == lowest; }
};

struct MagnitudeTable {
  std::vector<Magnitude> values;  // ascending
  std::uint64_t zeros = 0, infinities = 0, nans = 0, positive = 0, negative = 0;

  std::uint64_t count() const { return positive + negative; }  // of finite values that are not zero
  bool one_signed() const { return positive == 0 || negative == 0; }
  int longest() const;  // significant bits; 0: no values
  std::uint64_t at(double magnitude) const;
};

/// `value`: positive, a normal f64, as the values of all narrower formats are.
Magnitude magnitude_of(double value);

/// From the codes; empty when the fingerprint has none.
MagnitudeTable magnitudes_of(const Fingerprint& tensor);

/// Finite values that are not zero: all of them share the exponent and the last set bit.
struct SignificandCell {
  int exponent = 0, lowest = 0, zeros = 0;
  std::uint64_t count = 0;

  int length() const { return exponent - lowest + 1; }
};

/// The occupied cells of an f32 or f64 tensor's joint counts, by exponent, then by zeros.
std::vector<SignificandCell> significand_cells(const Fingerprint& tensor);

}  // namespace candor::audit_internal
