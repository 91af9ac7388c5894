#include "audit/judge/evidence_counts.h"

#include <algorithm>
#include <cmath>

#include "audit/code_value.h"
#include "audit/judge/code_table.h"
#include "audit/number_format.h"

namespace candor::audit_internal {

namespace {

constexpr double kF16Normal = 0x1p-14, kHighest = 65504, kJustAbove = 65536;

// Sums over what the fingerprint holds, magnitude by magnitude.
class Counter {
 public:
  explicit Counter(AuditEvidence& evidence) : evidence_(evidence) {}

  void add(double magnitude, std::uint64_t count) {
    evidence_.below_f16_normal += magnitude < kF16Normal ? count : 0;
    evidence_.below_grid += magnitude < kGridEnd ? count : 0;
    evidence_.above_f16 += magnitude > kHighest ? count : 0;
    evidence_.at_65536 += magnitude == kJustAbove ? count : 0;
    evidence_.smallest = evidence_.smallest == 0 ? magnitude : std::min(evidence_.smallest, magnitude);
    evidence_.largest = std::max(evidence_.largest, magnitude);
  }
  /// Exponents ascend from call to call.
  void add_to_binade(int exponent, std::uint64_t count, std::uint64_t even) {
    std::vector<AuditBinade>& binades = evidence_.binades;
    if (binades.empty() || binades.back().exponent != exponent) binades.emplace_back().exponent = exponent;
    binades.back().count += count;
    binades.back().even += even;
  }
  void finish() {
    std::uint64_t all = 0;
    for (const AuditBinade& binade : evidence_.binades) all += binade.count;
    for (const AuditBinade& binade : evidence_.binades) {
      const double p = static_cast<double>(binade.count) / static_cast<double>(all);
      evidence_.exponent_entropy -= p * std::log2(p);
    }
  }

 private:
  AuditEvidence& evidence_;
};

void fill_from_codes(const Fingerprint& tensor, AuditEvidence& evidence) {
  Counter counter(evidence);
  const std::uint32_t sign = tensor.code_dtype == DType::bf16 || tensor.code_dtype == DType::f16 ? 0x8000u : 0x80u;
  std::vector<std::uint64_t> folded(sign);
  for (const auto& [code, count] : tensor.codes) folded[code & (sign - 1)] += count;
  const double normal = smallest_normal(tensor.dtype);
  double squares = 0, finite = 0;
  for (std::uint32_t code = 0; code < sign; ++code) {
    const std::uint64_t count = folded[code];
    if (count == 0) continue;
    ++evidence.distinct;
    const double x = code_value(tensor.code_dtype, code);
    if (std::isnan(x)) evidence.nans += count;
    if (std::isinf(x)) evidence.infinities += count;
    if (!std::isfinite(x)) continue;
    finite += static_cast<double>(count);
    squares += static_cast<double>(count) * x * x;
    if (x == 0) {
      evidence.zeros += count;
      continue;
    }
    evidence.subnormals += x < normal ? count : 0;
    counter.add(x, count);
    counter.add_to_binade(std::ilogb(x), count, code % 2 == 0 ? count : 0);
    const bool off = is_off_f16_lattice(x);
    evidence.off_grid += off ? count : 0;
    evidence.distinct_small += x < kGridEnd ? 1 : 0;
    evidence.distinct_off_grid += off ? 1 : 0;
    if (x < kF16Normal) evidence.small_codes.push_back({code, count});
  }
  evidence.sigma = finite == 0 ? 0 : std::sqrt(squares / finite);
  counter.finish();
}

// Integers, flags and formats whose values are not read here: there is nothing to say about magnitudes.
void fill_from_unread_codes(const Fingerprint& tensor, AuditEvidence& evidence) {
  evidence.distinct = tensor.codes.size();
  if (!is_floating(tensor.code_dtype) && tensor.codes.front().first == 0) evidence.zeros = tensor.codes.front().second;
}

// Magnitudes by binade: the smallest and the largest are its lower and upper ends, and what is at 65536 is not known.
void fill_from_significands(const Fingerprint& tensor, AuditEvidence& evidence) {
  Counter counter(evidence);
  std::uint64_t finite = tensor.zeros;
  const int kept = tensor.dtype == DType::f64 ? 52 : 23;
  for (int e = SignificandCounts::kLowest; e <= SignificandCounts::kHighest; ++e) {
    std::uint64_t all = 0, off = 0;
    for (int t = 0; t < SignificandCounts::kZeros; ++t) {
      const std::uint64_t count = tensor.significands.at(e, t);
      all += count;
      off += e < -17 && e - kept + t < -24 ? count : 0;
    }
    if (all == 0) continue;
    finite += all;
    counter.add(std::ldexp(1.0, e), all);
    counter.add_to_binade(e, all, all - tensor.significands.at(e, 0));
    evidence.largest = std::ldexp(2.0, e);
    evidence.off_grid += off;
  }
  evidence.zeros = tensor.zeros;
  evidence.infinities = tensor.infinities;
  evidence.nans = tensor.nans;
  evidence.subnormals = tensor.subnormals;
  evidence.at_65536 = 0;
  for (const std::uint64_t count : tensor.distinct_by_zeros) evidence.distinct += count;
  evidence.sigma = finite == 0 ? 0 : std::sqrt(tensor.sum_squares / static_cast<double>(finite));
  counter.finish();
}

}  // namespace

void fill_counts(const Fingerprint& tensor, AuditEvidence& evidence) {
  evidence.elements = tensor.elements;
  evidence.rows = tensor.rows;
  evidence.zero_rows = tensor.zero_rows;
  if (!tensor.codes.empty()) {
    number_format(tensor.code_dtype) ? fill_from_codes(tensor, evidence) : fill_from_unread_codes(tensor, evidence);
  } else if (!tensor.significands.counts.empty()) {
    fill_from_significands(tensor, evidence);
  }
}

}  // namespace candor::audit_internal
