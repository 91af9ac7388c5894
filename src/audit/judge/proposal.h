// One question about a tensor: it records what it measured in the evidence, and may propose the verdict.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "audit/fingerprint.h"
#include "audit/judge/magnitudes.h"
#include "audit/judge/measured.h"
#include "candor/audit.h"

namespace candor::audit_internal {

/// Of a mixture: the part of the values that is concerned, and its interval of at least 95 %.
struct PartShare {
  double value = 0, low = 0, high = 0;
};

struct Proposal {
  AuditVerdict verdict = AuditVerdict::undecidable;
  std::string sub;
  double bits = 0;
  std::string sentence, would_change, note;
  std::optional<PartShare> share;
};

struct Question {
  const Fingerprint& tensor;
  const std::optional<Measured>& measured;  // measure(tensor)
  const MagnitudeTable& magnitudes;         // magnitudes_of(tensor)
  double threshold_bits;
  AuditEvidence& evidence;  // tests are appended
};

/// The p-value of a test that weighs a likelihood ratio, or adds what a search costs: were the values rounded once from
/// a wide source, `bits` would be reached with no more than this probability (Markov's inequality on an e-value).
inline void bound_p_value(AuditTest& test) {
  test.p_value = std::exp2(-std::clamp(test.bits, 0.0, 1000.0));
  test.p_is_bound = true;
}

// In the order in which they are asked; the first proposal is the verdict, all tests are recorded.
std::optional<Proposal> ask_structure(const Question& question);    // empty, constants, masks, tables, few codes
std::optional<Proposal> ask_bit_view(const Question& question);     // f16 bits called BF16, swapped bytes, integers
std::optional<Proposal> ask_significand(const Question& question);  // widened: A5, f16 that was bf16, fp8 codes
std::optional<Proposal> ask_blocks(const Question& question);       // dequantised: A6
std::optional<Proposal> ask_smoothness(const Question& question);   // gate: what follows needs a smooth density
std::optional<Proposal> ask_history(const Question& question);      // parity, zero mantissa, grid, mixture, power

}  // namespace candor::audit_internal
