// Everything that an audit says, as text: two reports are the same when their texts are.
#pragma once

#include <string>

#include "candor/audit.h"

namespace candor::audit_internal {

/// Every field in the order of candor/audit.h, doubles to the last bit.
std::string everything_in(const TensorAudit& tensor);
std::string everything_in(const AuditReport& report);  // but the seconds

}  // namespace candor::audit_internal
