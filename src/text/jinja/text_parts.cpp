#include "text/jinja/text_parts.h"

#include <algorithm>

#include "text/jinja/value_text.h"
#include "text/utf8.h"

namespace candor::jinja {
namespace {

bool ends_line(char32_t code) {
  return (code >= 0x0a && code <= 0x0d) || (code >= 0x1c && code <= 0x1e) || code == 0x85 || code == 0x2028 ||
         code == 0x2029;
}

/// The length of the word at the start of `text`, or at its end.
std::size_t word_length(std::string_view text, bool from_right) {
  std::size_t length = 0;
  while (length < text.size()) {
    std::size_t at = length;
    if (from_right) {
      at = text.size() - length - 1;
      while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80) --at;
    }
    const text::DecodedCharacter c = text::decode_utf8(text, at);
    if (is_python_space(c.code)) break;
    length += c.length;
  }
  return length;
}

}  // namespace

std::vector<std::string_view> split_at(std::string_view text, std::string_view separator, std::int64_t limit,
                                       bool from_right) {
  std::vector<std::string_view> parts;
  while (limit != 0) {
    const std::size_t at = from_right ? text.rfind(separator) : text.find(separator);
    if (at == std::string_view::npos) break;
    parts.push_back(from_right ? text.substr(at + separator.size()) : text.substr(0, at));
    text = from_right ? text.substr(0, at) : text.substr(at + separator.size());
    --limit;
  }
  parts.push_back(text);
  if (from_right) std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> split_at_space(std::string_view text, std::int64_t limit, bool from_right) {
  std::vector<std::string_view> parts;
  text = strip(text, std::nullopt, !from_right, from_right);
  while (!text.empty()) {
    if (limit == 0) {
      parts.push_back(text);
      break;
    }
    const std::size_t length = word_length(text, from_right);
    parts.push_back(from_right ? text.substr(text.size() - length) : text.substr(0, length));
    text = from_right ? text.substr(0, text.size() - length) : text.substr(length);
    text = strip(text, std::nullopt, !from_right, from_right);
    --limit;
  }
  if (from_right) std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const text::DecodedCharacter c = text::decode_utf8(text, at);
    std::size_t next = at + c.length;
    if (ends_line(c.code)) {
      lines.push_back(text.substr(begin, at - begin));
      if (c.code == '\r' && next < text.size() && text[next] == '\n') ++next;
      begin = next;
    }
    at = next;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

std::string replace_all(std::string_view text, std::string_view old_text, std::string_view new_text, std::int64_t count,
                        int line, Budget& budget) {
  std::string out;
  std::size_t from = 0;
  const auto put = [&](std::string_view part) {
    budget.spend(1 + part.size() / 16);
    out += part;
    if (out.size() > kMaxTextBytes) fail(line, "replace gives more than " + std::to_string(kMaxTextBytes) + " bytes");
  };
  if (old_text.empty()) {  // Python puts the new text around every character
    for (const std::size_t offset : character_offsets(text)) {
      put(text.substr(from, offset - from));
      from = offset;
      if (count-- != 0) put(new_text);
      if (count == 0) break;
    }
    put(text.substr(from));
    return out;
  }
  for (; count != 0; --count) {
    const std::size_t at = text.find(old_text, from);
    if (at == std::string_view::npos) break;
    put(text.substr(from, at - from));
    put(new_text);
    from = at + old_text.size();
  }
  put(text.substr(from));
  return out;
}

}  // namespace candor::jinja
