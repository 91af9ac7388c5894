#include "audit/judge/judge.h"

#include <algorithm>
#include <array>
#include <utility>

#include "audit/judge/evidence_counts.h"
#include "audit/judge/few_values.h"
#include "audit/judge/proposal.h"
#include "audit/judge/witnesses.h"
#include "audit/number_words.h"
#include "audit/tensor_notes.h"
#include "core/formats.h"

namespace candor::audit_internal {

namespace {

// A contradiction between two labels is a fact, not a statistic: as good as any threshold.
constexpr double kFactBits = 64;

std::optional<Proposal> ask_label(const LabelFacts& label, const Question& question) {
  AuditTest test;
  test.name = "label";
  if (label.contradiction.empty()) {
    test.text = "no label contradicts the header";
    question.evidence.tests.push_back(test);
    return std::nullopt;
  }
  test.bits = std::max(kFactBits, question.threshold_bits);
  test.p_value = 0;  // no chance is in it
  test.used = 1;
  test.text = label.contradiction;
  question.evidence.tests.push_back(test);
  Proposal proposal;
  proposal.verdict = AuditVerdict::mislabelled;
  proposal.sub = label.sub;
  proposal.bits = test.bits;
  proposal.sentence = std::string("The labels contradict each other: ").append(label.contradiction).append(".");
  proposal.would_change = "a label that is corrected";
  return proposal;
}

bool is_judged(DType dtype) {
  constexpr std::array kJudged = {DType::bf16, DType::f16, DType::f32, DType::f64, DType::f8_e4m3, DType::f8_e5m2};
  return std::find(kJudged.begin(), kJudged.end(), dtype) != kJudged.end();
}

bool uses_more_than_bf16(const Fingerprint& tensor) {
  if (tensor.dtype == DType::f32 || tensor.dtype == DType::f64) return tensor.code_dtype == DType::any;
  if (tensor.dtype != DType::f16) return false;
  return std::any_of(tensor.codes.begin(), tensor.codes.end(), [](const auto& code) {
    const std::uint32_t bits = f32_bits(f16_bits_to_f32(static_cast<std::uint16_t>(code.first)));
    return (bits & 0x7f800000u) != 0x7f800000u && (bits & 0xffffu) != 0;
  });
}

// When no question had an answer: the tests of history are made for bf16.
Proposal last_word(const Fingerprint& tensor) {
  Proposal proposal;
  if (!is_judged(tensor.dtype)) {
    proposal.verdict = AuditVerdict::unsupported;
    proposal.sentence = std::string("Values of dtype ").append(tensor.type_name).append(" are not judged.");
    if (tensor.type_name == kUntypedNumpy) proposal.would_change = "--v2-as-bf16, if they are bf16";
  } else if (uses_more_than_bf16(tensor)) {
    proposal.verdict = AuditVerdict::consistent;
    proposal.sentence = std::string("The values have more bits than bf16 has, in ").append(tensor.type_name);
    proposal.sentence.append("; how they were rounded to it is asked of bf16 only.");
  } else {
    proposal.sub = "no-test";
    proposal.sentence = std::string("No test applies to these values of dtype ").append(tensor.type_name).append(".");
  }
  return proposal;
}

/// No finding: rows that are short of values are no proof of a scheme. But "nothing to judge" is not what they are, and
/// where f32 should have no value twice, "uses its width" says too much.
void tell_few_values(const Fingerprint& tensor, bool by_width, Proposal& decided) {
  if (is_audit_finding(decided.verdict) || decided.verdict == AuditVerdict::unsupported) return;
  if (decided.verdict == AuditVerdict::structured && decided.sub != "rough") return;
  const std::optional<FewValues> few = find_few_values(tensor);
  if (!few) return;
  const bool says_nothing = decided.sub == "no-support" || decided.sub == "rough" || (by_width && tensor.codes.empty());
  if (!says_nothing) {
    decided.note.append(decided.note.empty() ? "" : "; ").append(few_values_words(*few));
    return;
  }
  decided.verdict = AuditVerdict::undecidable;
  decided.sub = "few-values";
  decided.bits = 0;
  decided.sentence = as_sentence(few_values_words(*few));
  decided.would_change = "an original to compare with";
  decided.note.clear();
}

/// A label that is wrong decides, but what the values went through is to be seen too.
std::string values_say(const Proposal& proposal) {
  if (!is_audit_finding(proposal.verdict)) return "";
  std::string text("the values themselves are ");
  text.append(audit_verdict_name(proposal.verdict)).append(proposal.sub.empty() ? "" : "/").append(proposal.sub);
  text.append(": ").append(proposal.sentence);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

Proposal by_design(Proposal widened) {
  widened.sub = kAuditByDesign;
  widened.sentence.append(
      " GGUF keeps tensors of one dimension in F32: that is its convention, and no value was lost.");
  return widened;
}

TensorAudit described(const Fingerprint& tensor) {
  TensorAudit audit;
  audit.name = tensor.name;
  audit.file = tensor.file;
  audit.dtype = tensor.type_name;
  audit.element = tensor.dtype;
  audit.shape = tensor.shape;
  fill_counts(tensor, audit.evidence);
  return audit;
}

}  // namespace

TensorAudit judge(const Fingerprint& tensor, const std::optional<Measured>& measured, const LabelFacts& label,
                  double threshold_bits) {
  TensorAudit audit = described(tensor);
  std::optional<Proposal> verdict;
  if (is_judged(tensor.dtype)) {
    const MagnitudeTable magnitudes = magnitudes_of(tensor);
    const Question question{tensor, measured, magnitudes, threshold_bits, audit.evidence};
    bool by_label = false;
    const auto consider = [&](std::optional<Proposal> proposal) {
      if (!verdict)
        verdict = std::move(proposal);
      else if (proposal && by_label && verdict->note.empty())
        verdict->note = values_say(*proposal);
    };
    consider(ask_structure(question));
    by_label = !verdict && !label.contradiction.empty();  // bytes of another dtype have no history to tell
    consider(ask_label(label, question));
    consider(ask_bit_view(question));
    consider(ask_significand(question));
    consider(ask_blocks(question));
    consider(ask_smoothness(question));
    consider(ask_history(question));
  }
  Proposal decided = verdict ? std::move(*verdict) : last_word(tensor);
  tell_few_values(tensor, !verdict, decided);
  if (decided.verdict == AuditVerdict::widened && label.f32_by_convention) decided = by_design(std::move(decided));
  audit.verdict = decided.verdict;
  audit.witnesses = name_witnesses(tensor, decided.verdict, decided.sub);
  audit.sub = std::move(decided.sub);
  audit.bits = decided.bits;
  audit.sentence = std::move(decided.sentence);
  audit.would_change = std::move(decided.would_change);
  audit.note = std::move(decided.note);
  if (decided.share) {
    audit.evidence.share = decided.share->value;
    audit.evidence.share_low = decided.share->low;
    audit.evidence.share_high = decided.share->high;
  }
  return audit;
}

}  // namespace candor::audit_internal
