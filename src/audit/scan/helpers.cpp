#include "audit/scan/helpers.h"

#include <latch>
#include <memory>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace candor::audit_internal {
namespace {

// Addresses for what a thread works with: malloc's arena, for which glibc asks 128 MiB and keeps 64, and some tens of
// MiB for counters, pieces and blocks. Were the stacks of others to take them, whoever counts would be out of memory.
// More than the 32 MiB from which malloc learns what to keep when it is freed, and never touched.
constexpr std::size_t kRoom = std::size_t{128} << 20;

}  // namespace

void work_with_helpers(std::size_t helpers, const std::function<void(bool helper)>& work) {
  std::latch start(1);
  std::vector<std::jthread> threads;
  std::vector<std::unique_ptr<std::byte[]>> rooms;
  const auto take_room = [&rooms] { rooms.push_back(std::make_unique_for_overwrite<std::byte[]>(kRoom)); };
  try {
    if (helpers > 0) take_room();  // for the caller
    while (threads.size() < helpers) {
      take_room();
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
