#include "audit/judge/history_words.h"

#include <algorithm>
#include <cmath>

#include "audit/number_words.h"

namespace candor::audit_internal {

namespace {

std::string lattice_words(const Measured& m) {
  return std::string("Small values lie on f16's lattice: none of ")
      .append(counted(m.grid.values, "value", "values"))
      .append(" below 7.6e-06 is off it, where ")
      .append(expected_of(m.grid.expected_off, m.grid.values))
      .append(m.grid.expected_off < 1.5 ? " was expected." : " were expected.");
}

std::string parity_words(const Measured& m) {
  return percent(m.parity.even_share())
      .append(" of ")
      .append(grouped(m.parity.used))
      .append(" codes are even, where a single rounding leaves 50 %");
}

std::string truncation_words(const Measured& m) {
  return std::string("powers of two are ")
      .append(short_number(m.zero.ratio))
      .append(" times as frequent as their neighbours, where rounding to nearest leaves 0.75 and cutting off 1");
}

void say_f16_grid(const Measured& m, const Decision& decision, Proposal& proposal) {
  proposal.would_change = "one value off the lattice";
  proposal.sentence = lattice_words(m);
  if (decision.sub == sub::kFlushed) {
    proposal.sentence = std::string("No value lies between 0 and 6.1e-05, where ")
                            .append(grouped(m.gap.band / 3))
                            .append(" were expected: f16 flushed them to zero.");
    if (m.parity_bits() >= kHintBits) proposal.sentence.append(" Also ").append(parity_words(m)).append(".");
    proposal.would_change = "one value between 0 and 6.1e-05";
  } else if (decision.sub == sub::kFromF16 && m.grid_bits() < kHintBits) {
    proposal.sentence = parity_words(m).append(
        ", and more of them the smaller they are from 6.1e-05 down to 1.5e-05, as f16's subnormals make it: the values "
        "were f16 before they became bf16.");
    proposal.would_change = "a value off f16's lattice";
  } else if (decision.sub == sub::kFromF16) {
    proposal.sentence.append(" Also ").append(parity_words(m)).append(". The values were f16 before they became bf16.");
  } else if (decision.sub == sub::kCutF16) {
    proposal.sentence.append(" Also ").append(truncation_words(m)).append(". The tensor is f16 that was cut to bf16.");
  } else if (decision.sub == sub::kViaF16) {
    proposal.sentence.append(
        " Codes are balanced otherwise: the tensor was bf16 before it went through f16, or its ties did not go to "
        "even.");
  } else {
    proposal.sentence.append(" The tensor went through f16.");
  }
}

std::string other_lattice_words(const Measured& m) {
  return std::string("Small values are multiples of ").append(power_of_two(m.quantum.exponent));
}

/// What would still be f16 although values are off its lattice: that lattice, moved below all bits that are there.
std::string unless_scaled(const Measured& m) {
  const int largest = finest_bit(m.codes) - kLowestGridBinade;
  if (largest < kSmallestFactor) return "";
  if (largest >= 0) return ", unless it was multiplied by a power of two afterwards";
  return std::string(", unless it was multiplied by ").append(power_of_two(largest)).append(" or less afterwards");
}

std::string gap_words(const Measured& m) {
  return counted(m.gap.below, "value lies", "values lie")
      .append(" between 0 and 6.1e-05, where ")
      .append(grouped(m.gap.band / 3))
      .append(" were to be expected");
}

void say_p11(const Measured& m, const Decision& decision, Proposal& proposal) {
  proposal.sentence = parity_words(m);
  proposal.sentence.append(
      ": the values had 11 significant bits before they became bf16, as after rounding, or in averages of eight. ");
  if (decision.sub == sub::kTf32) {
    proposal.sentence.append("It was not f16 as it is, which could not have left the values named below");
    proposal.sentence.append(unless_scaled(m)).append(": TF32, or the like.");
    proposal.would_change = "nothing in the file";
  } else if (has_other_lattice(m)) {
    proposal.sentence.append(other_lattice_words(m)).append(", as in an f16 tensor that was multiplied by ");
    proposal.sentence.append(power_of_two(m.quantum.exponent - kLowestGridBinade));
    proposal.sentence.append("; another fixed-point source would look the same.");
    proposal.would_change = "knowing what the tensor was multiplied by";
  } else if (may_have_partial_gap(m)) {
    proposal.sentence.append(gap_words(m))
        .append(". Whether that was TF32, or f16 of whose small values a part was flushed, cannot be told.");
    proposal.would_change = "more values below 6.1e-05";
  } else {
    proposal.sentence.append("Whether that was f16 or TF32 cannot be told: too few values are small enough.");
    proposal.would_change = "a value off f16's lattice, or more values below 7.6e-06";
  }
}

void say_mixed(const Measured& m, const Mixture& mixture, Proposal& proposal) {
  proposal.sentence = percent(mixture.fit.share)
                          .append(" of the values (")
                          .append(percent(mixture.fit.low))
                          .append(" to ")
                          .append(percent(mixture.fit.high))
                          .append(") have another history than the rest: ")
                          .append(mixture_name(mixture))
                          .append(".");
  if (flushes_f16(mixture.history)) {
    proposal.sentence.append(" ").append(gap_words(m)).append("; the zeros hold the rest.");
  } else if (has_f16_range(mixture.history) && m.grid.off > 0) {
    proposal.sentence.append(" ").append(counted(m.grid.off_values, "value is", "values are"));
    proposal.sentence.append(" off f16's lattice, ").append(expected_of(m.grid.expected_off, m.grid.values));
    proposal.sentence.append(" expected of one rounding.");
  }
  proposal.share = PartShare{mixture.fit.share, mixture.fit.low, mixture.fit.high};
  proposal.would_change = "nothing in the file: a part that was edited, merged or trained on looks like this";
}

void say_bf16_arithmetic(const Measured& m, Proposal& proposal) {
  proposal.sentence = std::string("f16 was not the last stop of all values: ")
                          .append(grouped(m.grid.off_values))
                          .append(" of ")
                          .append(counted(m.grid.values, "value", "values"))
                          .append(" below 7.6e-06 are off its lattice, as many as in ordinary bf16. ");
  if (has_ties(m))
    proposal.sentence.append(parity_words(m))
        .append(": sums of bf16 values end on ties, after training, merging or averaging in bf16.");
  else
    proposal.sentence.append("But ")
        .append(truncation_words(m))
        .append(": training in bf16 does that, as a step up from there is twice as long as one down.");
  proposal.note = "an earlier stop at f16, before that arithmetic, is not excluded";
  proposal.would_change = "the tensors that this one was computed from";
}

void say_consistent(const Measured& m, double threshold, Proposal& proposal) {
  proposal.sentence = "Nothing speaks against one rounding from a wider format: ";
  if (m.grid.off > 0) {
    proposal.sentence.append(grouped(m.grid.off_values)).append(" of ");
    proposal.sentence.append(counted(m.grid.values, "value", "values")).append(" below 7.6e-06 ");
    proposal.sentence.append(m.grid.off_values == 1 ? "is" : "are").append(" off f16's lattice (");
    proposal.sentence.append(expected_of(m.grid.expected_off, m.grid.values)).append(" expected)");
  } else {
    proposal.sentence.append(counted(static_cast<std::uint64_t>(m.beyond_f16), "code lies", "codes lie"));
    proposal.sentence.append(" beyond f16's range");
  }
  const bool parity = m.parity_bits() <= -kHintBits, zero = m.zero_bits() <= -kHintBits;
  if (parity) proposal.sentence.append(", even and odd codes balance");
  if (zero) proposal.sentence.append(", and powers of two are as rare as rounding to nearest makes them");
  proposal.sentence.append(".");
  proposal.note = "stochastic rounding and rounding half away from zero are not excluded";
  if (!parity) proposal.note.append("; nor is an 11-bit source, for want of values");
  if (!zero) proposal.note.append("; nor is cutting off, for want of values");
  const std::uint64_t needed =
      std::max(parity ? 0 : m.needed_for_parity(threshold), zero ? 0 : m.needed_for_zero(threshold));
  proposal.would_change = needed == 0 ? "an original to compare with"
                                      : std::string("about ")
                                            .append(grouped_rounded(static_cast<double>(needed)))
                                            .append(" values of this spread, or an original to compare with");
}

double hint_bits(const Measured& m, const Decision& decision) {
  return std::max({m.parity_bits(), m.zero_bits(), m.grid_bits(), decision.mixture ? decision.mixture->bits : 0});
}

std::string hinted_at(const Measured& m, const Decision& decision) {
  const double hint = hint_bits(m, decision);
  if (hint == m.grid_bits()) return "f16's lattice";
  if (hint == m.parity_bits()) return "a source of 11 significant bits";
  if (hint == m.zero_bits()) return "values that were cut off";
  return std::string("a part with another history: ").append(mixture_name(*decision.mixture));
}

std::string arithmetic_words(const Measured& m) {
  std::string text = "The codes are not those of one rounding from a wide format";
  if (has_other_lattice(m))
    text.append(". ")
        .append(other_lattice_words(m))
        .append(", as sums, averages and merges of bf16 values are, and f16 that was scaled");
  else
    text.append(
        ", nor those that f16, TF32 or cutting off leave: sums, averages, products and merges of bf16 values look like "
        "this");
  return text.append(m.parity.bits >= kHintBits ? std::string(" (").append(parity_words(m)).append(").") : ".");
}

void say_undecidable(const Measured& m, const Decision& decision, double threshold, Proposal& proposal) {
  const std::uint64_t needed = m.needed_for_grid(threshold);
  if (decision.sub == sub::kDifferences) {
    proposal.sentence =
        "Small values are multiples of 2^-24, which is f16's lattice and also that of differences of f32 numbers near "
        "one: the codes fit these as well.";
    proposal.would_change = "an original to compare with";
  } else if (decision.sub == sub::kArithmetic) {
    proposal.sentence = arithmetic_words(m);
    proposal.would_change = "the tensors that this one was computed from";
  } else if (decision.sub == sub::kScaledGrid) {
    proposal.sentence = other_lattice_words(m);
    proposal.sentence.append(": a scaled f16 tensor or another fixed-point source; the lattice does not say which.");
    proposal.would_change = "knowing what the tensor was multiplied by";
  } else if (decision.sub == sub::kPartialGap) {
    proposal.sentence = gap_words(m).append(
        "; the zeros hold the rest: f16 that flushed them in a part of the tensor, or values that were set to zero "
        "there.");
    proposal.would_change = "an original to compare with";
  } else if (decision.sub == sub::kNoSupport) {
    proposal.sentence =
        "No value is near enough to zero for a trip through f16 to change it: with or without one, the bits "
        "are the same.";
    proposal.would_change = "nothing in the file; an original to compare with";
  } else if (const double hint = hint_bits(m, decision); hint >= kHintBits) {
    proposal.sentence = std::string("Not enough evidence for a finding: ").append(short_number(hint));
    proposal.sentence.append(" bits of the ").append(short_number(threshold)).append(" it needs for ");
    proposal.sentence.append(hinted_at(m, decision)).append(".");
    proposal.would_change = std::string("about ")
                                .append(grouped_rounded(static_cast<double>(m.elements()) * threshold / hint))
                                .append(" values of this spread");
  } else {
    proposal.sentence = "Too few values: ";
    proposal.sentence.append(m.grid.values == 0 ? std::string("none is") : counted(m.grid.values, "is", "are"));
    proposal.sentence.append(" below 7.6e-06, where f16 leaves its mark.");
    proposal.would_change = needed == 0 ? std::string("more values")
                                        : std::string("about ")
                                              .append(grouped_rounded(static_cast<double>(needed)))
                                              .append(" values of this spread");
  }
}

}  // namespace

Proposal history_proposal(const Measured& m, const Decision& decision, double threshold) {
  Proposal proposal;
  proposal.verdict = decision.verdict;
  proposal.sub = decision.sub;
  proposal.bits = decision.bits;
  switch (decision.verdict) {
    case AuditVerdict::f16_grid:
      say_f16_grid(m, decision, proposal);
      break;
    case AuditVerdict::p11_source:
      say_p11(m, decision, proposal);
      break;
    case AuditVerdict::mixed:
      say_mixed(m, *decision.mixture, proposal);
      break;
    case AuditVerdict::consistent:
      if (decision.sub == sub::kArithmetic)
        say_bf16_arithmetic(m, proposal);
      else
        say_consistent(m, threshold, proposal);
      break;
    case AuditVerdict::truncated:
      proposal.sentence =
          std::string("Values were cut off instead of rounded: ").append(truncation_words(m)).append(".");
      if (has_other_lattice(m)) proposal.sentence.append(" ").append(other_lattice_words(m)).append(".");
      proposal.would_change = "nothing in the file";
      break;
    default:
      say_undecidable(m, decision, threshold, proposal);
  }
  return proposal;
}

}  // namespace candor::audit_internal
