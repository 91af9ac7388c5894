// How an audit ends when nobody waits for it any more.
#pragma once

#include <atomic>

#include "candor/error.h"

namespace candor::audit_internal {

/// errors   Cancelled when `cancel` is there and true
inline void require_not_cancelled(const std::atomic<bool>* cancel) {
  if (cancel != nullptr && cancel->load(std::memory_order_relaxed))
    throw Cancelled("audit: cancelled; nothing was written");
}

}  // namespace candor::audit_internal
