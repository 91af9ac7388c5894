// Calls a local lambda from Stream::parallel(), without std::function (nothing here may become a weak symbol).
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "backend/cpu/simd/isa.h"
#include "kernels/stream.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// Round to nearest, subnormals kept, whatever mode the calling thread is in; restores it.
struct DefaultFloatMode {
  unsigned saved;
  __attribute__((always_inline)) DefaultFloatMode() : saved(_mm_getcsr()) { _mm_setcsr(0x1f80u); }
  __attribute__((always_inline)) ~DefaultFloatMode() { _mm_setcsr(saved); }
};

/// Not inlined, so that no floating-point work moves across the change of mode.
template <class Body>
__attribute__((noinline)) void run_body(const Body& body, std::int64_t begin, std::int64_t end, int worker) {
  body(begin, end, worker);
}

/// body(begin, end, worker) over [0, count) in contiguous ranges, as Stream::parallel cuts them.
template <class Body>
CANDOR_INLINE void parallel_ranges(Stream& stream, std::int64_t count, std::int64_t grain, const Body& body) {
  if (count <= 0) return;
  const auto run = [](void* self, std::int64_t begin, std::int64_t end, int worker) {
    const DefaultFloatMode mode;
    run_body(*static_cast<const Body*>(self), begin, end, worker);
  };
  stream.parallel(count, grain, Task{run, const_cast<Body*>(&body)});
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
