#include "backend/cpu/threads.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>

#include "backend/cpu/cpuid.h"
#include "candor/error.h"
#include "core/ledger.h"

namespace candor::cpu {
namespace {

constexpr int kSpins = 4000;  // some 50 µs: longer than the gap between two ops of a decode step
constexpr std::size_t kAlignment = 64;
constexpr int kMaxWorkers = 1024;
constexpr int kSharesPerWorker = 4;  // a sleeping worker's neighbours lose a quarter of its work, not all of it
constexpr int kShareBits = 32;
constexpr std::uint64_t kNoShare = (std::uint64_t{1} << kShareBits) - 1;  // beyond the shares of any job

void pause() { __builtin_ia32_pause(); }

std::string thread_limit(int given, int workers) {
  return "threads: the system gave only " + std::to_string(given) + " of " + std::to_string(workers) +
         "; ask for at most " + std::to_string(given) + " or raise its limit (ulimit -u, ulimit -v)";
}

/// The one stream of the program; the pool behind it is exchanged under the lock that every op holds.
class CpuStream final : public Stream {
 public:
  explicit CpuStream(int workers) : pool_(std::make_unique<ThreadPool>(workers)), count_(workers) {}

  void lock() override { callers_.lock(); }
  void unlock() override { callers_.unlock(); }
  int workers() const override { return pool_->workers(); }
  void parallel(std::int64_t count, std::int64_t grain, Task task) override { pool_->parallel(count, grain, task); }
  std::byte* scratch(int worker, std::size_t bytes) override { return pool_->scratch(worker, bytes); }
  std::byte* shared_scratch(std::size_t bytes) override { return pool_->shared_scratch(bytes); }

  void exchange(int workers) {
    const std::lock_guard guard(callers_);
    if (pool_->workers() == workers) return;
    pool_ = std::make_unique<ThreadPool>(workers);  // the old one goes only when the new one stands
    count_.store(workers, std::memory_order_relaxed);
  }
  /// Without the lock: never waits for an op.
  int count() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::mutex callers_;  // one op at a time
  std::unique_ptr<ThreadPool> pool_;
  std::atomic<int> count_;
};

/// `first`: workers of a stream that is made by this call; 0: one per core. Whoever asks for fewer than the cores,
/// because the system gives no more, never starts more.
CpuStream& the_stream(int first = 0) {
  static CpuStream stream(first > 0 ? first : available_cores());
  return stream;
}

}  // namespace

ScratchBuffer::~ScratchBuffer() {
  std::free(data_);
  ledger::workspace_freed(size_);
}

std::byte* ScratchBuffer::reserve(std::size_t bytes) {
  if (bytes <= size_) return data_;
  if (bytes > SIZE_MAX - kAlignment) throw OutOfMemory("scratch: size overflows");
  const std::size_t rounded = (std::max(bytes, size_ + size_ / 2) + kAlignment - 1) / kAlignment * kAlignment;
  std::free(std::exchange(data_, nullptr));  // first: nobody reads the old contents
  ledger::workspace_freed(std::exchange(size_, 0));
  data_ = static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded));
  if (data_ == nullptr) throw OutOfMemory("scratch: no memory for " + std::to_string(rounded) + " bytes of workspace");
  size_ = rounded;
  ledger::workspace_allocated(size_);
  return data_;
}

ThreadPool::ThreadPool(int workers) {
  for (int i = 0; i < workers; ++i) slots_.push_back(std::make_unique<Slot>());
  for (int i = 1; i < workers; ++i) {
    try {
      slots_[i]->thread = std::thread([this, i] { work(i); });
    } catch (const std::exception&) {
      stop();
      throw DeviceError(thread_limit(i, workers));
    }
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_seq_cst);
  generation_.notify_all();
  for (auto& slot : slots_)
    if (slot->thread.joinable()) slot->thread.join();
}

void ThreadPool::run_range(int worker, Task task, std::int64_t begin, std::int64_t end) {
  try {
    task.run(task.self, begin, end, worker);
  } catch (...) {
    slots_[worker]->error = std::current_exception();
  }
}

void ThreadPool::publish(Task task, std::int64_t count, std::int64_t step, std::int64_t steps, std::int64_t shares) {
  const std::uint32_t next = generation_.load(std::memory_order_relaxed) + 1;
  const std::uint64_t first_ticket = static_cast<std::uint64_t>(next) << kShareBits;
  ticket_.store(first_ticket | kNoShare, std::memory_order_relaxed);  // seen by whoever reads what follows
  job_.run.store(task.run, std::memory_order_release);
  job_.self.store(task.self, std::memory_order_release);
  job_.count.store(count, std::memory_order_release);
  job_.step.store(step, std::memory_order_release);
  job_.steps.store(steps, std::memory_order_release);
  job_.shares.store(shares, std::memory_order_release);
  finished_.store(0, std::memory_order_relaxed);
  ticket_.store(first_ticket, std::memory_order_release);
  generation_.store(next, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) != 0) generation_.notify_all();
}

// The job is read before the share is claimed. No ticket that a worker can hold is valid while a job is written: those
// of the job before are void from publish()'s first store on, also the one behind its last share, which a larger next
// job would make look free. So a claim succeeds only when what was read belongs to the ticket.
void ThreadPool::take_shares(int worker) {
  while (true) {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    const auto share = static_cast<std::int64_t>(ticket & kNoShare);
    const Task task{job_.run.load(std::memory_order_acquire), job_.self.load(std::memory_order_acquire)};
    const std::int64_t count = job_.count.load(std::memory_order_acquire);
    const std::int64_t step = job_.step.load(std::memory_order_acquire);
    const std::int64_t steps = job_.steps.load(std::memory_order_acquire);
    const std::int64_t shares = job_.shares.load(std::memory_order_acquire);
    if (share >= shares) return;
    if (!ticket_.compare_exchange_strong(ticket, ticket + 1, std::memory_order_acq_rel, std::memory_order_relaxed))
      continue;
    run_range(worker, task, steps * share / shares * step, std::min(count, steps * (share + 1) / shares * step));
    if (finished_.fetch_add(1, std::memory_order_acq_rel) + 1 == shares) finished_.notify_one();
  }
}

std::uint32_t ThreadPool::wait_for_job(std::uint32_t seen) {
  for (int i = 0; i < kSpins; ++i) {
    const std::uint32_t now = generation_.load(std::memory_order_acquire);
    if (now != seen) return now;
    pause();
  }
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  std::uint32_t now = generation_.load(std::memory_order_seq_cst);
  while (now == seen) {
    generation_.wait(seen, std::memory_order_seq_cst);
    now = generation_.load(std::memory_order_acquire);
  }
  sleepers_.fetch_sub(1, std::memory_order_seq_cst);
  return now;
}

void ThreadPool::work(int worker) {
  std::uint32_t seen = 0;
  while (true) {
    seen = wait_for_job(seen);
    if (stopping_.load(std::memory_order_relaxed)) return;
    take_shares(worker);
  }
}

void ThreadPool::wait_for_shares(std::uint32_t shares) {
  for (int i = 0; i < kSpins; ++i) {
    if (finished_.load(std::memory_order_acquire) == shares) return;
    pause();
  }
  std::uint32_t done = finished_.load(std::memory_order_acquire);
  while (done != shares) {
    finished_.wait(done, std::memory_order_acquire);
    done = finished_.load(std::memory_order_acquire);
  }
}

void ThreadPool::rethrow_first_error() {
  std::exception_ptr first;
  for (auto& slot : slots_) {
    std::exception_ptr error = std::exchange(slot->error, nullptr);
    if (error && !first) first = std::move(error);
  }
  if (first) std::rethrow_exception(first);
}

void ThreadPool::parallel(std::int64_t count, std::int64_t grain, Task task) {
  if (count <= 0) return;
  const std::int64_t step = std::max<std::int64_t>(1, grain);
  const std::int64_t steps = count / step + (count % step != 0);
  const std::int64_t shares = std::min<std::int64_t>(steps, workers() * kSharesPerWorker);
  if (workers() == 1 || shares == 1) {
    run_range(0, task, 0, count);
  } else {
    publish(task, count, step, steps, shares);
    take_shares(0);
    wait_for_shares(static_cast<std::uint32_t>(shares));
  }
  rethrow_first_error();
}

std::byte* ThreadPool::scratch(int worker, std::size_t bytes) { return slots_[worker]->scratch.reserve(bytes); }

Stream& cpu_stream() { return the_stream(); }

void set_cpu_threads(int workers) {
  if (workers < 1 || workers > kMaxWorkers)
    throw ValueError("threads: " + std::to_string(workers) + " is outside 1 … " + std::to_string(kMaxWorkers));
  the_stream(workers).exchange(workers);
}

int cpu_threads() { return the_stream().count(); }

}  // namespace candor::cpu
