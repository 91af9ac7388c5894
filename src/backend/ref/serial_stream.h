// The reference stream: one worker, the caller itself.
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "kernels/stream.h"

namespace candor::ref {

class SerialStream final : public Stream {
 public:
  void lock() override { mutex_.lock(); }
  void unlock() override { mutex_.unlock(); }
  int workers() const override { return 1; }
  void parallel(std::int64_t count, std::int64_t grain, Task task) override;
  std::byte* scratch(int worker, std::size_t bytes) override;
  std::byte* shared_scratch(std::size_t bytes) override;

 private:
  struct alignas(64) Line { std::byte bytes[64]; };
  static std::byte* grow(std::vector<Line>& lines, std::size_t bytes);

  std::mutex mutex_;
  std::vector<Line> scratch_, shared_;
};

/// The stream of every reference kernel.
Stream& ref_stream();

}  // namespace candor::ref
