#include "io/refuse.h"

#include <algorithm>
#include <system_error>

#include "candor/error.h"

namespace candor::io {
namespace {

std::string system_text(std::string_view op, const std::string& file, std::string_view what, int error,
                        std::string_view remedy) {
  std::string text(op);
  text += ": " + file + ": " + std::string(what);
  if (error != 0) text += ": " + std::system_category().message(error);
  if (!remedy.empty()) text += "; " + std::string(remedy);
  return text;
}

}  // namespace

std::string quote(std::string_view text) {
  constexpr std::size_t kLongest = 96;
  constexpr char kHex[] = "0123456789abcdef";
  const bool utf8 = is_utf8(text);
  std::size_t end = std::min(text.size(), kLongest);
  while (utf8 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0u) == 0x80u)
    --end;  // whole characters
  std::string out = "'";
  for (const char c : text.substr(0, end)) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + (end < text.size() ? "…'" : "'");
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string out = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) out += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return out + "]";
}

void refuse(std::string_view format, const std::string& file, std::uint64_t offset, const std::string& what,
            std::string_view remedy) {
  std::string text(format);
  text += ": " + file + ": byte " + std::to_string(offset) + ": " + what;
  if (!remedy.empty()) text += "; " + std::string(remedy);
  throw FormatError(text);
}

void refuse_system(std::string_view op, const std::string& file, std::string_view what, int error,
                   std::string_view remedy) {
  throw IoError(system_text(op, file, what, error, remedy));
}

void refuse_existing(std::string_view op, const std::string& file, std::string_view what) {
  throw ExistsError(system_text(op, file, what, 0, "choose another name or allow overwriting"));
}

void refuse_placed(std::string_view op, const std::string& file, std::string_view what, int error,
                   std::string_view remedy) {
  throw PlacedError(system_text(op, file, what, error, remedy));
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const unsigned char lead = static_cast<unsigned char>(text[i]);
    const int extra = lead < 0x80                   ? 0
                      : lead >= 0xc2 && lead < 0xe0 ? 1
                      : lead >= 0xe0 && lead < 0xf0 ? 2
                      : lead >= 0xf0 && lead < 0xf5 ? 3
                                                    : -1;
    if (extra < 0 || text.size() - i <= static_cast<std::size_t>(extra)) return false;
    for (int k = 1; k <= extra; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0u) != 0x80u) return false;
    const unsigned char second = extra > 0 ? static_cast<unsigned char>(text[i + 1]) : 0;
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return false;
    if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return false;
    i += static_cast<std::size_t>(extra) + 1;
  }
  return true;
}

}  // namespace candor::io
