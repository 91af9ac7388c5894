// The numbers that a Recorder gives for ops: bytes by dtype, flops and calls, exactly.
#include "candor/receipt.h"

#include <map>

#include "tests/ops/tensors.h"

namespace candor::test {
namespace {

using enum DType;

using Bytes = std::map<DType, std::uint64_t>;

Bytes nonzero(const std::uint64_t* bytes) {
  Bytes result;
  for (int i = 0; i < static_cast<int>(DType::count_); ++i)
    if (bytes[i] != 0) result[static_cast<DType>(i)] = bytes[i];
  return result;
}

// The one entry that `call` leaves.
KernelEntry record(const std::function<void()>& call) {
  Recorder recorder;
  call();
  recorder.stop();
  EXPECT_EQ(recorder.kernels().size(), 1u);
  return recorder.kernels().at(0);
}

void expect_bytes(const KernelEntry& entry, const Bytes& read, const Bytes& written) {
  EXPECT_EQ(nonzero(entry.bytes_read), read) << entry.op;
  EXPECT_EQ(nonzero(entry.bytes_written), written) << entry.op;
}

TEST(Numbers, Matmul) {
  const Tensor x = counting({3, 5, 64}, bf16), weight = counting({8, 64}, bf16), bias = counting({8});
  const KernelEntry entry = record([&] { matmul(x, weight, bias); });
  expect_bytes(entry, {{bf16, (15 * 64 + 8 * 64) * 2}, {f32, 8 * 4}}, {{bf16, 15 * 8 * 2}});
  EXPECT_EQ(entry.flops, 2u * 15 * 64 * 8);
  EXPECT_EQ(entry.calls, 1u);
  EXPECT_GT(entry.seconds, 0.0);
}

TEST(Numbers, CallsAddUp) {
  const Tensor x = counting({1, 64}, bf16), weight = counting({8, 64}, bf16);
  const KernelEntry entry = record([&] {
    for (int i = 0; i < 3; ++i) matmul(x, weight);
  });
  expect_bytes(entry, {{bf16, 3 * (64 + 8 * 64) * 2}}, {{bf16, 3 * 8 * 2}});
  EXPECT_EQ(entry.flops, 3u * 2 * 64 * 8);
  EXPECT_EQ(entry.calls, 3u);
}

// Padding is part of what a packed weight occupies, and is read.
TEST(Numbers, PackedWeightsCountTheirPadding) {
  const Tensor x = counting({2, 33}, bf16), packed = pack_tiles(counting({19, 33}, bf16));
  EXPECT_EQ(packed.nbytes(), 32u * 34 * 2);
  expect_bytes(record([&] { matmul(x, packed); }), {{bf16, 2 * 33 * 2 + 32 * 34 * 2}}, {{bf16, 2 * 19 * 2}});
}

TEST(Numbers, BlocksCountAsTheyAreStored) {
  const Tensor x = counting({2, 64}), weight = Tensor::zeros({4, 64}, q4_0);
  const KernelEntry entry = record([&] { matmul(x, weight); });
  expect_bytes(entry, {{f32, 2 * 64 * 4}, {q4_0, 4 * 2 * 18}}, {{f32, 2 * 4 * 4}});
  EXPECT_EQ(entry.flops, 2u * 2 * 64 * 4);
}

TEST(Numbers, AnEmbeddingReadsTheRowsAskedFor) {
  const Tensor ids = Tensor::from_i32(std::vector<std::int32_t>{7, 1, 7}, {3}), table = counting({100, 7}, bf16),
               packed = pack_tiles(table), blocks = Tensor::zeros({100, 64}, q4_0);
  for (const Tensor& rows : {table, packed})
    expect_bytes(record([&] { embedding(rows, ids); }), {{i32, 12}, {bf16, 3 * 14}}, {{bf16, 3 * 14}});
  expect_bytes(record([&] { embedding(blocks, ids, {.out = f32}); }), {{i32, 12}, {q4_0, 3 * 36}}, {{f32, 3 * 64 * 4}});
}

TEST(Numbers, ABroadcastOperandIsReadOnce) {
  const Tensor x = counting({4, 3}), row = counting({3}), one = counting({1}), column = counting({4, 1});
  expect_bytes(record([&] { add(x, row); }), {{f32, 48 + 12}}, {{f32, 48}});
  expect_bytes(record([&] { add(x, one); }), {{f32, 48 + 4}}, {{f32, 48}});
  const KernelEntry both = record([&] { add(column, row); });
  expect_bytes(both, {{f32, 16 + 12}}, {{f32, 48}});
  EXPECT_EQ(both.flops, 12u);
}

TEST(Numbers, NormsReadAndWriteTheirSums) {
  const Tensor x = counting({4, 6}, bf16), weight = counting({6}, bf16);
  const KernelEntry entry = record([&] { rms_norm_residual(x, x, weight); });
  expect_bytes(entry, {{bf16, (24 + 24 + 6) * 2}}, {{bf16, (24 + 24) * 2}});
  EXPECT_EQ(entry.flops, 4u * 24);
}

TEST(Numbers, AttentionReadsTheKeysThatThereAre) {
  const Tensor q = counting({2, 4, 8}, bf16), cache = counting({9, 2, 8}, bf16);
  const Tensor k = cache.slice(0, 0, 5);
  const KernelEntry entry = record([&] { attention(q, k, k); });
  expect_bytes(entry, {{bf16, (2 * 32 + 2 * 5 * 16) * 2}}, {{bf16, 2 * 32 * 2}});
  EXPECT_EQ(entry.flops, 4u * 4 * 8 * (4 + 5));  // the first query sees 4 keys, the second 5
}

TEST(Numbers, SelectionWritesIndices) {
  const Tensor x = counting({2, 8}, bf16);
  expect_bytes(record([&] { argmax(x); }), {{bf16, 32}}, {{i32, 8}});
  expect_bytes(record([&] { top_k(x, 3); }), {{bf16, 32}}, {{bf16, 12}, {i32, 24}});
}

TEST(Numbers, MovesHaveNoFlops) {
  const Tensor x = counting({2, 32}), blocks = Tensor::zeros({2, 64}, q8_0), odd = counting({17, 3}, bf16);
  const KernelEntry narrow = record([&] { cast(x, bf16); });
  expect_bytes(narrow, {{f32, 256}}, {{bf16, 128}});
  EXPECT_EQ(narrow.flops, 0u);
  expect_bytes(record([&] { cast(blocks, f16); }), {{q8_0, 2 * 2 * 34}}, {{f16, 256}});
  expect_bytes(record([&] { full({3}, f16, 1.0); }), {}, {{f16, 6}});
  expect_bytes(record([&] { pack_tiles(odd); }), {{bf16, 17 * 3 * 2}}, {{bf16, 32 * 4 * 2}});
}

TEST(Numbers, MemoryByDType) {
  const auto entry = [](DType dtype) {
    for (const MemoryEntry& e : memory_ledger())
      if (e.dtype == dtype) return e;
    return MemoryEntry{dtype};
  };
  const MemoryEntry before = entry(f8_e5m2);
  {
    const Tensor kept = Tensor::empty({100}, f8_e5m2);
    {
      const Tensor larger = Tensor::empty({1000, 3}, f8_e5m2), view = larger.slice(0, 1, 2);
      EXPECT_EQ(entry(f8_e5m2).now, before.now + 3100);
    }
    const Tensor smaller = Tensor::empty({50}, f8_e5m2), copy = smaller;
    EXPECT_EQ(entry(f8_e5m2).now, before.now + 150);
    EXPECT_EQ(entry(f8_e5m2).peak, before.now + 3100);
    EXPECT_EQ(entry(q4_k).now, 0u);
    const Tensor blocks = Tensor::empty({2, 256}, q4_k);
    EXPECT_EQ(entry(q4_k).now, 288u);
  }
  EXPECT_EQ(entry(f8_e5m2).now, before.now);
  EXPECT_EQ(entry(f8_e5m2).peak, before.now + 3100);
  EXPECT_EQ(entry(q4_k).peak, 288u);
}

}  // namespace
}  // namespace candor::test
