#include "cli/prompt_text.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "candor/error.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace candor::cli {
namespace {

// Reads what there is; empty at the end.
std::string read_some() {
  char buffer[65536];
  for (;;) {
    throw_if_cancelled();
    const ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got >= 0) return {buffer, static_cast<std::size_t>(got)};
    if (errno == EAGAIN)  // another program made the pipe non-blocking
      wait_until(STDIN_FILENO, POLLIN);
    else if (errno != EINTR)
      throw IoError(std::string("standard input: ") + std::strerror(errno));
  }
}

bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Bytes of the well-formed sequence at the start of `text` (Unicode table 3-7); 0: ill-formed.
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = at(0), second = at(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return is_continuation(second) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80, high = first == 0xED ? 0x9F : 0xBF;  // overlong, surrogates
    return second >= low && second <= high && is_continuation(at(2)) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80, high = first == 0xF4 ? 0x8F : 0xBF;  // overlong, past U+10FFFF
    return second >= low && second <= high && is_continuation(at(2)) && is_continuation(at(3)) ? 4 : 0;
  }
  return 0;
}

// A well-formed sequence that a terminal acts on instead of showing it: C0 and C1 controls (U+009B begins an escape
// sequence), line and paragraph separators, and what turns the direction of the text around it.
bool is_control(std::string_view sequence) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return at(0) < 0x20 || at(0) == 0x7F;
  if (sequence.size() == 2) return (at(0) == 0xC2 && at(1) < 0xA0) || sequence == "\u061C";
  if (sequence.size() != 3 || at(0) != 0xE2) return false;
  return (at(1) == 0x80 && ((at(2) >= 0xA8 && at(2) <= 0xAE) || at(2) == 0x8E || at(2) == 0x8F)) ||
         (at(1) == 0x81 && at(2) >= 0xA6 && at(2) <= 0xA9);
}

// How the first character of a text is shown, and the bytes that it takes. Of a control each byte is shown by itself.
struct Shown {
  char text[4];
  std::size_t size, taken;
  std::string_view view() const { return {text, size}; }
};

Shown first_shown(std::string_view text, Lines lines) noexcept {
  constexpr char kHex[] = "0123456789abcdef";
  const std::size_t length = sequence_length(text);
  const unsigned char byte = static_cast<unsigned char>(text[0]);
  const bool shown_as_is =
      length != 0 && (!is_control(text.substr(0, length)) || (byte == '\n' && lines == Lines::kept));
  if (!shown_as_is) return {{'\\', 'x', kHex[byte >> 4], kHex[byte & 15]}, 4, 1};
  Shown shown{{}, length, length};
  std::memcpy(shown.text, text.data(), length);
  return shown;
}

}  // namespace

std::optional<std::size_t> invalid_utf8_offset(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

std::string readable(std::string_view text, Lines lines) {
  std::string out;
  while (!text.empty()) {
    const Shown shown = first_shown(text, lines);
    out += shown.view();
    text.remove_prefix(shown.taken);
  }
  return out;
}

std::size_t write_readable(std::string_view text, std::span<char> out) noexcept {
  std::size_t size = 0;
  while (!text.empty()) {
    const Shown shown = first_shown(text, Lines::joined);
    if (shown.size > out.size() - size) break;
    std::memcpy(out.data() + size, shown.text, shown.size);
    size += shown.size;
    text.remove_prefix(shown.taken);
  }
  return size;
}

void require_utf8(const std::string& what, std::string_view text) {
  const auto offset = invalid_utf8_offset(text);
  if (!offset) return;
  char byte[8];
  std::snprintf(byte, sizeof byte, "0x%02X", static_cast<unsigned char>(text[*offset]));
  throw ValueError(what + ": not UTF-8 at byte " + std::to_string(*offset) + " (" + byte +
                   "); convert the text to UTF-8");
}

std::string read_standard_input() {
  std::string all;
  for (std::string piece = read_some(); !piece.empty(); piece = read_some()) all += piece;
  if (!all.empty() && all.back() == '\n') all.pop_back();
  return all;
}

std::string text_argument(const std::string& what, const std::string& value) {
  std::string text = value == "-" ? read_standard_input() : value;
  require_utf8(what, text);
  return text;
}

std::optional<std::string> LineReader::next() {
  for (;;) {
    const std::size_t newline = buffer_.find('\n');
    if (newline != std::string::npos) {
      std::string line = buffer_.substr(0, newline);
      buffer_.erase(0, newline + 1);
      return line;
    }
    if (ended_) break;
    const std::string piece = read_some();
    ended_ = piece.empty();
    buffer_ += piece;
  }
  if (buffer_.empty()) return std::nullopt;
  return std::exchange(buffer_, "");
}

}  // namespace candor::cli
