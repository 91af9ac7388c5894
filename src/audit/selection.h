// The tensors that are to be judged.
#pragma once

#include <string_view>
#include <vector>

#include "candor/audit.h"
#include "candor/io.h"

namespace candor::audit_internal {

/// True when `only` (empty: all) names the tensor and `exclude` does not.
bool is_selected(const std::string& name, const AuditOptions& options);

/// Entries of `checkpoint` that are selected, in the order of the file.
std::vector<const TensorEntry*> select_entries(const Checkpoint& checkpoint, const AuditOptions& options);

/// errors   ValueError: a pattern that matches none of these tensors
void check_patterns(const std::vector<std::string_view>& names, const AuditOptions& options);

/// errors   ValueError: a number of threads or a threshold that means nothing
void check_options(const AuditOptions& options);

}  // namespace candor::audit_internal
