// The scan with several threads: the same findings in the same order, an end when it is asked for, bounded memory.
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <thread>

#include "audit/scan/helpers.h"
#include "audit/scan/scan.h"
#include "audit/scan/tensor_scan.h"
#include "candor/error.h"
#include "core/formats.h"
#include "tests/audit/recipes.h"
#include "tests/audit/scan_support.h"

namespace candor::audit_internal {
namespace {

using candor::testing::bytes_of;
using candor::testing::expect_same_counts;
using candor::testing::scan_entries;
using candor::testing::scan_file;
using candor::testing::StoredTensor;
using candor::testing::TemporaryFolder;
using candor::testing::write_safetensors;

/// One of many spans, thousands of a few elements, and all dtypes that are counted.
std::vector<StoredTensor> many_tensors() {
  std::vector<StoredTensor> tensors;
  std::vector<float> wide = draw(Law::t3, 0.02, 5'000'000, 1);
  wide[4'900'000] = std::numeric_limits<float>::infinity();
  const std::vector<std::uint16_t> codes = to_bf16(wide, Route::rne);
  tensors.push_back({"wide", DType::f32, {5000, 1000}, bytes_of(wide)});
  tensors.push_back({"codes", DType::bf16, {1000, 5000}, bytes_of(codes)});
  for (std::size_t i = 0; i < 2000; ++i) {
    const std::vector<float> values(wide.begin() + static_cast<std::ptrdiff_t>(i * 100),
                                    wide.begin() + static_cast<std::ptrdiff_t>(i * 100 + i % 97));
    const std::string name = "tiny" + std::to_string(i);
    const auto n = static_cast<std::int64_t>(values.size());
    if (i % 2 == 0)
      tensors.push_back({name, DType::f32, {n}, bytes_of(values)});
    else
      tensors.push_back({name, DType::f16, {n}, bytes_of(to_f16(values))});
  }
  const std::vector<float> narrow = widen(codes);
  tensors.push_back({"narrow", DType::f32, {5'000'000}, bytes_of(narrow)});
  return tensors;
}

TEST(ScanThreads, EveryNumberOfThreadsFindsTheSame) {
  const TemporaryFolder folder;
  const std::vector<StoredTensor> tensors = many_tensors();
  const std::string path = write_safetensors(folder, tensors);
  const std::vector<Fingerprint> one = scan_file(path, 1);
  ASSERT_EQ(one.size(), tensors.size());
  for (const int threads : {2, 3, 4}) {
    const std::vector<Fingerprint> many = scan_file(path, threads);
    ASSERT_EQ(many.size(), one.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(one[i].name, tensors[i].name);
      EXPECT_EQ(many[i].name, one[i].name);
      expect_same_counts(many[i], one[i]);
      EXPECT_EQ(many[i].identity, one[i].identity);
      EXPECT_EQ(many[i].sum_squares, one[i].sum_squares) << "to the last bit";
      EXPECT_EQ(many[i].blocks.sampled, one[i].blocks.sampled);
    }
  }
}

/// What threads may do, done for certain: the last span first.
TEST(ScanThreads, TheOrderOfTheSpansDoesNotMatter) {
  const TemporaryFolder folder;
  std::vector<float> values = draw(Law::t3, 0.02, 5 * candor::testing::kSpan32 + 777, 3);
  for (std::size_t i = 0; i < values.size(); ++i)  // spans whose sums round differently in another order
    values[i] *= 1.0f + 0.37f * static_cast<float>(i / candor::testing::kSpan32);
  for (std::size_t i = 0; i < values.size(); i += 100'000)
    values[i] = std::numeric_limits<float>::infinity();  // more than eight in every span
  const Checkpoint checkpoint = Checkpoint::open(
      write_safetensors(folder, {{"weight", DType::f32, candor::testing::flat(values), bytes_of(values)}}));
  const auto scan = [&](bool backwards) {
    TensorScan tensor(checkpoint, checkpoint.tensors()[0]);
    SpanCounter counter;
    for (std::uint64_t i = 0; i < tensor.spans(); ++i)
      EXPECT_EQ(tensor.scan(backwards ? tensor.spans() - 1 - i : i, counter, [](std::uint64_t) {}),
                i + 1 == tensor.spans());
    return tensor.finish([](std::uint64_t) {});
  };
  const Fingerprint forwards = scan(false), backwards = scan(true);
  expect_same_counts(forwards, backwards);
  EXPECT_EQ(forwards.sum_squares, backwards.sum_squares);
  EXPECT_EQ(forwards.identity, backwards.identity);
  ASSERT_EQ(backwards.witnesses.size(), 8u);
  EXPECT_EQ(backwards.witnesses[7].index, 700'000u);
}

// Of a large tensor the pages that blocks need come back a few at a time: there a signal ends the look at them.
TEST(ScanThreads, WhatATickThrowsEndsTheLookAtBlocks) {
  const TemporaryFolder folder;
  const std::vector<float> values(std::size_t{18} << 20, 0.5f);  // 72 MiB
  const Checkpoint checkpoint = Checkpoint::open(
      write_safetensors(folder, {{"weight", DType::f32, candor::testing::flat(values), bytes_of(values)}}));
  TensorScan tensor(checkpoint, checkpoint.tensors()[0]);
  SpanCounter counter;
  for (std::uint64_t i = 0; i < tensor.spans(); ++i) tensor.scan(i, counter, [](std::uint64_t) {});
  EXPECT_THROW(tensor.finish([](std::uint64_t) { throw Cancelled("now"); }), Cancelled);
}

// What is narrow begins in the third span; wide ones are kept for its sake.
TEST(ScanThreads, NarrowAndWideWitnessesAreThoseOfAnyOrder) {
  using Kind = ClassWitness::Kind;
  constexpr std::size_t kSpan = candor::testing::kSpan32;
  const TemporaryFolder folder;
  std::vector<float> values = draw(Law::normal, 0.02, 4 * kSpan, 8);
  for (std::size_t i = 2 * kSpan + 1000; i < values.size(); ++i)
    values[i] = f32_from_bits(f32_bits(values[i]) & 0xffff0000u);
  const Checkpoint checkpoint = Checkpoint::open(
      write_safetensors(folder, {{"weight", DType::f32, candor::testing::flat(values), bytes_of(values)}}));
  const auto scan = [&](const std::vector<std::uint64_t>& order) {
    TensorScan tensor(checkpoint, checkpoint.tensors()[0]);
    SpanCounter counter;
    for (const std::uint64_t span : order) tensor.scan(span, counter, [](std::uint64_t) {});
    return tensor.finish([](std::uint64_t) {});
  };
  const Fingerprint forwards = scan({0, 1, 2, 3});
  expect_same_counts(forwards, scan({3, 2, 1, 0}));
  expect_same_counts(forwards, scan({2, 0, 3, 1}));
  ASSERT_EQ(forwards.witnesses.size(), 16u);
  EXPECT_EQ(forwards.witnesses[0].kind, Kind::wide);
  EXPECT_EQ(forwards.witnesses[0].index, 0u);
  EXPECT_EQ(forwards.witnesses[8].kind, Kind::narrow);
  EXPECT_EQ(forwards.witnesses[8].index, 2 * kSpan + 1000);
}

TEST(ScanThreads, HelpersBeginTogetherAndAllEnd) {
  for (const std::size_t helpers : {0u, 1u, 5u}) {
    std::atomic<std::size_t> helped{0}, here{0};
    const std::thread::id caller = std::this_thread::get_id();
    work_with_helpers(helpers, [&](bool helper) {
      EXPECT_EQ(helper, std::this_thread::get_id() != caller);
      ++(helper ? helped : here);
    });
    EXPECT_EQ(helped, helpers);
    EXPECT_EQ(here, 1u);
  }
}

TEST(ScanThreads, OneCallOfTheSinkAtATime) {
  const TemporaryFolder folder;
  const Checkpoint checkpoint = Checkpoint::open(write_safetensors(folder, many_tensors()));
  std::vector<const TensorEntry*> entries;
  for (const TensorEntry& entry : checkpoint.tensors()) entries.push_back(&entry);
  std::atomic<int> inside{0}, most{0};
  ScanOptions options;
  options.threads = 4;
  scan_checkpoint(checkpoint, entries, options, [&](const Fingerprint&) {
    most = std::max(most.load(), ++inside);
    --inside;
  });
  EXPECT_EQ(most, 1);
}

TEST(ScanThreads, AStridedEntryIsReadInRowMajorOrder) {
  const TemporaryFolder folder;
  const std::vector<std::uint16_t> codes = to_bf16(draw(Law::normal, 1e-5, 600 * 700, 2), Route::rne);
  std::vector<std::uint16_t> transposed(codes.size());
  for (std::size_t i = 0; i < 600; ++i)
    for (std::size_t k = 0; k < 700; ++k) transposed[k * 600 + i] = codes[i * 700 + k];
  const Checkpoint checkpoint =
      Checkpoint::open(write_safetensors(folder, {{"weight", DType::bf16, {600, 700}, bytes_of(codes)}}));
  TensorEntry strided = checkpoint.tensors()[0];
  strided.shape = {700, 600};
  strided.strides = {1, 700};
  const Fingerprint found = scan_entries(checkpoint, {strided}, 2).at(0);
  expect_same_counts(found, fingerprint_of(transposed, {700, 600}));
  TemporaryFolder other;
  const Fingerprint plain =
      scan_file(write_safetensors(other, {{"weight", DType::bf16, {700, 600}, bytes_of(transposed)}})).at(0);
  EXPECT_EQ(found.identity, plain.identity) << "wherever the values lie";
  EXPECT_EQ(found.blocks.sampled, plain.blocks.sampled);
  EXPECT_GT(found.blocks.sampled, 0u);
}

TEST(ScanThreads, StopsWhenCancelled) {
  const TemporaryFolder folder;
  const Checkpoint checkpoint = Checkpoint::open(write_safetensors(folder, many_tensors()));
  std::vector<const TensorEntry*> entries;
  for (const TensorEntry& entry : checkpoint.tensors()) entries.push_back(&entry);
  for (const int threads : {1, 2, 4}) {
    std::atomic<bool> cancel{false};
    std::size_t calls = 0;
    ScanOptions options;
    options.threads = threads;
    options.cancel = &cancel;
    EXPECT_THROW(scan_checkpoint(checkpoint, entries, options,
                                 [&](const Fingerprint&) {
                                   ++calls;
                                   cancel = true;
                                 }),
                 Cancelled);
    EXPECT_LT(calls, 100u);
    EXPECT_THROW(scan_checkpoint(checkpoint, entries, options, [](const Fingerprint&) { FAIL(); }), Cancelled);
  }
}

TEST(ScanThreads, WhatTheSinkThrowsComesOut) {
  const TemporaryFolder folder;
  const Checkpoint checkpoint = Checkpoint::open(write_safetensors(folder, many_tensors()));
  std::vector<const TensorEntry*> entries;
  for (const TensorEntry& entry : checkpoint.tensors()) entries.push_back(&entry);
  for (const int threads : {1, 2, 4}) {
    std::size_t calls = 0;
    ScanOptions options;
    options.threads = threads;
    EXPECT_THROW(scan_checkpoint(checkpoint, entries, options,
                                 [&](const Fingerprint&) {
                                   if (++calls == 50) throw ValueError("fifty");
                                 }),
                 ValueError);
    EXPECT_EQ(calls, 50u) << "none follows";
  }
}

TEST(ScanThreads, ProgressEndsAtTheTotal) {
  const TemporaryFolder folder;
  const Checkpoint checkpoint = Checkpoint::open(write_safetensors(folder, many_tensors()));
  std::vector<const TensorEntry*> entries;
  std::uint64_t total = 0, last = 0;
  for (const TensorEntry& entry : checkpoint.tensors()) {
    entries.push_back(&entry);
    total += entry.nbytes;
  }
  const std::thread::id caller = std::this_thread::get_id();
  ScanOptions options;
  options.threads = 2;
  options.progress = [&](const Progress& progress) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(progress.total, total);
    EXPECT_GE(progress.done, last);
    last = progress.done;
  };
  scan_checkpoint(checkpoint, entries, options, [](const Fingerprint&) {});
  EXPECT_EQ(last, total);
}

}  // namespace
}  // namespace candor::audit_internal
