// The report of a comparison: sentences, classes of tensors, and the worst first.
#pragma once

#include <string>
#include <vector>

#include "audit/diff/judgement.h"

namespace candor::audit_internal::comparison {

/// `several`: one of the files has more than one tensor, so that sentences name theirs.
DiffReport make_report(const std::string& path_a, const std::string& path_b, bool several,
                       std::vector<JudgedPair> pairs);

}  // namespace candor::audit_internal::comparison
