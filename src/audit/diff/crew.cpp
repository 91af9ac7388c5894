#include "audit/diff/crew.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <string>
#include <thread>

#include "audit/scan/helpers.h"
#include "candor/error.h"

namespace candor::audit_internal::comparison {
namespace {

constexpr int kMostThreads = 1024;

/// What the threads of one run share.
class Run {
 public:
  Run(const DiffOptions& options, std::string_view what, std::size_t jobs, std::uint64_t total)
      : options_(options), what_(what), jobs_(jobs), total_(total) {}

  void work(const std::function<std::uint64_t(std::size_t)>& job) {
    try {
      for (std::size_t i = next_++; i < jobs_ && !failed_; i = next_++) {
        throw_if_cancelled(options_.cancel);
        report(job(i));
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      failed_ = true;
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void report(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    done_ += bytes;
    if (options_.progress && total_ > 0) options_.progress({what_, "bytes", std::min(done_, total_), total_});
  }

  const DiffOptions& options_;
  std::string_view what_;
  std::size_t jobs_;
  std::uint64_t total_, done_ = 0;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::exception_ptr error_;
};

}  // namespace

Crew::Crew(const DiffOptions& options)
    : options_(options), threads_(std::max(1u, std::thread::hardware_concurrency())) {
  if (options.threads < 0 || options.threads > kMostThreads)
    throw ValueError("diff: " + std::to_string(options.threads) + " threads; 0 (one per core) to " +
                     std::to_string(kMostThreads) + " are possible");
  if (options.threads > 0) threads_ = static_cast<unsigned>(options.threads);
}

void Crew::run(std::string_view what, std::size_t jobs, std::uint64_t total_bytes,
               const std::function<std::uint64_t(std::size_t)>& job) const {
  Run run(options_, what, jobs, total_bytes);
  const std::size_t threads = std::clamp<std::size_t>(jobs, 1, threads_);
  work_with_helpers(threads - 1, [&](bool) { run.work(job); });
  run.rethrow();
}

void throw_if_cancelled(const std::atomic<bool>* cancel) {
  if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) throw Cancelled("diff: cancelled");
}

}  // namespace candor::audit_internal::comparison
