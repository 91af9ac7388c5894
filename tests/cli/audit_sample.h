// Reports as an audit would give them, made by hand from seeded values: what
// the texts of `candor audit` are tried on.
#pragma once

#include "audit/recipes.h"
#include "candor/audit.h"

namespace candor::cli {

/// A matrix of that history with counts, pictures and witnesses taken from its
/// values. Verdict, bits and sentences are what the caller says, not what a
/// judge found.
TensorAudit sample_tensor(const std::string& name, audit_internal::Route route, double sigma = 0.02,
                          std::vector<std::int64_t> shape = {256, 512});
/// Levels of int4 in blocks of 32, with the distinct values of each block.
TensorAudit sample_dequantised(const std::string& name);

/// One checkpoint in which most tensors went through f16, some did not, and
/// some are too small.
CheckpointAudit sample_f16_checkpoint();
/// One tensor or more with every verdict, names and texts that are hostile to
/// every format.
CheckpointAudit sample_all_verdicts();
CheckpointAudit sample_genuine_checkpoint();
CheckpointAudit sample_refused_checkpoint();
AuditReport sample_report(std::vector<CheckpointAudit> checkpoints);

}  // namespace candor::cli
