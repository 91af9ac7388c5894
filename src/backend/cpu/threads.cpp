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

void pause() { __builtin_ia32_pause(); }

std::string thread_limit(int given, int workers) {
  return "threads: the system gave only " + std::to_string(given) + " of " + std::to_string(workers) +
         "; ask for at most " + std::to_string(given) + " or raise its limit (ulimit -u, ulimit -v)";
}

/// The one stream of the program; the pool behind it is exchanged under the lock that every op holds.
class CpuStream final : public Stream {
 public:
  CpuStream() : pool_(std::make_unique<ThreadPool>(available_cores())), count_(pool_->workers()) {}

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

CpuStream& the_stream() {
  static CpuStream stream;
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

void ThreadPool::run_share(int worker) {
  const std::int64_t begin = std::min(job_.count, worker * job_.chunk);
  const std::int64_t end = std::min(job_.count, begin + job_.chunk);
  if (begin == end) return;
  try {
    job_.task.run(job_.task.self, begin, end, worker);
  } catch (...) {
    slots_[worker]->error = std::current_exception();
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
    run_share(worker);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_one();
  }
}

void ThreadPool::wait_for_workers() {
  for (int i = 0; i < kSpins; ++i) {
    if (unfinished_.load(std::memory_order_acquire) == 0) return;
    pause();
  }
  std::uint32_t left = unfinished_.load(std::memory_order_acquire);
  while (left != 0) {
    unfinished_.wait(left, std::memory_order_acquire);
    left = unfinished_.load(std::memory_order_acquire);
  }
}

void ThreadPool::parallel(std::int64_t count, std::int64_t grain, Task task) {
  if (count <= 0) return;
  const std::int64_t step = std::max<std::int64_t>(1, grain);
  const std::int64_t steps = (count + step - 1) / step;
  job_ = {.task = task, .count = count, .chunk = (steps + workers() - 1) / workers() * step};
  const bool alone = job_.chunk >= count;
  if (!alone) {
    unfinished_.store(static_cast<std::uint32_t>(workers() - 1), std::memory_order_relaxed);
    generation_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) != 0) generation_.notify_all();
  }
  run_share(0);
  if (!alone) wait_for_workers();
  for (auto& slot : slots_) {
    if (!slot->error) continue;
    std::exception_ptr error;
    for (auto& other : slots_) {
      if (other->error && !error) error = other->error;
      other->error = nullptr;
    }
    std::rethrow_exception(error);
  }
}

std::byte* ThreadPool::scratch(int worker, std::size_t bytes) { return slots_[worker]->scratch.reserve(bytes); }

Stream& cpu_stream() { return the_stream(); }

void set_cpu_threads(int workers) {
  if (workers < 1 || workers > kMaxWorkers)
    throw ValueError("threads: " + std::to_string(workers) + " is outside 1 … " + std::to_string(kMaxWorkers));
  the_stream().exchange(workers);
}

int cpu_threads() { return the_stream().count(); }

}  // namespace candor::cpu
