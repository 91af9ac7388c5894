// Counts, spread and witnesses of a tensor: everything of AuditEvidence that no test has to decide.
#pragma once

#include "audit/fingerprint.h"
#include "candor/audit.h"

namespace candor::audit_internal {

void fill_counts(const Fingerprint& tensor, AuditEvidence& evidence);
/// The single values to look up that go with a verdict, at most eight.
std::vector<AuditWitness> name_witnesses(const Fingerprint& tensor, AuditVerdict verdict);

}  // namespace candor::audit_internal
