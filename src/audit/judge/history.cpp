// Parity, powers of two, f16's lattice, mixtures, and what could not be told.
#include "audit/judge/decide.h"
#include "audit/judge/history_words.h"
#include "audit/judge/proposal.h"

namespace candor::audit_internal {

namespace {

constexpr const char* kTestNames[] = {"parity", "zero mantissa", "grid", "gap", "quantum", "mixture"};

void record_not_run(AuditEvidence& evidence, const char* reason) {
  for (const char* name : kTestNames) {
    AuditTest test;
    test.name = name;
    test.not_run = reason;
    evidence.tests.push_back(test);
  }
}

}  // namespace

std::optional<Proposal> ask_history(const Question& question) {
  const std::optional<Measured>& measured = question.measured;
  if (!measured) {
    record_not_run(question.evidence, "not a histogram of bf16 codes");
    return std::nullopt;
  }
  question.evidence.density_at_zero = measured->density;
  if (!look_for_structure(measured->codes, measured->roughness).sub.empty()) {
    record_not_run(question.evidence, "the density is not smooth");
    return std::nullopt;
  }
  const Decision decision = decide(*measured, question.threshold_bits);
  for (AuditTest& test : history_tests(*measured, decision, question.threshold_bits)) {
    question.evidence.tests.push_back(std::move(test));
  }
  for (const HistoryLikelihood& history : measured->histories) {
    question.evidence.histories.push_back({std::string(history_name(history.history)), history.all().bits_at(kPure)});
  }
  if (measured->quantum.bits >= question.threshold_bits) question.evidence.quantum = measured->quantum.exponent;
  return history_proposal(*measured, decision, question.threshold_bits);
}

}  // namespace candor::audit_internal
