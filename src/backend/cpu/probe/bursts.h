// Short loops that do one thing at the machine's full rate. probe.cpp times them.
#pragma once

#include <cstddef>
#include <cstdint>

#define CANDOR_DECLARE_BURSTS(isa)                                                                      \
  namespace candor::cpu::isa {                                                                          \
  /* Reads every byte once, in order; `bytes` is a multiple of 4096. Returns something made of them. */ \
  float read_burst(const std::byte* data, std::int64_t bytes);                                          \
  /* Independent multiply-adds in registers; returns the operations done (2 per lane). */               \
  double fma_burst(std::int64_t rounds, float* sink);                                                   \
  }
CANDOR_DECLARE_BURSTS(baseline)
CANDOR_DECLARE_BURSTS(avx2)
CANDOR_DECLARE_BURSTS(avx512)
CANDOR_DECLARE_BURSTS(avx512bf16)
#undef CANDOR_DECLARE_BURSTS

namespace candor::cpu::avx512bf16 {
/// The same with VDPBF16PS: 4 operations per lane.
double dpbf16_burst(std::int64_t rounds, float* sink);
}  // namespace candor::cpu::avx512bf16
