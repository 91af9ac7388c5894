#include "audit/judge/pool.h"

#include <algorithm>
#include <cmath>

#include "audit/judge/decide.h"
#include "audit/judge/tails.h"
#include "audit/number_words.h"

namespace candor::audit_internal {

namespace {

AuditTest pooled_test(const char* name, std::uint64_t tensors, std::uint64_t used) {
  AuditTest test;
  test.name = std::string("pooled ").append(name);
  test.used = used;
  if (used == 0) test.not_run = "no tensor that needs pooling has values for it";
  test.text = std::string("over ").append(counted(tensors, "tensor", "tensors")).append(": ");
  return test;
}

// Too few elements of its spread for a verdict of its own; 0 needed: the test has no support at all.
bool is_too_small(std::uint64_t needed, std::uint64_t elements) { return needed > elements; }

}  // namespace

void EvidencePool::add(std::uint64_t identity, const std::optional<Measured>& measured) {
  if (!measured || measured->codes.values == 0 || !seen_.insert(identity).second) return;
  if (!look_for_structure(measured->codes, measured->roughness).sub.empty()) return;
  add_parity(*measured);
  add_zero(*measured);
  add_grid(*measured);
}

void EvidencePool::Codes::add(const Measured& m) {
  for (const ParityBinade& seen : m.parity.binades) {
    ParityBinade& sum = parity[seen.binade];
    sum.binade = seen.binade;
    sum.even += seen.even;
    sum.odd += seen.odd;
    sum.variance += seen.variance * m.roughness.dispersion;
  }
  for (const PowerBinade& seen : m.zero.binades) {
    PowerBinade& sum = powers[seen.binade];
    sum.binade = seen.binade;
    sum.powers += seen.powers;
    sum.around += seen.around;
  }
}

bool EvidencePool::Codes::fit(History history) const {
  std::vector<ParityBinade> parities;
  for (const auto& [exponent, binade] : parity) parities.push_back(binade);
  if (!parity_fits(parities, history, 1)) return false;
  std::vector<PowerBinade> all;
  double held = 0, around = 0;
  for (const auto& [exponent, binade] : powers) {
    all.push_back(binade);
    held += static_cast<double>(binade.powers);
    around += static_cast<double>(binade.around);
  }
  const double ratio = 8 * held / around;
  if (held != 0 && !ratio_fits(ratio, ratio * std::sqrt(1 / held + 1 / around), history, 1)) return false;
  return powers_fit(all, 1, history);
}

void EvidencePool::add_parity(const Measured& m) {
  if (!is_too_small(m.needed_for_parity(threshold_), m.elements())) return;
  ++parity_.tensors;
  parity_.used += m.parity.used;
  finest_bit_ = std::min(finest_bit_, finest_bit(m.codes));
  parity_.likelihood += m.of(History::from_tf32).codes.bits_at(kPure);
  from_f16_likelihood_ += m.of(History::from_f16).codes.bits_at(kPure);
  excess_ += m.parity.excess;
  variance_ += m.parity.variance * m.roughness.dispersion;
  parity_codes_.add(m);
}

void EvidencePool::add_zero(const Measured& m) {
  if (!is_too_small(m.needed_for_zero(threshold_), m.elements())) return;
  ++zero_.tensors;
  zero_.used += m.zero.powers + m.zero.around;
  zero_.likelihood += m.of(History::truncated).codes.bits_at(kPure);
  powers_ += m.zero.powers;
  around_ += m.zero.around;
  zero_codes_.add(m);
}

void EvidencePool::add_grid(const Measured& m) {
  has_witness_ = has_witness_ || m.beyond_f16 > 0;
  if (!is_too_small(m.needed_for_grid(threshold_), m.elements()) || m.codes.sigma >= kWidestForGrid) return;
  ++grid_.tensors;
  grid_.used += m.grid.values;
  grid_.likelihood += m.lattice_likelihood();
  all_on_bits_ += m.grid.bits;
  off_ += m.grid.off_values;
  has_witness_ = has_witness_ || off_ > 0;
  lattice_.add(m.codes);
  grid_codes_.add(m);
  via_over_.add(m, History::via_f16);
  from_over_.add(m, History::from_f16);
}

double EvidencePool::parity_bits() const {
  if (variance_ == 0) return 0;
  return std::min(normal_tail_bits(excess_ / std::sqrt(variance_)), std::max(parity_.likelihood, from_f16_likelihood_));
}

double EvidencePool::zero_bits() const {
  if (around_ == 0) return 0;
  return std::min(binomial_upper_tail(powers_, powers_ + around_, 0.75 / 8.75).bits(), zero_.likelihood);
}

double EvidencePool::grid_bits() const {
  return has_witness_ ? std::min(0.0, grid_.likelihood) : std::min(all_on_bits_, grid_.likelihood);
}

bool EvidencePool::explains(const Codes& codes, History history) const {
  return codes.fit(history) && (!has_f16_range(history) || lattice_.fits(odd_share(history)));
}

std::vector<AuditTest> EvidencePool::tests() const {
  AuditTest parity = pooled_test("parity", parity_.tensors, parity_.used);
  parity.statistic = parity.low = parity.high = variance_ == 0 ? 0 : excess_ / std::sqrt(variance_);
  parity.bits = parity_bits();
  parity.p_value = variance_ == 0 ? 1 : std::exp2(-normal_tail_bits(parity.statistic));
  parity.text.append("z = ").append(short_number(parity.statistic));
  AuditTest zero = pooled_test("zero mantissa", zero_.tensors, zero_.used);
  const auto powers = static_cast<double>(powers_), around = static_cast<double>(around_);
  zero.statistic = zero.low = zero.high = around_ == 0 ? 0 : 8 * powers / around;
  zero.bits = zero_bits();
  zero.p_value = binomial_upper_tail(powers_, powers_ + around_, 0.75 / 8.75).p_value(1);
  zero.text.append("R = ").append(short_number(zero.statistic)).append("; 0.75 when rounded, 1 when cut off");
  AuditTest grid = pooled_test("grid", grid_.tensors, grid_.used);
  grid.statistic = grid.low = grid.high = static_cast<double>(off_);
  grid.bits = grid_bits();
  grid.p_value = has_witness_ ? 1 : std::exp2(-all_on_bits_);
  grid.text.append(grouped(off_)).append(" of ").append(counted(grid_.used, "value", "values"));
  grid.text.append(" below 7.6e-06 off f16's lattice");
  return {parity, zero, grid};
}

std::optional<Proposal> EvidencePool::propose() const {
  const double parity = parity_bits(), zero = zero_bits(), grid = grid_bits();
  Proposal proposal;
  proposal.would_change = "verdicts on tensors that are large enough for one of their own";
  if (grid >= threshold_) {
    const History history = parity >= kHintBits ? History::from_f16 : History::via_f16;
    const OverDifferences& over = parity >= kHintBits ? from_over_ : via_over_;
    if (over.bits() < bits_to_be_no_difference(history) || !explains(grid_codes_, history)) return std::nullopt;
    proposal.verdict = AuditVerdict::f16_grid;
    proposal.sub = parity >= kHintBits ? sub::kFromF16 : parity <= -kHintBits ? sub::kViaF16 : sub::kF16OfUnknownSource;
    proposal.bits = parity >= kHintBits ? together(grid, parity) : grid;
    proposal.sentence = std::string("Of ").append(counted(grid_.used, "value", "values"));
    proposal.sentence.append(" below 7.6e-06 in ").append(counted(grid_.tensors, "small tensor", "small tensors"));
    proposal.sentence.append(" none is off f16's lattice: together they went through f16.");
  } else if (parity >= threshold_) {
    if (!explains(parity_codes_, History::from_tf32) && !explains(parity_codes_, History::from_f16))
      return std::nullopt;
    proposal.verdict = AuditVerdict::p11_source;
    proposal.sub = has_witness_ && finest_bit_ < kFinestScaledF16 ? sub::kTf32 : sub::kF16OrTf32;
    proposal.bits = parity;
    proposal.sentence = std::string("Even codes prevail over ").append(counted(parity_.used, "value", "values"));
    proposal.sentence.append(" in ").append(counted(parity_.tensors, "small tensor", "small tensors"));
    proposal.sentence.append(
        ": together they had 11 significant bits before, as after rounding, or in averages of eight.");
  } else if (zero >= threshold_) {
    if (!explains(zero_codes_, History::truncated)) return std::nullopt;
    proposal.verdict = AuditVerdict::truncated;
    proposal.bits = zero;
    proposal.sentence = std::string("Powers of two are too frequent in ");
    proposal.sentence.append(counted(zero_.tensors, "small tensor", "small tensors"));
    proposal.sentence.append(": together they were cut off instead of rounded.");
  } else {
    return std::nullopt;
  }
  return proposal;
}

}  // namespace candor::audit_internal
