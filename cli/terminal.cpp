#include "cli/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "candor/error.h"
#include "cli/exit_code.h"
#include "cli/prompt_text.h"
#include "cli/signals.h"

namespace candor::cli {
namespace {

constexpr Style kColour{"\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m", "\033[36m", "\033[0m"};
constexpr Style kPlain{};

// https://no-color.org: present and not empty means no colour. An empty TERM names no terminal, as none does.
bool colour_wanted(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return isatty(fd) && !(no_color && *no_color) && term && *term && std::strcmp(term, "dumb") != 0;
}

// Returns 0 or errno. `between` is called before each attempt: a signal ends one that waits for a reader.
int write_all(int fd, std::string_view text, void (*between)() = nullptr) {
  while (!text.empty()) {
    if (between) between();
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;  // a signal: the caller looks at its flag afterwards
    if (written < 0 && errno == EAGAIN) {         // another program made the pipe non-blocking
      wait_until(fd, POLLOUT);
      continue;
    }
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

void require_written(int error) {
  if (error == EPIPE) throw BrokenPipe();
  if (error) throw IoError(std::string("standard output: ") + std::strerror(error));
}

}  // namespace

void wait_until(int fd, short event) {
  pollfd wanted{fd, event, 0};
  poll(&wanted, 1, -1);
}

void hold_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})  // the wrong way round: using it stays an error
    if (fcntl(fd, F_GETFD) < 0) open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

bool stdin_is_terminal() { return isatty(STDIN_FILENO); }
bool stdout_is_terminal() { return isatty(STDOUT_FILENO); }
bool stderr_is_terminal() { return isatty(STDERR_FILENO); }

int stderr_columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

bool speaks_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    std::string lower(value);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
  }
  return false;
}

void write_out(std::string_view text) { require_written(write_all(STDOUT_FILENO, text)); }

void write_report(std::string_view text) { require_written(write_all(STDOUT_FILENO, text, throw_if_cancelled)); }

void write_err(std::string_view text) { write_all(STDERR_FILENO, text); }

const Style& out_style() {
  static const Style& style = colour_wanted(STDOUT_FILENO) ? kColour : kPlain;
  return style;
}

const Style& err_style() {
  static const Style& style = colour_wanted(STDERR_FILENO) ? kColour : kPlain;
  return style;
}

void note(std::string_view text) {
  const Style& style = err_style();
  std::string line;
  line.append(style.yellow).append("note:").append(style.reset).append(" ").append(readable(text)).append("\n");
  write_err(line);
}

}  // namespace candor::cli
