// The Recorder of include/candor/receipt.h and the functions through which ops reach it.
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "candor/error.h"
#include "candor/receipt.h"
#include "core/ledger.h"

namespace candor {
namespace {

using Clock = std::chrono::steady_clock;

struct Key {
  std::string_view op, kernel, isa, instruction_class;
  Precision precision;
  friend bool operator==(const Key&, const Key&) = default;
};

struct KeyHash {
  std::size_t operator()(const Key& key) const {
    std::size_t hash = std::hash<std::string_view>{}(key.kernel);
    const Precision& p = key.precision;
    for (const DType dtype : {p.a, p.b, p.out, p.compute, p.accumulate})
      hash = hash * 67 + static_cast<std::size_t>(dtype);
    return hash * 31 + key.isa.size() * 7 + key.op.size();
  }
};

// What has been recorded so far; Recorder::Impl adds the times.
struct Recording {
  std::unordered_map<Key, std::size_t, KeyHash> index;  // keys view the strings of `entries`
  std::vector<std::unique_ptr<KernelEntry>> entries;

  KernelEntry& entry_of(const ledger::KernelCall& call) {
    const Key wanted{call.op, call.kernel, call.isa, call.instruction_class, call.precision};
    if (const auto found = index.find(wanted); found != index.end()) return *entries[found->second];
    auto entry = std::make_unique<KernelEntry>();
    entry->op = call.op;
    entry->kernel = call.kernel;
    entry->isa = call.isa;
    entry->instruction_class = call.instruction_class;
    entry->precision = call.precision;
    const Key kept{entry->op, entry->kernel, entry->isa, entry->instruction_class, entry->precision};
    index.emplace(kept, entries.size());
    entries.push_back(std::move(entry));
    return *entries.back();
  }
};

// The one active recording: changed and filled under the mutex, tested without it.
constinit std::atomic<Recording*> g_active{nullptr};

std::mutex& active_mutex() {
  static std::mutex& mutex = *new std::mutex;
  return mutex;
}

// Casts in `later` that are not in `earlier`.
std::vector<CastEntry> difference(const std::vector<CastEntry>& later, const std::vector<CastEntry>& earlier) {
  std::vector<CastEntry> entries;
  for (CastEntry entry : later) {
    for (const CastEntry& before : earlier) {
      if (before.from != entry.from || before.to != entry.to || before.reason != entry.reason) continue;
      entry.calls -= before.calls;
      entry.elements -= before.elements;
    }
    if (entry.calls > 0) entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

bool ledger::recording() { return g_active.load(std::memory_order_relaxed) != nullptr; }

void ledger::record(const KernelCall& call) {
  const std::lock_guard lock(active_mutex());
  Recording* recording = g_active.load(std::memory_order_relaxed);
  if (recording == nullptr) return;  // stopped since the caller asked
  KernelEntry& entry = recording->entry_of(call);
  entry.calls += 1;
  entry.flops += call.flops;
  entry.seconds += call.seconds;
  for (const BytesOf& part : call.read) entry.bytes_read[static_cast<int>(part.dtype)] += part.bytes;
  for (const BytesOf& part : call.written) entry.bytes_written[static_cast<int>(part.dtype)] += part.bytes;
}

struct Recorder::Impl {
  Recording recording;
  std::vector<CastEntry> casts_before, casts_after;
  Clock::time_point begin, end;
  bool stopped = false;
};

Recorder::Recorder() : impl_(std::make_unique<Impl>()) {
  const std::lock_guard lock(active_mutex());
  if (g_active.load(std::memory_order_relaxed) != nullptr)
    throw Error("recorder: another Recorder is recording; stop() it first, one records at a time");
  impl_->casts_before = ledger::casts();
  impl_->begin = Clock::now();
  g_active.store(&impl_->recording, std::memory_order_relaxed);
}

Recorder::~Recorder() { stop(); }

void Recorder::stop() {
  const std::lock_guard lock(active_mutex());
  if (impl_->stopped) return;
  impl_->stopped = true;
  impl_->end = Clock::now();
  impl_->casts_after = ledger::casts();
  g_active.store(nullptr, std::memory_order_relaxed);
}

std::vector<KernelEntry> Recorder::kernels() const {
  const std::lock_guard lock(active_mutex());
  std::vector<KernelEntry> copies;
  for (const auto& entry : impl_->recording.entries) copies.push_back(*entry);
  return copies;
}

std::vector<CastEntry> Recorder::casts() const {
  const std::lock_guard lock(active_mutex());
  return difference(impl_->stopped ? impl_->casts_after : ledger::casts(), impl_->casts_before);
}

double Recorder::seconds() const {
  const std::lock_guard lock(active_mutex());
  return std::chrono::duration<double>((impl_->stopped ? impl_->end : Clock::now()) - impl_->begin).count();
}

}  // namespace candor
