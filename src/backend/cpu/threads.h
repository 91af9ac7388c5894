// The CPU stream: a small pool of our own. Workers spin for a moment before they sleep, because a decode step is
// hundreds of ops of a few microseconds. Work is cut into a few shares per worker, and whoever is awake takes the next
// one: an op waits for no worker that has not begun a share of it. Results depend on neither.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include "kernels/stream.h"

namespace candor::cpu {

/// 64-byte aligned memory that grows and is never shrunk; contents do not survive growth. Counted by the ledger.
class ScratchBuffer {
 public:
  ScratchBuffer() = default;
  ~ScratchBuffer();
  ScratchBuffer(const ScratchBuffer&) = delete;
  ScratchBuffer& operator=(const ScratchBuffer&) = delete;
  std::byte* reserve(std::size_t bytes);  // throws OutOfMemory

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Not locked: for one caller at a time.
class ThreadPool final : public Stream {
 public:
  explicit ThreadPool(int workers);  // throws DeviceError: the system gives fewer threads
  ~ThreadPool() override;

  int workers() const override { return static_cast<int>(slots_.size()); }
  void parallel(std::int64_t count, std::int64_t grain, Task task) override;
  std::byte* scratch(int worker, std::size_t bytes) override;
  std::byte* shared_scratch(std::size_t bytes) override { return shared_.reserve(bytes); }

 private:
  /// Share i of `shares` takes steps [steps · i / shares, steps · (i + 1) / shares). Atomic, because a worker may read
  /// while the next job is written; it then finds that its ticket is void.
  struct Job {
    std::atomic<void (*)(void*, std::int64_t, std::int64_t, int)> run{nullptr};
    std::atomic<void*> self{nullptr};
    std::atomic<std::int64_t> count{0}, step{1}, steps{0}, shares{0};
  };
  struct alignas(64) Slot {
    ScratchBuffer scratch;
    std::exception_ptr error;
    std::thread thread;  // empty for worker 0, the caller
  };

  void stop();
  void work(int worker);
  void publish(Task task, std::int64_t count, std::int64_t step, std::int64_t steps, std::int64_t shares);
  void take_shares(int worker);
  void run_range(int worker, Task task, std::int64_t begin, std::int64_t end);
  std::uint32_t wait_for_job(std::uint32_t seen);
  void wait_for_shares(std::uint32_t shares);
  void rethrow_first_error();

  std::vector<std::unique_ptr<Slot>> slots_;
  ScratchBuffer shared_;
  Job job_;
  alignas(64) std::atomic<std::uint64_t> ticket_{0};      // generation << 32 | next share to be taken
  alignas(64) std::atomic<std::uint32_t> generation_{0};  // raised when a job may be taken up; workers wait on it
  alignas(64) std::atomic<std::uint32_t> finished_{0};    // shares of the current job
  std::atomic<std::uint32_t> sleepers_{0};
  std::atomic<bool> stopping_{false};
};

/// What cpu kernels run on: one stream for the whole program, so that it may be locked at any time. Made on first use
/// with one worker per available core, or as many as set_cpu_threads() asks for when that comes first.
Stream& cpu_stream();
/// Waits for the op that runs, then exchanges the workers behind the stream.
/// errors   ValueError (outside 1 … 1024), DeviceError (the system gives fewer threads; the workers stay as they were)
void set_cpu_threads(int workers);
int cpu_threads();

}  // namespace candor::cpu
