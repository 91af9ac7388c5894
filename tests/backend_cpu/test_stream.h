// A Stream for kernel tests: several ranges a worker, as the real pool cuts them, run one after the other.
// Scratch is refilled with a pattern before every parallel call, so that a kernel that trusts old contents is found
// out.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "kernels/kernel_row.h"
#include "kernels/stream.h"

namespace candor::test {

class TestStream : public Stream {
 public:
  explicit TestStream(int workers = 1) : buffers_(static_cast<std::size_t>(workers) + 1) {}

  int workers() const override { return static_cast<int>(buffers_.size()) - 1; }

  void parallel(std::int64_t count, std::int64_t grain, Task task) override {
    const std::int64_t units = (count + grain - 1) / grain;
    const std::int64_t shares = 2 * workers();
    for (std::int64_t share = 0; share < shares; ++share) {
      const std::int64_t begin = units * share / shares * grain;
      const std::int64_t end = std::min(count, units * (share + 1) / shares * grain);
      if (begin < end) task.run(task.self, begin, end, static_cast<int>(share % workers()));
    }
  }

  std::byte* scratch(int worker, std::size_t bytes) override { return grow(buffers_[worker + 1], bytes); }
  std::byte* shared_scratch(std::size_t bytes) override { return grow(buffers_[0], bytes); }

 private:
  struct Buffer {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };

  static std::byte* grow(Buffer& buffer, std::size_t bytes) {
    if (bytes > buffer.size) {
      buffer.bytes = std::make_unique<std::byte[]>(bytes + 64);
      buffer.size = bytes;
    }
    auto* begin = buffer.bytes.get();
    begin += (64 - reinterpret_cast<std::uintptr_t>(begin) % 64) % 64;
    std::memset(begin, 0xff, buffer.size);  // NaN in every format
    return begin;
  }

  std::vector<Buffer> buffers_;
};

/// True when this machine runs code of `isa`.
inline bool machine_has(Isa isa) {
  switch (isa) {
    case Isa::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    case Isa::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case Isa::avx512bf16:
      return machine_has(Isa::avx512) && __builtin_cpu_supports("avx512bf16");
    default:
      return true;
  }
}

/// One kernel on every ISA that has it.
template <class Op> struct PerIsa {
  Launch<Op> baseline, avx2, avx512;

  /// body(isa, launch) for each ISA of this machine.
  template <class Body> void each(const Body& body) const {
    body(Isa::baseline, baseline);
    if (machine_has(Isa::avx2)) body(Isa::avx2, avx2);
    if (machine_has(Isa::avx512)) body(Isa::avx512, avx512);
  }
};

#define CANDOR_PER_ISA(kernel) \
  { &candor::cpu::baseline::kernel, &candor::cpu::avx2::kernel, &candor::cpu::avx512::kernel }

}  // namespace candor::test
