// What the program returns, and the errors that choose it.
#pragma once

#include <stdexcept>
#include <string_view>

namespace candor::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;          // one sentence on stderr
inline constexpr int kExitUsage = 2;          // the command line makes no sense
inline constexpr int kExitHungUp = 129;       // the terminal went away; 128 + SIGHUP
inline constexpr int kExitInterrupted = 130;  // Ctrl-C; 128 + SIGINT
inline constexpr int kExitTerminated = 143;   // 128 + SIGTERM
inline constexpr int kExitBrokenPipe = 141;   // the reader of stdout went away; 128 + SIGPIPE, and no message

/// What failures return. Commands whose answer is an exit code keep 1 and 2 for it.
struct FailureCodes {
  int error = kExitError, format = kExitError, usage = kExitUsage;
};
constexpr FailureCodes failure_codes(std::string_view command) {
  for (const std::string_view answers : {"candor audit", "candor diff", "candor canary check"})
    if (command == answers) return {.error = 4, .format = 3, .usage = 4};
  return {};
}

/// The command line is wrong in a way that the parser cannot see.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Nobody reads our standard output any more.
struct BrokenPipe : std::runtime_error {
  BrokenPipe() : std::runtime_error("broken pipe") {}
};

}  // namespace candor::cli
