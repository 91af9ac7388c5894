// What the system says of this process's memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

namespace candor::prove {

struct ProcessMemory {
  std::uint64_t resident = 0;  // that no file is behind
  std::uint64_t reserved = 0;  // address space
};
/// Exact where the system has smaps_rollup, which walks the page tables; elsewhere the counters of statm, which lag by
/// some pages for each core. nullopt: the system says nothing.
std::optional<ProcessMemory> process_memory();

/// Gives freed memory of the allocator back to the system, so that nothing that is taken now lies in it unseen.
void give_back_freed_memory();

/// The most that was resident while it lives, above what was at its construction.
class PeakMemory {
 public:
  /// `ask_system` false: as where the system's own peak cannot be set back.
  explicit PeakMemory(bool ask_system = true);
  ~PeakMemory();
  PeakMemory(const PeakMemory&) = delete;
  PeakMemory& operator=(const PeakMemory&) = delete;

  std::optional<std::uint64_t> above_start();  // nullopt: the system says nothing
  const char* how() const;                     // "the system's own peak", or how often was looked

 private:
  void look();
  std::uint64_t start_ = 0;
  bool known_ = false, by_system_ = false;
  std::atomic<std::uint64_t> highest_{0};
  std::atomic<bool> stop_{false};
  std::thread watcher_;  // where the system's peak cannot be set back
};

}  // namespace candor::prove
