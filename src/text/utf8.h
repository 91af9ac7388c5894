// UTF-8, decoded and checked by hand: malformed input is data here, never an assumption.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace candor::text {

inline constexpr char32_t kReplacementCharacter = 0xfffd;

struct DecodedCharacter {
  char32_t code = kReplacementCharacter;
  std::uint32_t length =
      0;  // bytes; of malformed input the longest prefix of a character ("maximal subpart"), at least 1
  bool valid = false;
  bool cut = false;  // malformed only because the text ends: more bytes could complete it
};

/// The character that starts at `position`, which must be inside the text.
DecodedCharacter decode_utf8(std::string_view text, std::size_t position);

/// Byte offset of the first malformed sequence, npos when there is none.
std::size_t find_malformed_utf8(std::string_view text);

/// Throws ValueError "<where>: …" with the byte offset when the text is malformed.
void require_utf8(std::string_view text, std::string_view where);

void append_utf8(std::string& out, char32_t code);

/// Every maximal malformed subpart becomes one U+FFFD, as Rust's from_utf8_lossy and Python's errors="replace" do.
std::string replace_malformed_utf8(std::string_view text);

/// Safe to print whatever a file says: malformed UTF-8 replaced, control characters as \x1b.
std::string printable(std::string_view text);

}  // namespace candor::text
