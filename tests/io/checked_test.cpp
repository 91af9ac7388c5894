#include "io/checked.h"

#include <gtest/gtest.h>

#include <limits>

#include "io/content_hash.h"
#include "io/refuse.h"

namespace candor::io {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(Checked, AddRefusesToWrap) {
  EXPECT_EQ(checked_add(kMax - 1, 1), kMax);
  EXPECT_EQ(checked_add(kMax, 1), std::nullopt);
}

TEST(Checked, MulRefusesToWrap) {
  EXPECT_EQ(checked_mul(std::uint64_t{1} << 32, (std::uint64_t{1} << 32) - 1), 0xffffffff00000000u);
  EXPECT_EQ(checked_mul(std::uint64_t{1} << 32, std::uint64_t{1} << 32), std::nullopt);
}

TEST(Checked, AlignRefusesToWrap) {
  EXPECT_EQ(checked_align(0, 32), 0u);
  EXPECT_EQ(checked_align(33, 32), 64u);
  EXPECT_EQ(checked_align(kMax, 32), std::nullopt);
}

TEST(Checked, ElementsOfShapes) {
  const auto count = [](std::vector<std::int64_t> shape) { return checked_elements(shape); };
  EXPECT_EQ(count({}), 1u);
  EXPECT_EQ(count({3, 0, 5}), 0u);
  EXPECT_EQ(count({3, 4, 5}), 60u);
  EXPECT_EQ(count({-1}), std::nullopt);
  EXPECT_EQ(count({std::int64_t{1} << 32, std::int64_t{1} << 32}), std::nullopt);     // wraps to 0 in u64
  EXPECT_EQ(count({std::int64_t{1} << 32, std::int64_t{1} << 31}), std::nullopt);     // 2^63
  EXPECT_EQ(count({0, std::int64_t{1} << 32, std::int64_t{1} << 32}), std::nullopt);  // a zero hides nothing
}

TEST(ContentHash, DoesNotDependOnThePieces) {
  const std::string text = "The quick brown fox jumps over the lazy dog, twice: The quick brown fox.";
  ContentHash whole;
  whole.add(text.data(), text.size());
  for (std::size_t piece = 1; piece < 20; ++piece) {
    ContentHash parts;
    for (std::size_t i = 0; i < text.size(); i += piece) parts.add(text.data() + i, std::min(piece, text.size() - i));
    EXPECT_EQ(parts.value(), whole.value()) << piece;
  }
}

TEST(ContentHash, SeesEveryFlippedBitAndTheLength) {
  std::string text(37, '\0');
  const auto hash = [](const std::string& bytes) {
    ContentHash h;
    h.add(bytes.data(), bytes.size());
    return h.value();
  };
  const std::uint64_t before = hash(text);
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    text[bit / 8] = static_cast<char>(1 << bit % 8);
    EXPECT_NE(hash(text), before) << bit;
    text[bit / 8] = 0;
  }
  EXPECT_NE(hash(text + '\0'), before);
}

TEST(Utf8, AcceptsAndRefuses) {
  for (const char* good : {"", "plain", "caf\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xff"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(Quote, EscapesAndCuts) {
  EXPECT_EQ(quote("a\nb\x1b"), "'a\\x0ab\\x1b'");
  EXPECT_LT(quote(std::string(100000, 'x')).size(), 120u);
}

}  // namespace
}  // namespace candor::io
