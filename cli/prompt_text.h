// Text that comes from the command line or a pipe.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace candor::cli {

/// Offset of the first byte that is not UTF-8; nothing when the text is.
std::optional<std::size_t> invalid_utf8_offset(std::string_view text);

/// Text that a terminal shows as one line of what it is: control characters, and bytes that are not UTF-8, become \xNN.
enum class Lines { joined, kept };  // kept: newlines stay
std::string readable(std::string_view text, Lines lines = Lines::joined);

/// readable() of one line into `out`, as much as fits whole; the bytes written. Allocates nothing: signal handlers call
/// it.
std::size_t write_readable(std::string_view text, std::span<char> out) noexcept;

/// errors   ValueError naming `what`, the offset and the byte
void require_utf8(const std::string& what, std::string_view text);

/// All of standard input, without one trailing newline. errors: IoError, Cancelled
std::string read_standard_input();

/// `value`, or standard input when it is "-"; valid UTF-8.
std::string text_argument(const std::string& what, const std::string& value);

/// Lines of standard input, one at a time; a Ctrl-C interrupts the wait.
class LineReader {
 public:
  /// The next line without its newline; nothing at the end. errors: IoError, Cancelled
  std::optional<std::string> next();

 private:
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace candor::cli
