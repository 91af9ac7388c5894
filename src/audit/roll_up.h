// From the verdicts on tensors to one on their checkpoint.
#pragma once

#include <atomic>

#include "audit/judge/pool.h"
#include "candor/audit.h"

namespace candor::audit_internal {

/// Fills verdict, sub, bits, sentence and pooled from `tensors` and what they say together, and sorts these worst
/// first.
///
/// Tensors weigh by their elements. Judged are those that are consistent or a finding. A finding that holds 95 % of
/// them is the verdict; others are `mixed`, however small their tensors are: one is what people look for. Tensors of
/// an 11-bit source that may be TF32 count as f16 beside tensors that f16's lattice shows. Without a finding the
/// checkpoint is consistent when at least half of what might have been judged was; else the pooled evidence decides if
/// it reaches the threshold.
///   errors   Cancelled; `checkpoint` is half done then
void roll_up(CheckpointAudit& checkpoint, const EvidencePool& pool, const std::atomic<bool>* cancel = nullptr);

}  // namespace candor::audit_internal
