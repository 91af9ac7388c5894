// Which verdict a reader should see first.
#pragma once

#include <algorithm>
#include <vector>

#include "candor/audit.h"

namespace candor::audit_internal {

/// Larger is worse: a file that cannot be read, then findings by how much was lost, then what is not known.
constexpr int severity(AuditVerdict verdict) {
  switch (verdict) {
    case AuditVerdict::invalid:
      return 11;
    case AuditVerdict::mislabelled:
      return 10;
    case AuditVerdict::dequantised:
      return 9;
    case AuditVerdict::f16_grid:
      return 8;
    case AuditVerdict::truncated:
      return 7;
    case AuditVerdict::p11_source:
      return 6;
    case AuditVerdict::mixed:
      return 5;
    case AuditVerdict::widened:
      return 4;
    case AuditVerdict::undecidable:
      return 3;
    case AuditVerdict::unsupported:
      return 2;
    case AuditVerdict::structured:
      return 1;
    case AuditVerdict::consistent:
      break;
  }
  return 0;
}

/// Of a report that has a checkpoint.
inline AuditVerdict worst_verdict(const std::vector<CheckpointAudit>& checkpoints) {
  return std::max_element(checkpoints.begin(), checkpoints.end(),
                          [](const CheckpointAudit& a, const CheckpointAudit& b) {
                            return severity(a.verdict) < severity(b.verdict);
                          })
      ->verdict;
}

}  // namespace candor::audit_internal
