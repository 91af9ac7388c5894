// The tests of ask_history as they are recorded.
#include <algorithm>
#include <cmath>

#include "audit/judge/history_words.h"
#include "audit/number_words.h"

namespace candor::audit_internal {

namespace {

AuditTest parity_test(const Measured& m, double threshold) {
  AuditTest test;
  test.name = "parity";
  if (m.parity.used == 0) {
    test.not_run = "no binade whose values spread over six codes or more";
    return test;
  }
  test.statistic = test.low = test.high = m.parity.z;
  test.p_value = m.parity.p_value;
  test.bits = m.parity_bits();
  test.used = m.parity.used;
  test.needed = m.needed_for_parity(threshold);
  test.text = std::string("z = ").append(short_number(m.parity.z)).append(": ").append(percent(m.parity.even_share()));
  test.text.append(" even codes over ").append(grouped(m.parity.used)).append(" values; 56.2 % after 11 bits");
  return test;
}

AuditTest zero_test(const Measured& m, double threshold) {
  AuditTest test;
  test.name = "zero mantissa";
  if (m.zero.around == 0) {
    test.not_run = "no power of two with smooth surroundings";
    return test;
  }
  test.statistic = m.zero.ratio;
  test.low = m.zero.low;
  test.high = m.zero.high;
  test.p_value = m.zero.p_value;
  test.bits = m.zero_bits();
  test.used = m.zero.powers + m.zero.around;
  test.needed = m.needed_for_zero(threshold);
  test.text = std::string("R = ").append(short_number(m.zero.ratio)).append(" (").append(short_number(m.zero.low));
  test.text.append(" to ").append(short_number(m.zero.high)).append("): 0.75 when rounded to nearest, 1 when cut off");
  return test;
}

AuditTest grid_test(const Measured& m, double threshold) {
  AuditTest test;
  test.name = "grid";
  test.needed = m.needed_for_grid(threshold);
  if (m.grid.values == 0) {
    test.not_run = m.density == 0 ? "no value below 7.6e-06, and none to be expected" : "no value below 7.6e-06";
    return test;
  }
  test.statistic = test.low = test.high = static_cast<double>(m.grid.off_values);
  test.p_value = m.grid.p_value;
  test.bits = m.has_f16_witness() ? std::min(0.0, m.lattice_likelihood()) : m.grid_bits();
  test.used = m.grid.values;
  test.text = grouped(m.grid.off_values).append(" of ").append(counted(m.grid.values, "value", "values"));
  test.text.append(" below 7.6e-06 off the lattice 2^-24; ").append(expected_of(m.grid.expected_off, m.grid.values));
  test.text.append(" expected (")
      .append(counted(static_cast<std::uint64_t>(m.grid.distinct), "code", "different codes"));
  test.text.append(")");
  return test;
}

AuditTest gap_test(const Measured& m) {
  AuditTest test;
  test.name = "gap";
  if (m.gap.band == 0) {
    test.not_run = "no value between 6.1e-05 and 2.4e-04";
    return test;
  }
  if (!m.gap.fits && !m.gap.fits_part) {
    test.not_run = "the density above 6.1e-05 is not level, or what is missing below is not among the zeros";
    return test;
  }
  test.statistic = test.low = test.high = static_cast<double>(m.gap.below);
  test.bits = m.gap_bits();
  test.p_value = std::exp2(-m.gap.bits);
  test.used = m.gap.below + m.gap.band;
  test.text = counted(m.gap.below, "value", "values").append(" between 0 and 6.1e-05, where ");
  test.text.append(grouped(m.gap.band / 3)).append(" were expected from the band above");
  if (m.gap.fits_part) test.text.append("; pruning may leave that too");
  return test;
}

AuditTest quantum_test(const Measured& m) {
  AuditTest test;
  test.name = "quantum";
  if (m.quantum.bits <= 0) {
    test.not_run = "small values lie on no lattice";
    return test;
  }
  test.statistic = test.low = test.high = m.quantum.exponent;
  test.bits = m.quantum.bits;
  bound_p_value(test);
  test.used = m.codes.below(std::min(127, m.quantum.exponent + 7));
  test.text = std::string("the smallest values are multiples of ").append(power_of_two(m.quantum.exponent));
  return test;
}

AuditTest mixture_test(const Measured& m, const Decision& decision) {
  AuditTest test;
  test.name = "mixture";
  if (!decision.mixture) {
    test.not_run = has_partial_gap(m) ? "a part that was flushed would explain the values, and so does pruning"
                                      : "no history explains a part of the values better than one rounding does";
    return test;
  }
  const Mixture& mixture = *decision.mixture;
  test.statistic = mixture.fit.share;
  test.low = mixture.fit.low;
  test.high = mixture.fit.high;
  test.bits = mixture.bits;
  bound_p_value(test);
  test.text = std::string(mixture_name(mixture)).append(": ").append(percent(mixture.fit.share));
  test.text.append(" of the values (").append(percent(mixture.fit.low)).append(" to ");
  test.text.append(percent(mixture.fit.high)).append(")");
  return test;
}

}  // namespace

std::vector<AuditTest> history_tests(const Measured& m, const Decision& decision, double threshold) {
  return {parity_test(m, threshold), zero_test(m, threshold),  grid_test(m, threshold), gap_test(m),
          quantum_test(m),           mixture_test(m, decision)};
}

}  // namespace candor::audit_internal
