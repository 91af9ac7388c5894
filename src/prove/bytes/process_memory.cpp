#include "prove/bytes/process_memory.h"

#if defined(__GLIBC__) || __has_include(<malloc.h>)
#include <malloc.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>

namespace candor::prove {
namespace {

constexpr auto kInterval = std::chrono::microseconds(200);

/// A line "Name:  123 kB" of a file of /proc, in bytes.
std::optional<std::uint64_t> kilobytes_of(const char* path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  while (file >> word)
    if (std::uint64_t number = 0; word == name && file >> number) return number * 1024;
  return std::nullopt;
}

struct Pages {
  std::uint64_t reserved = 0, resident = 0, shared = 0;
};
std::optional<Pages> statm() {
  std::ifstream file("/proc/self/statm");
  Pages pages;
  if (!(file >> pages.reserved >> pages.resident >> pages.shared)) return std::nullopt;
  const auto size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return Pages{pages.reserved * size, pages.resident * size, pages.shared * size};
}

std::optional<std::uint64_t> system_peak() { return kilobytes_of("/proc/self/status", "VmHWM:"); }

/// The system's peak falls to what is resident now. false: it may not be set back here.
bool set_peak_back() {
  std::ofstream file("/proc/self/clear_refs");
  file << 5 << std::flush;
  return file.good();
}

}  // namespace

std::optional<ProcessMemory> process_memory() {
  const std::optional<Pages> pages = statm();
  if (!pages) return std::nullopt;
  const std::optional<std::uint64_t> exact = kilobytes_of("/proc/self/smaps_rollup", "Anonymous:");
  return ProcessMemory{exact.value_or(pages->resident - std::min(pages->shared, pages->resident)), pages->reserved};
}

void give_back_freed_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

PeakMemory::PeakMemory(bool ask_system) {
  give_back_freed_memory();
  by_system_ = ask_system && set_peak_back();
  if (by_system_) {
    const std::optional<std::uint64_t> start = system_peak();
    known_ = start.has_value();
    start_ = start.value_or(0);
    return;
  }
  const std::optional<Pages> pages = statm();
  known_ = pages.has_value();
  if (!known_) return;
  start_ = pages->resident;
  look();
  watcher_ = std::thread([this] {
    while (!stop_) {
      look();
      std::this_thread::sleep_for(kInterval);
    }
  });
}

PeakMemory::~PeakMemory() {
  stop_ = true;
  if (watcher_.joinable()) watcher_.join();
}

void PeakMemory::look() {
  const std::optional<Pages> pages = statm();
  if (pages && pages->resident > highest_) highest_ = pages->resident;
}

std::optional<std::uint64_t> PeakMemory::above_start() {
  if (!known_) return std::nullopt;
  std::uint64_t peak = 0;
  if (by_system_) {
    peak = system_peak().value_or(start_);
  } else {
    stop_ = true;
    if (watcher_.joinable()) watcher_.join();
    look();
    peak = highest_;
  }
  return peak - std::min(peak, start_);
}

const char* PeakMemory::how() const {
  return by_system_ ? "the system's own peak" : "looked at every 200 microseconds";
}

}  // namespace candor::prove
