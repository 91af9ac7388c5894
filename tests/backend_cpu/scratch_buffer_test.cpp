// Scratch memory of a worker: alignment, growth, the ledger, and what stays after a failure.
#include <gtest/gtest.h>

#include <cstring>

#include "backend/cpu/threads.h"
#include "candor/error.h"
#include "core/ledger.h"

namespace candor::cpu {
namespace {

TEST(ScratchBuffer, IsAlignedGrowsAndIsCountedByTheLedger) {
  const std::uint64_t before = workspace_ledger().now;
  const ledger::Allocations ever = ledger::allocations();
  {
    ScratchBuffer buffer;
    std::byte* first = buffer.reserve(100);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 64, 0u);
    EXPECT_EQ(workspace_ledger().now - before, 128u);
    EXPECT_EQ(buffer.reserve(128), first);
    EXPECT_EQ(buffer.reserve(1), first) << "kept between calls";
    buffer.reserve(1000);
    EXPECT_EQ(workspace_ledger().now - before, 1024u) << "the smaller block is gone";
    buffer.reserve(1025);
    EXPECT_EQ(workspace_ledger().now - before, 1536u) << "half as much again, so that slow growth stays cheap";
    EXPECT_THROW(buffer.reserve(SIZE_MAX), OutOfMemory);
    EXPECT_EQ(workspace_ledger().now - before, 1536u);
  }
  EXPECT_EQ(workspace_ledger().now, before);
  EXPECT_EQ(ledger::allocations().blocks - ever.blocks, 3u);
}

TEST(ScratchBuffer, HoldsNothingAfterAFailureAndGoesOn) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer ends the program instead";
#endif
  const std::uint64_t before = workspace_ledger().now;
  ScratchBuffer buffer;
  buffer.reserve(64);
  EXPECT_THROW(buffer.reserve(SIZE_MAX / 2), OutOfMemory);
  EXPECT_EQ(workspace_ledger().now, before);
  std::memset(buffer.reserve(64), 1, 64);
  EXPECT_EQ(workspace_ledger().now - before, 64u);
}

}  // namespace
}  // namespace candor::cpu
