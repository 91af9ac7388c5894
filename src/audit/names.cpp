#include "candor/audit.h"

namespace candor {

std::string_view audit_verdict_name(AuditVerdict verdict) {
  switch (verdict) {
    case AuditVerdict::consistent:
      return "consistent";
    case AuditVerdict::f16_grid:
      return "f16-grid";
    case AuditVerdict::p11_source:
      return "p11-source";
    case AuditVerdict::truncated:
      return "truncated";
    case AuditVerdict::widened:
      return "widened";
    case AuditVerdict::dequantised:
      return "dequantised";
    case AuditVerdict::mislabelled:
      return "mislabelled";
    case AuditVerdict::mixed:
      return "mixed";
    case AuditVerdict::structured:
      return "structured";
    case AuditVerdict::undecidable:
      return "undecidable";
    case AuditVerdict::unsupported:
      return "unsupported";
    case AuditVerdict::invalid:
      break;
  }
  return "invalid";
}

bool is_audit_finding(AuditVerdict verdict) {
  return verdict >= AuditVerdict::f16_grid && verdict <= AuditVerdict::mixed;
}

bool is_audit_finding(const TensorAudit& tensor) {
  return is_audit_finding(tensor.verdict) && tensor.sub != kAuditByDesign;
}

bool is_audit_finding(const CheckpointAudit& checkpoint) {
  return is_audit_finding(checkpoint.verdict) && checkpoint.sub != kAuditByDesign;
}

}  // namespace candor
