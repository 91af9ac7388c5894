#include "backend/cpu/probe/probe.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "backend/cpu/cpuid.h"
#include "backend/cpu/probe/bursts.h"
#include "backend/cpu/threads.h"
#include "candor/error.h"

namespace candor::cpu {
namespace {

constexpr std::int64_t kReadBytes = std::int64_t{1}
                                    << 28;  // beyond the caches of most sockets, within the memory of a small model
constexpr std::int64_t kReadGrain = 4096;
constexpr std::int64_t kRounds = 200'000;  // a few hundred microseconds

using Clock = std::chrono::steady_clock;
using FmaBurst = double (*)(std::int64_t rounds, float* sink);
using ReadBurst = float (*)(const std::byte* data, std::int64_t bytes);

/// Runs `once` until `seconds` have passed, three times at least; the best rate of all runs. `once` returns its work.
template <class Once>
double best_rate(double seconds, const Once& once) {
  const auto start = Clock::now();
  double best = 0;
  for (int run = 0; run < 3 || std::chrono::duration<double>(Clock::now() - start).count() < seconds; ++run) {
    const auto begin = Clock::now();
    const double work = once();
    best = std::max(best, work / std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return best;
}

template <class Body>
void on_all_workers(Stream& stream, std::int64_t count, std::int64_t grain, Body& body) {
  const auto run = [](void* self, std::int64_t begin, std::int64_t end, int worker) {
    (*static_cast<Body*>(self))(begin, end, worker);
  };
  stream.parallel(count, grain, Task{run, &body});
}

double measure_bursts(FmaBurst burst, double seconds) {
  Stream& stream = cpu_stream();
  struct alignas(64) Share {
    float sink[16];
    double work;
  };
  std::vector<Share> shares(static_cast<std::size_t>(stream.workers()));
  auto body = [&](std::int64_t, std::int64_t, int worker) {
    shares[worker].work = burst(kRounds, shares[worker].sink);
  };
  return best_rate(seconds, [&] {
    on_all_workers(stream, stream.workers(), 1, body);
    double work = 0;
    for (const Share& share : shares) work += share.work;
    return work;
  });
}

ReadBurst read_burst_of(Isa isa) {
  return isa >= Isa::avx512 ? avx512::read_burst : isa == Isa::avx2 ? avx2::read_burst : baseline::read_burst;
}

FmaBurst fma_burst_of(Isa isa) {
  return isa >= Isa::avx512 ? avx512::fma_burst : isa == Isa::avx2 ? avx2::fma_burst : baseline::fma_burst;
}

}  // namespace

double measure_read_bandwidth(double seconds) {
  Stream& stream = cpu_stream();
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  const std::unique_ptr<std::byte, Free> buffer(static_cast<std::byte*>(std::aligned_alloc(4096, kReadBytes)));
  if (!buffer) throw OutOfMemory("read probe: no memory for 256 MiB");
  const ReadBurst burst = read_burst_of(active_isa());
  std::vector<float> sinks(static_cast<std::size_t>(stream.workers()) * 16);
  auto touch = [&](std::int64_t begin, std::int64_t end, int) {
    std::memset(buffer.get() + begin, 0, static_cast<std::size_t>(end - begin));
  };
  on_all_workers(stream, kReadBytes, kReadGrain, touch);
  auto body = [&](std::int64_t begin, std::int64_t end, int worker) {
    sinks[static_cast<std::size_t>(worker) * 16] = burst(buffer.get() + begin, end - begin);
  };
  return best_rate(seconds, [&] {
    on_all_workers(stream, kReadBytes, kReadGrain, body);
    return static_cast<double>(kReadBytes);
  });
}

double measure_fma_peak(Isa isa, double seconds) { return measure_bursts(fma_burst_of(isa), seconds); }

double measure_dpbf16_peak(Isa isa, double seconds) {
  return isa < Isa::avx512bf16 ? 0.0 : measure_bursts(avx512bf16::dpbf16_burst, seconds);
}

}  // namespace candor::cpu
