// The gate: tables, lattices and masks are not judged by tests that need a smooth density.
#include <algorithm>
#include <cmath>

#include "audit/judge/proposal.h"
#include "audit/judge/roughness.h"
#include "audit/number_words.h"

namespace candor::audit_internal {

namespace {

// Real weights are smooth to a few percent; a table that repeats its values has an amplitude of about one.
constexpr double kRoughAmplitude = 0.3, kRoughGroups = 0.6, kSureBits = 20;
constexpr double kMostInSpikes = 0.3, kMostInOneCode = 0.5, kMostZeros = 0.95;
constexpr std::uint64_t kFewValues = 64;

}  // namespace

Gate look_for_structure(const FoldedCodes& codes, const Roughness& roughness) {
  const auto values = static_cast<double>(codes.values), zeros = static_cast<double>(codes.zeros);
  const std::uint64_t above = codes.values - codes.below(kHighestGridBinade + 1);
  if (zeros > kMostZeros * (values + zeros) && codes.values + codes.zeros >= kFewValues) {
    return {"sparse", percent(zeros / (values + zeros)).append(" of the elements are zero")};
  }
  if (above < kFewValues) return {};
  if (roughness.largest_share > kMostInOneCode) {
    return {"constant", percent(roughness.largest_share).append(" of the values are one and the same")};
  }
  if (roughness.usable.empty()) return {"narrow", "the values spread over fewer than six codes"};
  if (roughness.spike_share > kMostInSpikes) {
    return {"rough", percent(roughness.spike_share)
                         .append(" of the values are at codes that stand out from their "
                                 "neighbours")};
  }
  if ((roughness.amplitude > kRoughAmplitude && roughness.amplitude_bits > kSureBits) ||
      roughness.group_amplitude > kRoughGroups) {
    return {"rough", std::string("neighbouring codes differ by ")
                         .append(percent(std::max(roughness.amplitude, roughness.group_amplitude)))
                         .append(" where a smooth density differs by a few")};
  }
  return {};
}

std::optional<Proposal> ask_smoothness(const Question& question) {
  AuditTest test;
  test.name = "smoothness";
  const std::optional<Measured>& measured = question.measured;
  if (!measured || measured->codes.values == 0) {
    test.not_run = measured ? "no value but zero" : "not a histogram of bf16 codes";
    question.evidence.tests.push_back(test);
    return std::nullopt;
  }
  const Roughness& roughness = measured->roughness;
  test.statistic = test.low = test.high = roughness.dispersion;
  test.used = roughness.used;
  test.text = std::string("neighbouring codes vary ")
                  .append(short_number(roughness.dispersion))
                  .append(" times as much as counting does; the largest code holds ")
                  .append(percent(roughness.largest_share))
                  .append(" of the values");
  const Gate gate = look_for_structure(measured->codes, roughness);
  test.bits = gate.sub.empty() ? 0 : std::max(kSureBits, roughness.amplitude_bits);
  test.p_value = std::exp2(-roughness.amplitude_bits);
  question.evidence.tests.push_back(test);
  if (gate.sub.empty()) return std::nullopt;
  Proposal proposal;
  proposal.verdict = AuditVerdict::structured;
  proposal.sub = gate.sub;
  proposal.bits = test.bits;
  proposal.sentence = std::string("Not a smooth density: ")
                          .append(gate.reason)
                          .append(
                              ". How such values were rounded "
                              "cannot be told from their codes.");
  proposal.would_change = "the program or the tensor that these values were computed from";
  return proposal;
}

}  // namespace candor::audit_internal
