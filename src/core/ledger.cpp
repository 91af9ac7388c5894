#include "core/ledger.h"

#include <array>
#include <atomic>
#include <mutex>

namespace candor::ledger {
namespace {

constexpr int kCount = static_cast<int>(DType::count_);

// Bytes held and the most that were held at once.
struct Level {
  std::atomic<std::uint64_t> now{0}, peak{0};

  void rise(std::uint64_t bytes) {
    const std::uint64_t reached = now.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    std::uint64_t highest = peak.load(std::memory_order_relaxed);
    while (highest < reached && !peak.compare_exchange_weak(highest, reached, std::memory_order_relaxed)) {
    }
  }
  void fall(std::uint64_t bytes) { now.fetch_sub(bytes, std::memory_order_relaxed); }
};

struct Counter {
  Level owned;
  std::atomic<std::uint64_t> mapped{0};
  std::atomic<bool> seen{false};
};

// Constant-initialised and trivially destroyed: storage may be freed by destructors of static objects.
constinit std::array<Counter, kCount> g_memory;
constinit Level g_workspace;
constinit std::atomic<std::uint64_t> g_blocks_ever{0}, g_bytes_ever{0};

void count_allocation(std::uint64_t bytes) {
  g_blocks_ever.fetch_add(1, std::memory_order_relaxed);
  g_bytes_ever.fetch_add(bytes, std::memory_order_relaxed);
}

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
  counter(dtype).owned.rise(bytes);
  count_allocation(bytes);
}

void remove_owned(DType dtype, std::uint64_t bytes) { counter(dtype).owned.fall(bytes); }

void workspace_allocated(std::uint64_t bytes) {
  g_workspace.rise(bytes);
  count_allocation(bytes);
}

void workspace_freed(std::uint64_t bytes) { g_workspace.fall(bytes); }

Allocations allocations() {
  return {.blocks = g_blocks_ever.load(std::memory_order_relaxed),
          .bytes = g_bytes_ever.load(std::memory_order_relaxed)};
}

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
    const std::uint64_t peak = c.owned.peak.load(std::memory_order_relaxed);
    if (peak == 0 && !c.seen.load(std::memory_order_relaxed)) continue;
    entries.push_back({.dtype = info.dtype,
                       .now = c.owned.now.load(std::memory_order_relaxed),
                       .peak = peak,
                       .mapped_now = c.mapped.load(std::memory_order_relaxed)});
  }
  return entries;
}

WorkspaceEntry workspace_ledger() {
  return {.now = ledger::g_workspace.now.load(std::memory_order_relaxed),
          .peak = ledger::g_workspace.peak.load(std::memory_order_relaxed)};
}

}  // namespace candor
