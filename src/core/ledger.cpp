#include "core/ledger.h"

#include <atomic>
#include <array>
#include <mutex>

namespace candor::ledger {
namespace {

constexpr int kCount = static_cast<int>(DType::count_);

struct Counter {
  std::atomic<std::uint64_t> now{0}, peak{0}, mapped{0};
  std::atomic<bool> seen{false};
};

// Constant-initialised and trivially destroyed: storage may be freed by destructors of static objects.
constinit std::array<Counter, kCount> g_memory;

Counter& counter(DType dtype) { return g_memory[static_cast<int>(dtype)]; }

struct Casts {
  std::mutex mutex;
  std::vector<CastEntry> entries;
};

// Never destroyed, for the same reason.
Casts& cast_log() {
  static Casts& log = *new Casts;
  return log;
}

}  // namespace

void add_owned(DType dtype, std::uint64_t bytes) {
  Counter& c = counter(dtype);
  const std::uint64_t now = c.now.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::uint64_t peak = c.peak.load(std::memory_order_relaxed);
  while (peak < now && !c.peak.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
}

void remove_owned(DType dtype, std::uint64_t bytes) { counter(dtype).now.fetch_sub(bytes, std::memory_order_relaxed); }

void add_mapped(DType dtype, std::uint64_t bytes) {
  counter(dtype).mapped.fetch_add(bytes, std::memory_order_relaxed);
  counter(dtype).seen.store(true, std::memory_order_relaxed);
}

void remove_mapped(DType dtype, std::uint64_t bytes) {
  counter(dtype).mapped.fetch_sub(bytes, std::memory_order_relaxed);
}

namespace {
thread_local std::string_view scoped_reason;  // empty: none
}

CastReason::CastReason(std::string_view reason) : outer_(scoped_reason) { scoped_reason = reason; }
CastReason::~CastReason() { scoped_reason = outer_; }

void record_cast(DType from, DType to, std::string_view reason, std::uint64_t elements) {
  if (!scoped_reason.empty()) reason = scoped_reason;
  Casts& log = cast_log();
  const std::lock_guard lock(log.mutex);
  for (CastEntry& entry : log.entries) {
    if (entry.from == from && entry.to == to && entry.reason == reason) {
      entry.calls += 1;
      entry.elements += elements;
      return;
    }
  }
  log.entries.push_back({from, to, std::string(reason), 1, elements});
}

std::vector<CastEntry> casts() {
  Casts& log = cast_log();
  const std::lock_guard lock(log.mutex);
  return log.entries;
}

}  // namespace candor::ledger

namespace candor {

std::vector<MemoryEntry> memory_ledger() {
  std::vector<MemoryEntry> entries;
  for (const DTypeInfo& info : all_dtypes()) {
    const auto& c = ledger::counter(info.dtype);
    const std::uint64_t peak = c.peak.load(std::memory_order_relaxed);
    if (peak == 0 && !c.seen.load(std::memory_order_relaxed)) continue;
    entries.push_back({.dtype = info.dtype,
                       .now = c.now.load(std::memory_order_relaxed),
                       .peak = peak,
                       .mapped_now = c.mapped.load(std::memory_order_relaxed)});
  }
  return entries;
}

}  // namespace candor
