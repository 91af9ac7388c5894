// Jobs shared among threads, with progress, cancellation, and the first error kept.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

#include "candor/diff.h"

namespace candor::audit_internal::comparison {

class Crew {
 public:
  /// errors   ValueError (a number of threads that makes no sense)
  explicit Crew(const DiffOptions& options);

  /// Calls `job(i)` for every i < jobs; each returns the bytes that are done then. The order is not defined.
  /// errors   what a job throws, Cancelled
  void run(std::string_view what, std::size_t jobs, std::uint64_t total_bytes,
           const std::function<std::uint64_t(std::size_t)>& job) const;
  /// Set when the work is to end.
  const std::atomic<bool>* cancel() const { return options_.cancel; }

 private:
  const DiffOptions& options_;
  unsigned threads_;
};

/// errors   Cancelled when `cancel` is there and true
void throw_if_cancelled(const std::atomic<bool>* cancel);

}  // namespace candor::audit_internal::comparison
