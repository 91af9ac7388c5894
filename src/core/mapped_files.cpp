#include "core/mapped_files.h"

#include <atomic>
#include <cstring>

#include "candor/io.h"

namespace candor {
namespace {

constexpr std::size_t kLongestPath = 4096;
constexpr int kSlots = 1024;  // a sharded checkpoint has one file for each shard
enum State : int { kFree, kFilling, kListed };

// Plain memory that is never freed, because a signal handler reads it; a state publishes the rest of its slot.
struct Slot {
  std::atomic<int> state;
  std::atomic<std::uintptr_t> begin, end;
  char path[kLongestPath];
};
Slot slots[kSlots];
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<std::uintptr_t>::is_always_lock_free);

}  // namespace

MappedFileEntry::MappedFileEntry(const std::string& path, const std::byte* begin, std::uint64_t bytes) noexcept {
  if (path.size() >= kLongestPath || bytes == 0) return;
  for (int i = 0; i < kSlots && slot_ < 0; ++i) {
    int expected = kFree;
    if (slots[i].state.compare_exchange_strong(expected, kFilling)) slot_ = i;
  }
  if (slot_ < 0) return;
  Slot& slot = slots[slot_];
  slot.begin = reinterpret_cast<std::uintptr_t>(begin);
  slot.end = reinterpret_cast<std::uintptr_t>(begin) + bytes;
  std::memcpy(slot.path, path.c_str(), path.size() + 1);
  slot.state = kListed;
}

MappedFileEntry& MappedFileEntry::operator=(MappedFileEntry&& other) noexcept {
  if (this != &other) {
    remove();
    slot_ = std::exchange(other.slot_, -1);
  }
  return *this;
}

void MappedFileEntry::remove() noexcept {
  if (slot_ >= 0) slots[slot_].state = kFree;
  slot_ = -1;
}

const char* mapped_file_at(const void* address) noexcept {
  const std::uintptr_t place = reinterpret_cast<std::uintptr_t>(address);
  for (const Slot& slot : slots)
    if (slot.state == kListed && place >= slot.begin && place < slot.end) return slot.path;
  return nullptr;
}

}  // namespace candor
