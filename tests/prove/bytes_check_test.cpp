// The checks of bytes: what is said of measurements that are as they should be, and of planted ones that are not.
#include "prove/bytes/bytes.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

#include "candor/error.h"
#include "prove/bytes/dtype_sizes.h"
#include "prove/bytes/process_memory.h"

namespace candor::prove {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;

void expect_proven(const ProofCheck& check) {
  EXPECT_EQ(check.verdict, ProofVerdict::proven) << check.what << ": " << check.finding;
  EXPECT_EQ(check.finding, "");
  EXPECT_EQ(check.section, "bytes");
}
void expect_finding(const ProofCheck& check, const std::string& finding) {
  EXPECT_EQ(check.verdict, ProofVerdict::mismatch) << check.what;
  EXPECT_EQ(check.finding, finding);
}

/// As a bf16 tensor of 8 Mi elements should be.
TensorMeasured honest_tensor() {
  return {.dtype = DType::bf16,
          .elements = 8 * kMiB,
          .nbytes = 16 * kMiB,
          .ledger = 16 * kMiB,
          .seen = true,
          .resident = 16 * kMiB + 4096,
          .reserved = 16 * kMiB - 8192};
}

TEST(TensorBytes, AsClaimed) { expect_proven(judge_tensor(honest_tensor())); }

TEST(TensorBytes, StoredAsF32) {
  TensorMeasured measured = honest_tensor();
  measured.resident = measured.reserved = 32 * kMiB + 4096;
  expect_finding(judge_tensor(measured), "bf16 takes 4 bytes an element in memory, not 2 bytes; nbytes says 2 bytes");
}

TEST(TensorBytes, ReservedAsF32ButWrittenAsBf16) {
  TensorMeasured measured = honest_tensor();
  measured.reserved = 32 * kMiB;
  expect_finding(judge_tensor(measured), "bf16 takes 4 bytes an element in memory, not 2 bytes; nbytes says 2 bytes");
}

TEST(TensorBytes, StoredInOneByte) {
  TensorMeasured measured = honest_tensor();
  measured.resident = measured.reserved = 8 * kMiB;
  expect_finding(judge_tensor(measured), "bf16 takes 1 byte an element in memory, not 2 bytes; nbytes says 2 bytes");
}

TEST(TensorBytes, NbytesAndLedgerThatAreWrong) {
  TensorMeasured measured = honest_tensor();
  measured.nbytes = 8 * kMiB;
  expect_finding(judge_tensor(measured), "nbytes says 1 byte an element of bf16, which takes 2 bytes");
  measured = honest_tensor();
  measured.ledger = 0;
  expect_finding(judge_tensor(measured), "the ledger counts 0 bytes of bf16; 16,777,216 were allocated");
}

TEST(TensorBytes, UnseenWithoutAWordOfTheSystem) {
  TensorMeasured measured = honest_tensor();
  measured.seen = false;
  EXPECT_EQ(judge_tensor(measured).verdict, ProofVerdict::unseen);
}

// The same lie in earnest: a mapping of twice the bytes, all of it written, is seen.
TEST(ProcessMemory, SeesWhatIsMappedAndWritten) {
  const auto before = process_memory();
  ASSERT_TRUE(before.has_value());
  const std::size_t bytes = 32 * kMiB;
  void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  const auto mapped = process_memory();
  std::memset(block, 1, bytes);
  const auto written = process_memory();
  munmap(block, bytes);
  EXPECT_NEAR(static_cast<double>(mapped->reserved - before->reserved), 32.0 * kMiB, 1.0 * kMiB);
  EXPECT_NEAR(static_cast<double>(written->resident) - static_cast<double>(mapped->resident), 32.0 * kMiB, 1.0 * kMiB);
}

// A copy that lives for a moment only.
void expect_to_see_what_is_gone_again(bool ask_system) {
  PeakMemory peak(ask_system);
  const std::size_t bytes = 64 * kMiB;
  void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  std::memset(block, 1, bytes);
  munmap(block, bytes);
  const auto above = peak.above_start();
  ASSERT_TRUE(above.has_value());
  EXPECT_NEAR(static_cast<double>(*above), 64.0 * kMiB, 4.0 * kMiB) << peak.how();
}

TEST(PeakMemory, SeesWhatIsGoneAgain) { expect_to_see_what_is_gone_again(true); }
TEST(PeakMemory, SeesItByLookingTooWithoutTheSystemsPeak) { expect_to_see_what_is_gone_again(false); }

TEST(PeakMemory, StartsAnew) {
  PeakMemory peak;
  const auto above = peak.above_start();
  ASSERT_TRUE(above.has_value());
  EXPECT_LT(*above, 4 * kMiB);
}

CopyMeasured honest_call() {
  return {.what = "matmul",
          .operand = 32 * kMiB,
          .result = 1 * kMiB,
          .workspace = 1 * kMiB,
          .seen = true,
          .peak = 4 * kMiB,
          .how = "by hand"};
}

TEST(Copies, ResultAndWorkspaceOnly) { expect_proven(judge_copies(honest_call())); }

TEST(Copies, HiddenF32Copy) {
  CopyMeasured measured = honest_call();
  measured.peak = 66 * kMiB;
  expect_finding(judge_copies(measured), "a hidden copy: 64 MiB more than result and workspace");
}

TEST(Copies, CopyInTheWorkspace) {
  CopyMeasured measured = honest_call();
  measured.peak = 66 * kMiB;
  measured.workspace = 64 * kMiB;
  expect_finding(judge_copies(measured), "a copy in the workspace: 64 MiB beside an operand of 32 MiB");
}

TEST(Casts, InTheLedger) {
  const CastCounted cast{DType::bf16, DType::f32, 4096};
  expect_proven(judge_casts({"cast", {cast}, {{DType::bf16, DType::f32, "op: cast", 1, 4096}}}));
  expect_finding(judge_casts({"cast", {cast}, {}}), "a cast bf16 → f32 of 4,096 elements is not in the ledger");
  expect_finding(judge_casts({"cast", {cast}, {{DType::bf16, DType::f32, "op: cast", 1, 1024}}}),
                 "a cast bf16 → f32 of 4,096 elements is in the ledger with 1,024 elements");
  expect_finding(judge_casts({"matmul", {}, {{DType::bf16, DType::f16, "op: cast", 1, 7}}}),
                 "a cast bf16 → f16 of 7 elements that nothing asked for (op: cast)");
}

KernelEntry entry_of(std::uint64_t read, std::uint64_t written) {
  KernelEntry entry{};
  entry.op = "matmul";
  entry.calls = 1;
  entry.bytes_read[static_cast<int>(DType::bf16)] = read;
  entry.bytes_written[static_cast<int>(DType::f32)] = written;
  return entry;
}
ProofCheck receipt_with(std::vector<KernelEntry> entries) {
  return judge_receipt({"matmul", "matmul bf16", {{DType::bf16, 2048}}, {{DType::f32, 64}}, std::move(entries)});
}

TEST(Receipts, BytesAndCalls) {
  expect_proven(receipt_with({entry_of(2048, 64)}));
  expect_finding(receipt_with({entry_of(1024, 64)}), "the receipt says 1,024 bytes of bf16 were read; 2,048 were");
  expect_finding(receipt_with({entry_of(2048, 0)}), "the receipt says 0 bytes of f32 were written; 64 were");
  expect_finding(receipt_with({}), "the receipt counts 0 calls of matmul, not 1");
  KernelEntry other = entry_of(0, 0);
  other.op = "cast";
  expect_finding(receipt_with({entry_of(2048, 64), other}), "the receipt has a call of cast, which was not asked for");
}

TEST(Receipts, BytesOfADTypeThatTheCallDoesNotHave) {
  KernelEntry entry = entry_of(2048, 64);
  entry.bytes_read[static_cast<int>(DType::f16)] = 10;
  expect_finding(receipt_with({entry}), "the receipt says 10 bytes of f16 were read; 0 were");
}

TEST(StoredSizes, EveryDTypeOfTensorsIsKnown) {
  for (const DTypeInfo& info : all_dtypes())
    if (info.block_bytes > 0) {
      EXPECT_NO_THROW(stored_size(info.dtype)) << info.name;
    }
  EXPECT_THROW(stored_size(DType::tf32), DTypeError);
  EXPECT_EQ(bytes_of_elements(DType::q4_0, 64), 36u);
}

TEST(Grouped, DigitsByThrees) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(16777216), "16,777,216");
}

// What the engine really does.
TEST(Bytes, AllProven) {
  const std::vector<ProofCheck> checks = prove_bytes(ProveOptions{.quick = true});
  EXPECT_GT(checks.size(), 70u);
  for (const ProofCheck& check : checks)
    EXPECT_EQ(check.verdict, ProofVerdict::proven)
        << check.what << ": " << check.finding << " (" << check.evidence << ")";
}

// A Recorder of the caller's stays alone: what it would disturb is said to be unseen, and nothing is thrown.
TEST(Bytes, UnseenWhileSomeoneElseRecords) {
  const Recorder recorder;
  for (const ProofCheck& check : prove_receipts()) EXPECT_EQ(check.verdict, ProofVerdict::unseen) << check.what;
}

}  // namespace
}  // namespace candor::prove
