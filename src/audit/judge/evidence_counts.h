// Counts and spread of a tensor: everything of AuditEvidence that no test has to decide.
#pragma once

#include "audit/fingerprint.h"
#include "candor/audit.h"

namespace candor::audit_internal {

void fill_counts(const Fingerprint& tensor, AuditEvidence& evidence);

}  // namespace candor::audit_internal
