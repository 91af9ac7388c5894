// Threads beside the caller's own, as many as the system gives.
#pragma once

#include <cstddef>
#include <functional>

namespace candor::audit_internal {

/// Calls `work(false)` here and `work(true)` in up to `helpers` threads; returns when all have. Where the system
/// refuses a thread, or has no room for what it will work with, there are fewer: it only takes longer. `work(true)`
/// throws nothing.
void work_with_helpers(std::size_t helpers, const std::function<void(bool helper)>& work);

}  // namespace candor::audit_internal
