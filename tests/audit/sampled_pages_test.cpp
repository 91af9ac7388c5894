// Looking at a large file's blocks lets go of what it has mapped, and sees the same.
#include <gtest/gtest.h>

#include "audit/block_evidence.h"
#include "tests/audit/quantisers.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal {
namespace {

constexpr std::uint64_t kPage = std::uint64_t{2} << 20;

TEST(SampledPages, LetsGoOfEightPagesBeforeTheNinth) {
  std::vector<std::pair<std::uintptr_t, std::uint64_t>> released;
  SampledPages pages([&](const std::byte* begin, std::uint64_t bytes) {
    released.emplace_back(reinterpret_cast<std::uintptr_t>(begin), bytes);
  });
  const auto touch = [&](std::uint64_t page, std::uint64_t byte) {
    pages.touch(reinterpret_cast<const std::byte*>(page * kPage + byte));
  };
  for (std::uint64_t page = 27; page > 19; --page) touch(page, 8 * page);
  for (std::uint64_t page = 20; page < 28; ++page) touch(page, kPage - 1);
  EXPECT_TRUE(released.empty());
  touch(100, 0);
  ASSERT_EQ(released.size(), 1u);
  EXPECT_EQ(released[0].first, 20 * kPage);
  EXPECT_EQ(released[0].second, 8 * kPage);
  for (std::uint64_t page = 101; page < 108; ++page) touch(page, 0);
  EXPECT_EQ(released.size(), 1u);
  touch(20, 0);
  ASSERT_EQ(released.size(), 2u);
  EXPECT_EQ(released[1].first, 100 * kPage);
}

TEST(SampledPages, TheEvidenceIsTheSame) {
  Matrix matrix{4096, 4096, draw(Law::normal, 0.02, std::size_t{1} << 24, 5)};
  quantise(matrix, 1, 32, symmetric_integers(7));
  for (const DType dtype : {DType::bf16, DType::f32}) {
    const std::vector<std::byte> bytes = stored(matrix.values, dtype);
    TensorSlice slice{.data = bytes.data(), .dtype = dtype, .rows = matrix.rows, .columns = matrix.columns};
    const BlockEvidence whole = examine_blocks(slice);
    std::size_t releases = 0;
    SampledPages pages([&](const std::byte* begin, std::uint64_t size) {
      ++releases;
      EXPECT_LE(begin, bytes.data() + bytes.size());
      EXPECT_GE(begin + size, bytes.data());
    });
    slice.pages = &pages;
    const BlockEvidence parts = examine_blocks(slice);
    EXPECT_GT(releases, 2u);
    EXPECT_EQ(parts.sampled, whole.sampled);
    ASSERT_EQ(parts.distinct.size(), whole.distinct.size());
    for (std::size_t i = 0; i < whole.distinct.size(); ++i) {
      EXPECT_EQ(parts.distinct[i].extent, whole.distinct[i].extent);
      EXPECT_EQ(parts.distinct[i].blocks, whole.distinct[i].blocks) << whole.distinct[i].extent;
    }
    ASSERT_GE(whole.schemes.size(), 1u);
    ASSERT_EQ(parts.schemes.size(), whole.schemes.size());
    EXPECT_EQ(parts.schemes[0].name, whole.schemes[0].name);
    EXPECT_EQ(parts.schemes[0].bits, whole.schemes[0].bits);
    EXPECT_EQ(parts.first, whole.first);
  }
}

}  // namespace
}  // namespace candor::audit_internal
