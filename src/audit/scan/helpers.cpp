#include "audit/scan/helpers.h"

#include <sys/mman.h>

#include <latch>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace candor::audit_internal {
namespace {

// Addresses for what a thread works with: malloc's arena, for which glibc asks 128 MiB and keeps 64, and some tens of
// MiB for counters, pieces and blocks. Were the stacks of others to take them, whoever counts would be out of memory.
constexpr std::size_t kRoom = std::size_t{128} << 20;

/// Addresses that nothing else gets. They hold nothing and count as no memory.
class Room {
 public:
  Room() : at_(mmap(nullptr, kRoom, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    if (at_ == MAP_FAILED) throw std::bad_alloc();
  }
  Room(Room&& other) noexcept : at_(std::exchange(other.at_, MAP_FAILED)) {}
  Room& operator=(Room&&) = delete;
  ~Room() {
    if (at_ != MAP_FAILED) munmap(at_, kRoom);
  }

 private:
  void* at_;
};

}  // namespace

void work_with_helpers(std::size_t helpers, const std::function<void(bool helper)>& work) {
  std::latch start(1);
  std::vector<std::jthread> threads;
  std::vector<Room> rooms;
  try {
    if (helpers > 0) rooms.emplace_back();  // for the caller
    while (threads.size() < helpers) {
      rooms.emplace_back();
      threads.emplace_back([&start, &work] {
        start.wait();
        work(true);
      });
    }
  } catch (const std::system_error&) {  // no further thread
  } catch (const std::bad_alloc&) {     // or no room for one
  }
  rooms.clear();
  start.count_down();
  work(false);
}

}  // namespace candor::audit_internal
