// One question, or the first ones in their order, about a tensor made on the spot.
#pragma once

#include <optional>

#include "audit/judge/proposal.h"

namespace candor::audit_internal {

struct Asked {
  std::optional<Proposal> proposal;
  AuditEvidence evidence;

  AuditVerdict verdict() const { return proposal ? proposal->verdict : AuditVerdict::undecidable; }
  std::string sub() const { return proposal ? proposal->sub : "none"; }
  PartShare share() const { return proposal.value().share.value(); }
};

template <class Ask>
Asked ask(Ask&& question, const Fingerprint& tensor, double threshold_bits = 40) {
  Asked out;
  const std::optional<Measured> measured = measure(tensor);
  const MagnitudeTable magnitudes = magnitudes_of(tensor);
  out.proposal = question(Question{tensor, measured, magnitudes, threshold_bits, out.evidence});
  return out;
}

/// Structure, bit view, significand, blocks: what comes before statistics of the density.
inline Asked ask_first_four(const Fingerprint& tensor) {
  Asked out;
  const std::optional<Measured> measured = measure(tensor);
  const MagnitudeTable magnitudes = magnitudes_of(tensor);
  for (const auto& question : {ask_structure, ask_bit_view, ask_significand, ask_blocks}) {
    const std::optional<Proposal> said = question(Question{tensor, measured, magnitudes, 40, out.evidence});
    if (!out.proposal) out.proposal = said;
  }
  return out;
}

inline std::string said(const Asked& asked) {
  return asked.proposal ? asked.proposal->sub + ": " + asked.proposal->sentence : "nothing";
}

}  // namespace candor::audit_internal
