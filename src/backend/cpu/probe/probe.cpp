#include "backend/cpu/probe/probe.h"

#include <emmintrin.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backend/cpu/cpuid.h"
#include "backend/cpu/probe/bursts.h"
#include "backend/cpu/threads.h"
#include "candor/error.h"

namespace candor::cpu {
namespace {

// Small, so that a receipt needs hardly more memory than the model; no cache may answer, because every line is put out
// of all of them before each round.
constexpr std::int64_t kReadBytes = std::int64_t{32} << 20;
constexpr std::size_t kHugePage = std::size_t{2} << 20;  // weights lie in such pages: small ones would bound the probe
constexpr std::int64_t kReadGrain = 4096;
constexpr std::int64_t kLineBytes = 64;
constexpr std::int64_t kRounds = 200'000;  // a few hundred microseconds

using Clock = std::chrono::steady_clock;
using FmaBurst = double (*)(std::int64_t rounds, float* sink);
using ReadBurst = float (*)(const std::byte* data, std::int64_t bytes);

/// Runs `prepare`, which costs no time, and `once` until `seconds` have passed, three times at least; the best rate of
/// all runs. `once` returns its work.
template <class Prepare, class Once>
double best_rate(double seconds, const Prepare& prepare, const Once& once) {
  const auto start = Clock::now();
  double best = 0;
  for (int run = 0; run < 3 || std::chrono::duration<double>(Clock::now() - start).count() < seconds; ++run) {
    prepare();
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
  const std::lock_guard guard(stream);
  struct alignas(64) Share {
    float sink[16];
    double work;
  };
  std::vector<Share> shares(static_cast<std::size_t>(stream.workers()));
  auto body = [&](std::int64_t share, std::int64_t, int) {  // one a worker, while all are awake
    shares[share].work = burst(kRounds, shares[share].sink);
  };
  return best_rate(
      seconds, [] {},
      [&] {
        on_all_workers(stream, stream.workers(), 1, body);
        double work = 0;
        for (const Share& share : shares) work += share.work;
        return work;
      });
}

struct Free {
  void operator()(void* p) const { std::free(p); }
};
using Buffer = std::unique_ptr<std::byte, Free>;

Buffer read_buffer() {
  Buffer buffer(static_cast<std::byte*>(std::aligned_alloc(kHugePage, kReadBytes)));
  if (!buffer) throw OutOfMemory("read probe: no memory for " + std::to_string(kReadBytes) + " bytes");
  madvise(buffer.get(), kReadBytes, MADV_HUGEPAGE);  // best effort, as for weights
  return buffer;
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
  const std::lock_guard guard(stream);
  const Buffer buffer = read_buffer();
  const ReadBurst burst = read_burst_of(active_isa());
  std::vector<float> sinks(static_cast<std::size_t>(stream.workers()) * 16);
  auto touch = [&](std::int64_t begin, std::int64_t end, int) {
    std::memset(buffer.get() + begin, 0, static_cast<std::size_t>(end - begin));
  };
  auto evict = [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t at = begin; at < end; at += kLineBytes) _mm_clflush(buffer.get() + at);
    _mm_mfence();
  };
  auto read = [&](std::int64_t begin, std::int64_t end, int worker) {
    sinks[static_cast<std::size_t>(worker) * 16] = burst(buffer.get() + begin, end - begin);
  };
  on_all_workers(stream, kReadBytes, kReadGrain, touch);
  return best_rate(
      seconds, [&] { on_all_workers(stream, kReadBytes, kReadGrain, evict); },
      [&] {
        on_all_workers(stream, kReadBytes, kReadGrain, read);
        return static_cast<double>(kReadBytes);
      });
}

double measure_fma_peak(Isa isa, double seconds) { return measure_bursts(fma_burst_of(isa), seconds); }

double measure_dpbf16_peak(Isa isa, double seconds) {
  return isa < Isa::avx512bf16 ? 0.0 : measure_bursts(avx512bf16::dpbf16_burst, seconds);
}

}  // namespace candor::cpu
