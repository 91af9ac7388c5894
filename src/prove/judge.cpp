#include <algorithm>
#include <cstdio>
#include <map>

#include "prove/inference.h"

namespace candor::prove {
namespace {

std::string number(double value, int digits = 9) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

/// Two numbers with as many digits as it takes to see that they differ: f64 may need 17.
std::string differing(double x, const std::string& between, double y) {
  const int digits = number(x) == number(y) ? 17 : 9;
  return number(x, digits) + between + number(y, digits);
}

/// The standing hypothesis that is nearest to the claim.
const Arithmetic* nearest(const std::vector<Arithmetic>& standing, const Arithmetic& claim, Questions asked) {
  const auto it = std::min_element(standing.begin(), standing.end(), [&](const Arithmetic& x, const Arithmetic& y) {
    return distance(claim, x, asked) < distance(claim, y, asked);
  });
  return it == standing.end() ? nullptr : &*it;
}

/// Answers other than that of `found`, which stands: for each the canary that spoke against `found` with it changed.
std::string evidence_for(const Experiment& experiment, const Inference& inference, const Arithmetic& found,
                         Question question) {
  std::string text;
  for (std::size_t h = 0; h < inference.hypotheses.size(); ++h) {
    const Arithmetic& other = inference.hypotheses[h];
    if (inference.ruled_out[h] < 0 || distance(found, other, experiment.asked()) != 1) continue;
    if (answer(found, question) == answer(other, question)) continue;
    const auto& seen = inference.observations[static_cast<std::size_t>(inference.ruled_out[h])];
    const std::string ruled_out = "not " + answer(other, question) + " (";
    if (text.find(ruled_out) != std::string::npos) continue;  // they differ in what is not asked
    text += (text.empty() ? "" : "; ") + ruled_out + experiment.canary(seen.canary).name + ")";
  }
  return text;
}

/// False where everything that is considered answers alike: how results are rounded where none is.
bool has_rival(const Inference& inference, const Arithmetic& claim, Question question) {
  return std::any_of(inference.hypotheses.begin(), inference.hypotheses.end(),
                     [&](const Arithmetic& other) { return answer(other, question) != answer(claim, question); });
}

ProofAnswer proof_answer(const Experiment& experiment, const Inference& inference, const Arithmetic& claim,
                         const std::vector<Arithmetic>& standing, Question question) {
  const Arithmetic* best = nearest(standing, claim, experiment.asked());
  ProofAnswer result{question_text(question), answer(claim, question), "", "", ProofVerdict::proven};
  if (best == nullptr) {
    result.found = "nothing considered explains the results";
    result.verdict = ProofVerdict::mismatch;
    return result;
  }
  result.found = answer(*best, question);
  if (result.found != result.claimed) {
    result.verdict = ProofVerdict::mismatch;
    return result;
  }
  result.evidence = evidence_for(experiment, inference, *best, question);  // the claim, if it stands
  for (const Arithmetic& other : standing) {
    if (answer(other, question) == result.claimed) continue;
    result.verdict = ProofVerdict::unseen;
    const std::string alike = "cannot be told from " + answer(other, question);
    if (result.evidence.find(alike) == std::string::npos)
      result.evidence += (result.evidence.empty() ? "" : "; ") + alike;
  }
  return result;
}

/// The first canary whose result is not what the claim predicts: "257 ones: 257 was predicted, 256 came out (M=1)".
std::string contradiction(const Experiment& experiment, const Inference& inference, const Arithmetic& claim) {
  for (const Observation& seen : inference.observations)
    for (const Result& result : seen.results)
      if (const Prediction p = experiment.predict(seen.canary, claim); !p.contains(result.value))
        return experiment.canary(seen.canary).name + ": " + differing(p.low, " was predicted, ", result.value) +
               " came out" + (result.place.empty() ? "" : " (" + result.place + ")");
  return "";
}

/// "M=1 gives 257, M=40 gives 256 (257 ones)": the places of the op do not agree. "" when they do.
std::string disagreement(const Experiment& experiment, const Inference& inference) {
  for (const Observation& seen : inference.observations)
    for (const Result& result : seen.results)
      if (!exactly(seen.results[0].value).contains(result.value))
        return "results differ: " + seen.results[0].place + " gives " + number(seen.results[0].value) + ", " +
               result.place + " gives " + number(result.value) + " (" + experiment.canary(seen.canary).name + ")";
  return "";
}

std::vector<ProofCanary> canaries_of(const Experiment& experiment, const Inference& inference,
                                     const Arithmetic& claim) {
  std::vector<ProofCanary> all;
  for (const Observation& seen : inference.observations) {
    const Canary& canary = experiment.canary(seen.canary);
    const Prediction p = experiment.predict(seen.canary, claim);
    ProofCanary out{canary.name, canary.input, p.low, p.high, seen.results[0].value, true};
    for (const Result& result : seen.results) {
      if (p.contains(result.value)) continue;
      out.found = result.value;
      out.agrees = false;
    }
    all.push_back(out);
  }
  return all;
}

std::string finding_of(const Experiment& experiment, const Inference& inference, const Arithmetic& claim,
                       const std::vector<Arithmetic>& standing) {
  const std::string places = disagreement(experiment, inference);
  if (!places.empty()) return places;
  const std::string wrong = contradiction(experiment, inference, claim);
  if (wrong.empty()) return "";
  const Arithmetic* best = nearest(standing, claim, experiment.asked());
  const std::string how =
      best == nullptr ? "no arithmetic considered explains it" : deviation(claim, *best, experiment.asked());
  return how + " (" + wrong + ")";
}

}  // namespace

Arithmetic claim_of(const KernelRow& row, const Experiment& experiment) {
  const auto asks = [&](Question question) { return (experiment.asked() & question) != 0; };
  const Precision& p = row.precision;
  Arithmetic claim;
  DType sums = p.accumulate;
  claim.order = experiment.usual_order();
  claim.flushes = asks(kSubnormals) && flushes_denormals(row.instruction_class);
  switch (row.instruction_class) {
    case InstructionClass::f64_loop:  // plain loops, wider than any operand
      sums = DType::f64;
      claim.order = Order::rising;
      break;
    case InstructionClass::bit_move:
    case InstructionClass::convert_rne:
    case InstructionClass::f32_fma:
    case InstructionClass::f32_fma_ftz:
    case InstructionClass::x86_dpbf16_ftz:
    case InstructionClass::compare:
      break;
  }
  if (asks(kAccumulate)) claim.accumulate = sums;
  if (asks(kScoreSum)) claim.score_sum = sums;
  if (asks(kWeightSum)) claim.weight_sum = sums;
  const bool rounds_operands = p.compute != DType::f32 && p.compute != DType::f64 && p.compute != DType::any;
  if (rounds_operands && asks(kEntryA)) claim.entry_a = p.compute;
  if (rounds_operands && asks(kEntryB)) claim.entry_b = p.compute;
  if (rounds_operands && asks(kEntryC)) claim.entry_c = p.compute;
  return claim;
}

RowProof described(const KernelRow& row) {
  RowProof proof;
  proof.op = row.op;
  proof.kernel = row.name;
  proof.isa = isa_name(row.isa);
  proof.instruction_class = instruction_class_name(row.instruction_class);
  proof.precision = row.precision;
  return proof;
}

RowProof judge(const KernelRow& row, const Experiment& experiment, const Inference& inference) {
  const Arithmetic claim = claim_of(row, experiment);
  const std::vector<Arithmetic> standing = inference.standing();
  RowProof proof = described(row);
  proof.canaries = canaries_of(experiment, inference, claim);
  proof.finding = finding_of(experiment, inference, claim, standing);
  for (const Question question : kEveryQuestion)
    if ((experiment.asked() & question) && has_rival(inference, claim, question))
      proof.answers.push_back(proof_answer(experiment, inference, claim, standing, question));
  for (const ProofAnswer& answer : proof.answers) proof.verdict = std::max(proof.verdict, answer.verdict);
  if (inference.observations.empty()) {
    proof.verdict = ProofVerdict::unseen;
    proof.finding = "the row refused every canary";
  }
  if (!proof.finding.empty() && !inference.observations.empty()) proof.verdict = ProofVerdict::mismatch;
  return proof;
}

}  // namespace candor::prove
