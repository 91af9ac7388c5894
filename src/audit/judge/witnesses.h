// The single values to look up that go with a verdict.
#pragma once

#include <string_view>
#include <vector>

#include "audit/fingerprint.h"
#include "candor/audit.h"

namespace candor::audit_internal {

/// At most eight, those of the finding first. `sub`: of the verdict; what it has before "-in-" decides which values are
/// shown as narrow.
std::vector<AuditWitness> name_witnesses(const Fingerprint& tensor, AuditVerdict verdict, std::string_view sub);

}  // namespace candor::audit_internal
