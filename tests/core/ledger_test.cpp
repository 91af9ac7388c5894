// The ledger and the Recorder.
#include "core/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "candor/error.h"

namespace candor {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr Precision kBf16{.a = DType::bf16, .b = DType::bf16, .out = DType::bf16};

ledger::KernelCall matmul_call(std::span<const ledger::BytesOf> read, std::span<const ledger::BytesOf> written) {
  return {.op = "matmul",
          .kernel = "cpu/matmul/matmul_packed",
          .isa = "avx2",
          .instruction_class = "f32-fma",
          .precision = kBf16,
          .flops = 1000,
          .read = read,
          .written = written,
          .seconds = 0.25};
}

TEST(Ledger, CountsBytesNowAndAtPeak) {
  const auto entry = [] {
    for (const MemoryEntry& e : memory_ledger())
      if (e.dtype == DType::c64) return e;
    return MemoryEntry{DType::c64};
  };
  EXPECT_EQ(entry().peak, 0u);
  ledger::add_owned(DType::c64, 100);
  ledger::add_owned(DType::c64, 50);
  ledger::remove_owned(DType::c64, 100);
  ledger::add_owned(DType::c64, 20);
  ledger::add_mapped(DType::c64, 8);
  EXPECT_EQ(entry().now, 70u);
  EXPECT_EQ(entry().peak, 150u);
  EXPECT_EQ(entry().mapped_now, 8u);
  ledger::remove_owned(DType::c64, 70);
  ledger::remove_mapped(DType::c64, 8);
  EXPECT_EQ(entry().now, 0u);
  EXPECT_EQ(entry().peak, 150u);  // stays listed
}

TEST(Ledger, CountsWorkspaceNowAndAtPeak) {
  const WorkspaceEntry before = workspace_ledger();
  EXPECT_EQ(before.now, 0u);
  ledger::workspace_allocated(4096);
  ledger::workspace_allocated(64);
  EXPECT_EQ(workspace_ledger().now, 4160u);
  ledger::workspace_freed(4096);
  EXPECT_EQ(workspace_ledger().now, 64u);
  EXPECT_EQ(workspace_ledger().peak, 4160u);
  ledger::workspace_freed(64);
  EXPECT_EQ(workspace_ledger().now, 0u);
  EXPECT_EQ(workspace_ledger().peak, 4160u);
  for (const MemoryEntry& entry : memory_ledger()) EXPECT_LT(entry.peak, 4096u) << "counted under a dtype as well";
}

// The peak cannot tell that a block below an earlier peak was taken; this count can.
TEST(Ledger, AllocationsNeverFall) {
  ledger::add_owned(DType::c64, 1000);
  ledger::remove_owned(DType::c64, 1000);
  const ledger::Allocations before = ledger::allocations();
  ledger::add_owned(DType::c64, 10);
  ledger::remove_owned(DType::c64, 10);
  ledger::workspace_allocated(5);
  ledger::workspace_freed(5);
  ledger::add_mapped(DType::c64, 7);  // nothing is taken
  ledger::remove_mapped(DType::c64, 7);
  EXPECT_EQ(ledger::allocations().blocks, before.blocks + 2);
  EXPECT_EQ(ledger::allocations().bytes, before.bytes + 15);
}

TEST(Recorder, AddsUpCallsOfOneKernelAndPrecision) {
  const ledger::BytesOf read[] = {{DType::bf16, 64}, {DType::q4_0, 18}, {DType::bf16, 2}};
  const ledger::BytesOf written[] = {{DType::bf16, 16}};
  ledger::record(matmul_call(read, written));  // nobody records
  EXPECT_FALSE(ledger::recording());
  Recorder recorder;
  EXPECT_TRUE(ledger::recording());
  ledger::record(matmul_call(read, written));
  ledger::record(matmul_call(read, written));
  ledger::KernelCall other = matmul_call(read, written);
  other.precision.out = DType::f32;
  ledger::record(other);
  other.isa = "avx512";
  ledger::record(other);
  recorder.stop();
  EXPECT_FALSE(ledger::recording());
  ledger::record(matmul_call(read, written));
  const std::vector<KernelEntry> kernels = recorder.kernels();
  ASSERT_EQ(kernels.size(), 3u);
  EXPECT_EQ(kernels[0].op, "matmul");
  EXPECT_EQ(kernels[0].kernel, "cpu/matmul/matmul_packed");
  EXPECT_EQ(kernels[0].isa, "avx2");
  EXPECT_EQ(kernels[0].instruction_class, "f32-fma");
  EXPECT_EQ(kernels[0].precision, kBf16);
  EXPECT_EQ(kernels[0].calls, 2u);
  EXPECT_EQ(kernels[0].flops, 2000u);
  EXPECT_EQ(kernels[0].seconds, 0.5);
  EXPECT_EQ(kernels[0].bytes_read[static_cast<int>(DType::bf16)], 132u);
  EXPECT_EQ(kernels[0].bytes_read[static_cast<int>(DType::q4_0)], 36u);
  EXPECT_EQ(kernels[0].bytes_written[static_cast<int>(DType::bf16)], 32u);
  EXPECT_EQ(kernels[1].calls, 1u);
  EXPECT_EQ(kernels[2].isa, "avx512");
  EXPECT_GE(recorder.seconds(), 0.0);
  EXPECT_EQ(recorder.seconds(), recorder.seconds());  // stopped
}

TEST(Recorder, CountsCastsSinceItStarted) {
  ledger::record_cast(DType::f32, DType::bf16, "op: cast", 10);
  Recorder recorder;
  EXPECT_TRUE(recorder.casts().empty());
  ledger::record_cast(DType::f32, DType::bf16, "op: cast", 5);
  ledger::record_cast(DType::f32, DType::bf16, "op: cast", 6);
  ledger::record_cast(DType::q4_1, DType::bf16, "load: dequantise", 32);
  recorder.stop();
  ledger::record_cast(DType::f32, DType::bf16, "op: cast", 7);
  const std::vector<CastEntry> casts = recorder.casts();
  ASSERT_EQ(casts.size(), 2u);
  EXPECT_EQ(casts[0].calls, 2u);
  EXPECT_EQ(casts[0].elements, 11u);
  EXPECT_EQ(casts[1].from, DType::q4_1);
  EXPECT_EQ(casts[1].reason, "load: dequantise");
  for (const CastEntry& cast : ledger::casts()) {
    if (cast.reason != "op: cast") continue;
    EXPECT_EQ(cast.calls, 4u);
    EXPECT_EQ(cast.elements, 28u);
  }
}

TEST(Recorder, OneAtATime) {
  {
    Recorder first;
    EXPECT_THAT([] { Recorder second; }, ThrowsMessage<Error>(HasSubstr("another Recorder is recording")));
    EXPECT_TRUE(ledger::recording());  // the refused one left the first alone
    first.stop();
    first.stop();
    Recorder third;
    EXPECT_TRUE(ledger::recording());
  }
  EXPECT_FALSE(ledger::recording());
}

TEST(Recorder, ManyThreads) {
  Recorder recorder;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      for (int i = 0; i < 1000; ++i) {
        ledger::record(matmul_call({}, {}));
        ledger::record_cast(DType::f16, DType::f32, "threads", 1);
      }
    });
  for (std::thread& thread : threads) thread.join();
  recorder.stop();
  ASSERT_EQ(recorder.kernels().size(), 1u);
  EXPECT_EQ(recorder.kernels()[0].calls, 4000u);
  ASSERT_EQ(recorder.casts().size(), 1u);
  EXPECT_EQ(recorder.casts()[0].elements, 4000u);
}

}  // namespace
}  // namespace candor
