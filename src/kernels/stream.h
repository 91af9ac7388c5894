// What a kernel may use besides its arguments: workers and scratch memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace candor {

/// A plain function and its state; called with half-open task ranges. Cheaper than std::function and free of templates.
struct Task {
  void (*run)(void* self, std::int64_t begin, std::int64_t end, int worker);
  void* self;
};

/// Implemented by backends. One op runs at a time on a stream: ops lock it (BasicLockable) around each launch.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual void lock() {}
  virtual void unlock() {}
  virtual int workers() const = 0;
  /// Splits [0, count) into contiguous ranges (each a multiple of `grain`, but the last), runs them on whichever
  /// workers are free and waits; `worker` is below workers() and runs one range at a time. Work is divided over outputs
  /// only, so results depend neither on workers() nor on who takes which range.
  virtual void parallel(std::int64_t count, std::int64_t grain, Task task) = 0;
  /// Grows on demand, 64-byte aligned, kept between calls; contents undefined. throws OutOfMemory
  virtual std::byte* scratch(int worker, std::size_t bytes) = 0;
  /// One more buffer, shared by all workers (to be taken before parallel()).
  virtual std::byte* shared_scratch(std::size_t bytes) = 0;
};

}  // namespace candor
