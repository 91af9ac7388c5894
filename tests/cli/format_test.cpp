#include "cli/format.h"

#include <gtest/gtest.h>

#include <regex>

#include "cli/progress.h"
#include "cli/prompt_text.h"

namespace candor::cli {
namespace {

TEST(FormatTest, Bytes) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1000), "1.00 kB");
  EXPECT_EQ(format_bytes(269'060'000), "269.06 MB");
  EXPECT_EQ(format_bytes(999'990'000), "1.00 GB");  // never "1000.0 MB"
  EXPECT_EQ(format_bytes(UINT64_MAX), "18446744.07 TB");
}

TEST(FormatTest, RatesAndTimes) {
  EXPECT_EQ(format_byte_rate(26.54e9), "26.5 GB/s");
  EXPECT_EQ(format_flop_rate(203.4e9), "203 GFLOP/s");
  EXPECT_EQ(format_flop_rate(0), "0.0 FLOP/s");
  EXPECT_EQ(format_count(9999), "9999");
  EXPECT_EQ(format_count(134'515'008), "134.52 M");
  EXPECT_EQ(format_seconds(0.3124), "312 ms");
  EXPECT_EQ(format_seconds(0.9996), "1.0 s");
  EXPECT_EQ(format_seconds(185), "3:05 min");
  EXPECT_EQ(format_percent(0.725), "72 %");
}

TEST(FormatTest, Words) {
  EXPECT_EQ(counted(0, "tensor"), "0 tensors");
  EXPECT_EQ(counted(1, "tensor"), "1 tensor");
  EXPECT_EQ(counted(10000, "tensor"), "10,000 tensors");
  EXPECT_EQ(storage_text({DType::bf16, DType::q4_1, DType::f32}), "bf16·q4_1→f32");
  EXPECT_EQ(arithmetic_text({}), "f32/f32");
  EXPECT_EQ(arithmetic_text({.compute = DType::any, .accumulate = DType::any}), "-");
}

TEST(FormatTest, TablesAlignByCharactersAndEndWithoutSpaces) {
  Table table({Table::Align::left, Table::Align::right, Table::Align::left});
  table.add({"a→b", "1", "x"});
  table.add({"long", "100", ""});
  EXPECT_EQ(table.text(), "a→b     1  x\nlong  100\n");
}

TEST(FormatTest, LongNamesKeepBothEnds) {
  EXPECT_EQ(shortened("model.layers.weight", 19), "model.layers.weight");
  EXPECT_EQ(shortened("model.layers.0.weight", 19), "model.lay….0.weight");
  EXPECT_EQ(shortened("äöüäöüäöü", 5), "äö…öü");
  EXPECT_EQ(shortened("ab", 1), "…");
  const std::string middle(1 << 20, 'x');
  EXPECT_EQ(shown_name("a." + middle + ".weight"),
            "a." + std::string(46, 'x') + "…" + std::string(40, 'x') + ".weight");
  EXPECT_NE(shown_name(middle + ".weight"), shown_name(middle + ".bias"));
  EXPECT_NE(shown_name("a." + middle), shown_name("b." + middle));
  for (std::size_t length : {1u, 95u, 96u, 97u, 200u, 1u << 20})
    EXPECT_EQ(display_width(shown_name(std::string(length, 'x'))), std::min<std::size_t>(length, 96)) << length;
}

TEST(FormatTest, LongNamesCutNoEscapedByte) {
  EXPECT_EQ(shown_name("a\nb"), "a\\x0ab");
  const std::regex whole(R"(x*(\\x1b)*…(\\x1b)*x*)");
  for (std::size_t before = 0; before < 8; ++before)
    for (std::size_t after = 0; after < 8; ++after) {
      const std::string name =
          shown_name(std::string(before, 'x') + std::string(1000, '\x1b') + std::string(after, 'x'));
      EXPECT_TRUE(std::regex_match(name, whole)) << name;
      EXPECT_LE(display_width(name), 96u);
    }
}

TEST(ProgressTest, OneLineThatFits) {
  const Progress progress{"loading", "bytes", 50'000'000, 200'000'000};
  EXPECT_EQ(progress_line(progress, 0.5, 120, false),
            "loading  ########...................... 25 %  50.00 MB of 200.00 MB  100 MB/s  0:02");
  for (int columns = 10; columns < 100; ++columns)
    EXPECT_LT(display_width(progress_line(progress, 0.5, columns, true)), std::max(columns, 15)) << columns;
}

TEST(ProgressTest, WithoutATotalOrAtTheEnd) {
  EXPECT_EQ(progress_line({"reading", "bytes", 3000, 0}, 1, 80, false), "reading    3.00 kB  3.0 kB/s");
  const std::string end = progress_line({"prefill", "tokens", 128, 128}, 0.25, 80, false);
  EXPECT_TRUE(end.ends_with("100 %  128 tokens of 128 tokens  512 tokens/s")) << end;
}

TEST(Utf8Test, FirstBadByte) {
  EXPECT_FALSE(invalid_utf8_offset(""));
  EXPECT_FALSE(invalid_utf8_offset("a\u00e9\u20ac\U0001F600\U0010FFFF"));
  EXPECT_EQ(invalid_utf8_offset("ab\xff"), 2u);
  EXPECT_EQ(invalid_utf8_offset("\xc3"), 0u);              // cut off
  EXPECT_EQ(invalid_utf8_offset("a\xc1\xbf"), 1u);         // overlong
  EXPECT_EQ(invalid_utf8_offset("\xe0\x9f\xbf"), 0u);      // overlong
  EXPECT_EQ(invalid_utf8_offset("\xed\xa0\x80"), 0u);      // surrogate
  EXPECT_EQ(invalid_utf8_offset("\xf4\x90\x80\x80"), 0u);  // past U+10FFFF
  EXPECT_FALSE(invalid_utf8_offset("\xed\x9f\xbf\xee\x80\x80"));
}

TEST(ReadableTest, ControlCharactersAndBrokenBytes) {
  const std::string_view text = "a\n\x1b\xe9\u00e9";
  EXPECT_EQ(readable(text), "a\\x0a\\x1b\\xe9\u00e9");
  EXPECT_EQ(readable(text, Lines::kept), "a\n\\x1b\\xe9\u00e9");
}

// A terminal acts on these too: C1 controls (U+009B begins an escape sequence) and what turns the direction of text.
TEST(ReadableTest, ControlsOfMoreThanOneByte) {
  EXPECT_EQ(readable("\xc2\x9b[31m"), "\\xc2\\x9b[31m");
  EXPECT_EQ(readable("\xc2\x80\xc2\x9f"), "\\xc2\\x80\\xc2\\x9f");
  EXPECT_EQ(readable("\xe2\x80\xae", Lines::kept), "\\xe2\\x80\\xae");  // right-to-left override
  for (const std::string_view mark : {"\u061c", "\u200e", "\u200f", "\u2028", "\u202a", "\u2066", "\u2069"})
    EXPECT_EQ(readable(mark).find(mark), std::string::npos);
  for (const std::string_view shown :
       {"\u00a0", "\u061b", "\u200d", "\u2010", "\u2027", "\u202f", "\u2065", "\u206a", "\u65e5"})
    EXPECT_EQ(readable(shown), shown);
}

TEST(ReadableTest, WithoutAllocationsAsMuchAsFitsWhole) {
  const std::string_view text = "a\n\u00e9";
  char room[7];
  EXPECT_EQ(std::string_view(room, write_readable(text, room)), "a\\x0a\u00e9");
  EXPECT_EQ(std::string_view(room, write_readable(text, std::span(room, 6))), "a\\x0a");
  EXPECT_EQ(std::string_view(room, write_readable(text, std::span(room, 4))), "a");
  EXPECT_EQ(write_readable(text, {}), 0u);
}

}  // namespace
}  // namespace candor::cli
