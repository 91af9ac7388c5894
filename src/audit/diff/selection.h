// Which tensors --only and --exclude leave.
#pragma once

#include <string>
#include <vector>

#include "candor/diff.h"
#include "candor/io.h"

namespace candor::audit_internal::comparison {

/// errors   ValueError (a pattern that names no tensor of either)
void check_patterns(const Checkpoint& a, const Checkpoint& b, const DiffOptions& options);

/// A pair is compared when one of its names is wanted and none is excluded; "" is no name.
bool is_selected(const std::string& name_a, const std::string& name_b, const DiffOptions& options);

}  // namespace candor::audit_internal::comparison
