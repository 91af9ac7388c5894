// Calls a local lambda from Stream::parallel(), without std::function (nothing here may become a weak symbol).
#pragma once

#include "backend/cpu/simd/isa.h"
#include "kernels/stream.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// body(begin, end, worker) over [0, count) in one contiguous range per worker.
template <class Body>
CANDOR_INLINE void parallel_ranges(Stream& stream, std::int64_t count, std::int64_t grain, const Body& body) {
  if (count <= 0) return;
  const auto run = [](void* self, std::int64_t begin, std::int64_t end, int worker) {
    (*static_cast<const Body*>(self))(begin, end, worker);
  };
  stream.parallel(count, grain, Task{run, const_cast<Body*>(&body)});
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
