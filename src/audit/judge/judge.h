// From a fingerprint to a verdict. The order of the questions is that of docs/audit-theory.md.
#pragma once

#include "audit/fingerprint.h"
#include "audit/judge/measured.h"
#include "candor/audit.h"

namespace candor::audit_internal {

/// What the checkpoint says of itself, as far as it bears on one tensor.
struct LabelFacts {
  std::string contradiction;       // "config.json says bfloat16, the header F32"; empty: none
  std::string sub;                 // "label-vs-config", "label-vs-name"
  bool f32_by_convention = false;  // GGUF keeps tensors of one dimension in f32, whatever their values are
};

/// The verdict on one tensor, with all scores, whichever decided. `measured` is measure(tensor), which takes most of
/// the time and which the pool needs too.
TensorAudit judge(const Fingerprint& tensor, const std::optional<Measured>& measured, const LabelFacts& label,
                  double threshold_bits);

}  // namespace candor::audit_internal
