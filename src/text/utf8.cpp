#include "text/utf8.h"

#include "candor/error.h"

namespace candor::text {
namespace {

struct LeadByte {
  std::uint32_t length;     // 0: cannot start a character
  unsigned char low, high;  // what the second byte may be (rules out overlong forms, surrogates, > U+10FFFF)
};

LeadByte classify_lead(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xc2) return {0, 0, 0};
  if (byte < 0xe0) return {2, 0x80, 0xbf};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};
  if (byte == 0xed) return {3, 0x80, 0x9f};
  if (byte < 0xf0) return {3, 0x80, 0xbf};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte < 0xf4) return {4, 0x80, 0xbf};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

}  // namespace

DecodedCharacter decode_utf8(std::string_view text, std::size_t position) {
  const auto first = static_cast<unsigned char>(text[position]);
  const LeadByte lead = classify_lead(first);
  if (lead.length == 1) return {first, 1, true, false};
  if (lead.length == 0) return {kReplacementCharacter, 1, false, false};
  char32_t code = first & (0x7fu >> lead.length);
  for (std::uint32_t i = 1; i < lead.length; ++i) {
    if (position + i >= text.size()) return {kReplacementCharacter, i, false, true};
    const auto byte = static_cast<unsigned char>(text[position + i]);
    const unsigned char low = i == 1 ? lead.low : 0x80, high = i == 1 ? lead.high : 0xbf;
    if (byte < low || byte > high) return {kReplacementCharacter, i, false, false};
    code = code << 6 | (byte & 0x3fu);
  }
  return {code, lead.length, true, false};
}

std::size_t find_malformed_utf8(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    if (static_cast<unsigned char>(text[position]) < 0x80) {
      ++position;
      continue;
    }
    const DecodedCharacter character = decode_utf8(text, position);
    if (!character.valid) return position;
    position += character.length;
  }
  return std::string_view::npos;
}

void require_utf8(std::string_view text, std::string_view where) {
  const std::size_t offset = find_malformed_utf8(text);
  if (offset == std::string_view::npos) return;
  throw ValueError(std::string(where) + ": the text is not UTF-8, the byte at offset " + std::to_string(offset) +
                   " of " + std::to_string(text.size()) + " starts no character; convert it to UTF-8 first");
}

void append_utf8(std::string& out, char32_t code) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

std::string replace_malformed_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t position = 0; position < text.size();) {
    const DecodedCharacter character = decode_utf8(text, position);
    if (character.valid) {
      out.append(text, position, character.length);
    } else {
      append_utf8(out, kReplacementCharacter);
    }
    position += character.length;
  }
  return out;
}

std::string printable(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : replace_malformed_utf8(text)) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace candor::text
