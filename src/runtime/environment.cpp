#include "runtime/environment.h"

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>

#include "backend/cpu/cpuid.h"
#include "backend/cpu/threads.h"
#include "candor/error.h"

namespace candor {
namespace {

void apply_isa(std::string_view wanted) {
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512, Isa::avx512bf16})
    if (wanted == isa_name(isa)) return cpu::force_isa(isa);
  throw ValueError("CANDOR_ISA: \"" + std::string(wanted) +
                   "\" is not known; use baseline, avx2, avx512 or avx512bf16");
}

void apply_threads(std::string_view wanted) {
  int workers = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), workers);
  if (error != std::errc{} || end != wanted.data() + wanted.size())
    throw ValueError("CANDOR_THREADS: \"" + std::string(wanted) + "\" is not a number of threads");
  try {
    cpu::set_cpu_threads(workers);
  } catch (const Error& error) {
    throw ValueError(std::string("CANDOR_THREADS: ") + error.what());
  }
}

}  // namespace

void apply_environment() {
  // Not std::call_once: an exception cannot leave ThreadSanitizer's pthread_once, whose next caller waits for ever.
  static std::mutex mutex;
  static std::atomic<bool> applied{false};
  if (applied.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(mutex);
  if (applied.load(std::memory_order_relaxed)) return;
  if (const char* isa = std::getenv("CANDOR_ISA"); isa != nullptr && *isa != '\0') apply_isa(isa);
  if (const char* workers = std::getenv("CANDOR_THREADS"); workers != nullptr && *workers != '\0')
    apply_threads(workers);
  applied.store(true, std::memory_order_release);
}

}  // namespace candor
