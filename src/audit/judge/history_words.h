// Plain sentences for what ask_history found.
#pragma once

#include <vector>

#include "audit/judge/decide.h"
#include "audit/judge/proposal.h"
#include "candor/audit.h"

namespace candor::audit_internal {

std::vector<AuditTest> history_tests(const Measured& measured, const Decision& decision, double threshold_bits);
Proposal history_proposal(const Measured& measured, const Decision& decision, double threshold_bits);

}  // namespace candor::audit_internal
