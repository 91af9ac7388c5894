#include "text/unicode.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include "text/byte_alphabet.h"
#include "text/utf8.h"

namespace candor::text {
namespace {

TEST(Utf8, EveryCharacterRoundTrips) {
  for (char32_t code = 0; code < 0x110000; ++code) {
    if (code >= 0xd800 && code < 0xe000) continue;
    std::string bytes;
    append_utf8(bytes, code);
    const DecodedCharacter decoded = decode_utf8(bytes, 0);
    ASSERT_TRUE(decoded.valid && decoded.code == code && decoded.length == bytes.size())
        << static_cast<std::uint32_t>(code);
  }
}

TEST(Utf8, MaximalSubpartsAreReplaced) {  // the examples of the Unicode Standard, section 3.9
  EXPECT_EQ(replace_malformed_utf8("a\xc0\xaf\xe0\x80\xbf\xf0\x81\x82z"),
            "a\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdz");
  EXPECT_EQ(replace_malformed_utf8("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");
  EXPECT_EQ(replace_malformed_utf8("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), "\ufffd\ufffd\ufffd\ufffdA");
  EXPECT_EQ(find_malformed_utf8("ab\xffz"), 2u);
  EXPECT_EQ(find_malformed_utf8("ab\u20ac"), std::string_view::npos);
}

TEST(Utf8, PrintableTextMovesNoCursor) {
  EXPECT_EQ(printable("a\x1b[2Jb\nc\x7f\u00e9\xff"), "a\\x1b[2Jb\\x0ac\\x7f\u00e9\ufffd");
}

TEST(Unicode, ClassesAreThoseOfTheCategories) {  // where utf8proc, of an older Unicode, knows the character at all
  for (char32_t code = 0; code < 0x110000; ++code) {
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
    if (category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_CS) continue;
    ASSERT_EQ(is_letter(code), category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO)
        << static_cast<std::uint32_t>(code);
    ASSERT_EQ(is_number(code), category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO)
        << static_cast<std::uint32_t>(code);
  }
}

/// FNV-1a over the code points of a class, four little-endian bytes each.
template <class Member>
std::pair<int, std::uint64_t> fingerprint(Member member) {
  int count = 0;
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (std::uint32_t code = 0; code < 0x110000; ++code) {
    if (!member(static_cast<char32_t>(code))) continue;
    ++count;
    for (int shift = 0; shift < 32; shift += 8) hash = (hash ^ (code >> shift & 0xff)) * 0x100000001b3u;
  }
  return {count, hash};
}

// Also where utf8proc is older: the general categories L* and N* of the Python packages unicodedata2 16.0.0 and 17.0.0.
TEST(Unicode, ClassesAreWholeAndOfTheStatedVersion) {
  EXPECT_EQ(fingerprint(is_letter), (std::pair<int, std::uint64_t>{141028, 0xf41bf72239455b4fu}));  // Unicode 16
  EXPECT_EQ(fingerprint(is_number), (std::pair<int, std::uint64_t>{1911, 0xd15586ee8a145a41u}));    // Unicode 16
  EXPECT_EQ(fingerprint(is_numeric), (std::pair<int, std::uint64_t>{1924, 0xa1b06be6929373bbu}));   // Unicode 17
}

TEST(Unicode, WhiteSpaceIsTheProperty) {
  int count = 0;
  for (char32_t code = 0; code < 0x110000; ++code) count += is_white_space(code);
  EXPECT_EQ(count, 25);
  for (const int code : {0x0b, 0x0c, 0x85, 0xa0, 0x2028, 0x3000})
    EXPECT_TRUE(is_white_space(static_cast<char32_t>(code)));
  for (const int code : {0x1c, 0x180e, 0x200b, 0x2060, 0xfeff})
    EXPECT_FALSE(is_white_space(static_cast<char32_t>(code)));
}

TEST(Unicode, Nfc) {
  EXPECT_EQ(to_nfc("e\u0301"), "\u00e9");
  EXPECT_EQ(to_nfc("\u1e9b\u0323"), "\u1e9b\u0323");
  EXPECT_EQ(to_nfc("\u212b\u2126"), "\u00c5\u03a9");
  EXPECT_EQ(to_nfc("\u1112\u1161\u11ab"), "\ud55c");
  EXPECT_EQ(to_nfc("q\u0307\u0323"), "q\u0323\u0307");  // ordered, though nothing composes
  EXPECT_EQ(to_nfc("\u0958"), "\u0915\u093c");          // excluded from composition
  EXPECT_EQ(to_nfc("\u0344"), "\u0308\u0301");
}

TEST(ByteAlphabet, EveryByteHasOneCharacter) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(bytes_from_spelling(spelling_of_bytes(all)), all);
  EXPECT_EQ(spelling_of_bytes(" \n\x7f\xa0\xad"), "\u0120\u010a\u0121\u0142\u0143");
  EXPECT_EQ(bytes_from_spelling("a b"), std::nullopt);
  EXPECT_EQ(bytes_from_spelling("\u0144"), std::nullopt);
}

}  // namespace
}  // namespace candor::text
