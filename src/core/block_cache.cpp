#include "core/block_cache.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <unordered_map>
#include <vector>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define CANDOR_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CANDOR_SANITIZED 1
#endif

namespace candor::memory {
namespace {

#ifdef CANDOR_SANITIZED
constexpr bool kPlain = true;  // red zones and races are seen only when every block comes from the allocator
#else
constexpr bool kPlain = false;
#endif

constexpr std::uint64_t kHugePage = 2u << 20;

// Nothing larger can be had: the user half of the address space; sanitizers end the program above 2^40 bytes.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << (kPlain ? 39 : 47);

std::uint64_t round_up(std::uint64_t bytes, std::uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

std::byte* take_aligned(std::uint64_t bytes) {
  void* block = nullptr;
  return posix_memalign(&block, kAlignment, bytes) == 0 ? static_cast<std::byte*>(block) : nullptr;
}

// Maps `bytes` at a 2 MiB boundary and asks for huge pages. The tail of the mapping stays on small pages, so resident
// memory exceeds `bytes` by less than one small page.
std::byte* take_pages(std::uint64_t bytes) {
  const std::uint64_t page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t wanted = round_up(bytes, page);
  void* raw = mmap(nullptr, wanted + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  auto* begin = static_cast<std::byte*>(raw);
  const std::uint64_t address = reinterpret_cast<std::uintptr_t>(raw), skip = round_up(address, kHugePage) - address;
  if (skip > 0) munmap(begin, skip);
  if (kHugePage - skip > 0) munmap(begin + skip + wanted, kHugePage - skip);
  madvise(begin + skip, wanted, MADV_HUGEPAGE);  // a wish: a system without huge pages refuses it harmlessly
  return begin + skip;
}

// Freed small blocks by exact size: decoding asks for the same few sizes again and again.
class Cache {
 public:
  std::byte* find(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto list = free_.find(bytes);
    if (list == free_.end() || list->second.empty()) return nullptr;
    std::byte* block = list->second.back();
    list->second.pop_back();
    total_ -= bytes;
    return block;
  }

  void keep(std::byte* block, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (total_ + bytes > kCacheLimit) drop_all();  // sizes have moved on: start again with the present ones
    free_[bytes].push_back(block);
    total_ += bytes;
  }

  std::uint64_t total() {
    const std::lock_guard lock(mutex_);
    return total_;
  }

  void drop_all_locked() {
    const std::lock_guard lock(mutex_);
    drop_all();
  }

 private:
  void drop_all() {
    for (const auto& [bytes, blocks] : free_)
      for (std::byte* block : blocks) std::free(block);
    free_.clear();
    total_ = 0;
  }

  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::vector<std::byte*>> free_;
  std::uint64_t total_ = 0;
};

// Never destroyed: storage may outlive the destructors of static objects.
Cache& cache() {
  static Cache& instance = *new Cache;
  return instance;
}

}  // namespace

std::byte* take(std::uint64_t bytes) {
  if (bytes > kMostBytes) return nullptr;
  if (kPlain) return take_aligned(bytes);
  std::byte* block = nullptr;
  if (bytes >= kLargeBlock) {
    block = take_pages(bytes);
  } else {
    block = cache().find(bytes);
    if (block == nullptr) block = take_aligned(bytes);
  }
  if (block != nullptr) return block;
  cache().drop_all_locked();  // the last reserve
  return bytes >= kLargeBlock ? take_pages(bytes) : take_aligned(bytes);
}

void give_back(std::byte* block, std::uint64_t bytes) {
  if (kPlain) {
    std::free(block);
  } else if (bytes >= kLargeBlock) {
    munmap(block, round_up(bytes, static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))));
  } else {
    cache().keep(block, bytes);
  }
}

std::uint64_t cached_bytes() { return kPlain ? 0 : cache().total(); }

}  // namespace candor::memory
