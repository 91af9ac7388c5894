#include "audit/scan/scan.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <thread>

#include "audit/cancelled.h"
#include "audit/scan/helpers.h"
#include "audit/scan/tensor_scan.h"

namespace candor::audit_internal {
namespace {

constexpr std::size_t kMostWaiting = 32;  // fingerprints; of 0.1 to 1 MB each

struct Stopped {};  // another worker failed

struct Job {
  std::shared_ptr<TensorScan> tensor;
  std::size_t index = 0;  // of the tensor
  std::uint64_t span = 0;
};

class Scan {
 public:
  Scan(const Checkpoint& checkpoint, std::span<const TensorEntry* const> entries, const ScanOptions& options,
       const FingerprintSink& sink)
      : checkpoint_(checkpoint), entries_(entries), options_(options), sink_(sink) {
    for (const TensorEntry* entry : entries) total_ += entry->nbytes;
  }

  void run() {
    work_with_helpers(thread_count() - 1, [this](bool helper) { work(!helper); });
    if (failure_) std::rethrow_exception(failure_);
    report();
  }

 private:
  std::size_t thread_count() const {
    constexpr std::uint64_t kWorthAThread = std::uint64_t{256} << 10;  // bytes
    const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
    const std::size_t wanted = options_.threads > 0 ? static_cast<std::size_t>(options_.threads) : cores;
    return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, total_ / kWorthAThread + 1));
  }

  void work(bool caller) {
    try {
      const std::unique_ptr<SpanCounter> counter = make_counter(caller);
      if (!counter) return;
      const Tick tick = [this, caller](std::uint64_t bytes) { count(bytes, caller); };
      count(0, caller);
      while (std::optional<Job> job = next())
        if (job->tensor->scan(job->span, *counter, tick)) deliver(job->index, job->tensor->finish(tick));
    } catch (const Stopped&) {
    } catch (...) {
      fail(std::current_exception());
    }
  }

  /// Nothing when a helper has no memory for it: it has taken no work yet, and the others do all.
  static std::unique_ptr<SpanCounter> make_counter(bool caller) {
    try {
      return std::make_unique<SpanCounter>();
    } catch (const std::bad_alloc&) {
      if (caller) throw;
      return nullptr;
    }
  }

  void count(std::uint64_t bytes, bool caller) {
    done_.fetch_add(bytes, std::memory_order_relaxed);
    if (stopped_.load(std::memory_order_relaxed)) throw Stopped{};
    require_not_cancelled(options_.cancel);
    if (caller) report();
  }

  void report() const {
    if (options_.progress) options_.progress({"auditing", "bytes", done_.load(std::memory_order_relaxed), total_});
  }

  /// Spans are dealt in the order of the file, so that the tensor whose turn it is to be delivered is being scanned.
  std::optional<Job> next() {
    const std::lock_guard lock(mutex_);
    if (stopped_) throw Stopped{};
    if (!current_.tensor || current_.span == current_.tensor->spans()) {
      if (dealt_ == entries_.size()) return std::nullopt;
      current_ = {std::make_shared<TensorScan>(checkpoint_, *entries_[dealt_]), dealt_, 0};
      ++dealt_;
    }
    Job job = current_;
    ++current_.span;
    return job;
  }

  /// Hands over what has its turn, or leaves it to the thread that is doing so.
  void deliver(std::size_t index, Fingerprint fingerprint) {
    std::unique_lock lock(mutex_);
    waiting_.emplace(index, std::move(fingerprint));
    // Whoever scans the tensor that has its turn never waits here for long: it is in waiting_ then.
    room_.wait(lock, [this] {
      return stopped_ || waiting_.size() <= kMostWaiting || (!delivering_ && waiting_.begin()->first == turn_);
    });
    if (delivering_) return;
    delivering_ = true;
    while (!stopped_ && !waiting_.empty() && waiting_.begin()->first == turn_) {
      Fingerprint next = std::move(waiting_.extract(waiting_.begin()).mapped());
      lock.unlock();
      sink_(std::move(next));
      lock.lock();
      ++turn_;
      room_.notify_all();
    }
    delivering_ = false;
  }

  void fail(std::exception_ptr failure) {
    {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = failure;
      stopped_ = true;
    }
    room_.notify_all();
  }

  const Checkpoint& checkpoint_;
  const std::span<const TensorEntry* const> entries_;
  const ScanOptions& options_;
  const FingerprintSink& sink_;
  std::uint64_t total_ = 0;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> stopped_{false};

  std::mutex mutex_;  // of everything below
  std::condition_variable room_;
  Job current_;
  std::size_t dealt_ = 0;
  std::map<std::size_t, Fingerprint> waiting_;
  std::size_t turn_ = 0;
  bool delivering_ = false;  // stays when the sink throws: nothing is delivered after that
  std::exception_ptr failure_;
};

}  // namespace

void scan_checkpoint(const Checkpoint& checkpoint, std::span<const TensorEntry* const> entries,
                     const ScanOptions& options, const FingerprintSink& sink) {
  Scan(checkpoint, entries, options, sink).run();
}

}  // namespace candor::audit_internal
