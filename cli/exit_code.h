// What the program returns, and the errors that choose it.
#pragma once

#include <stdexcept>

namespace candor::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;          // one sentence on stderr
inline constexpr int kExitUsage = 2;          // the command line makes no sense
inline constexpr int kExitHungUp = 129;       // the terminal went away; 128 + SIGHUP
inline constexpr int kExitInterrupted = 130;  // Ctrl-C; 128 + SIGINT
inline constexpr int kExitTerminated = 143;   // 128 + SIGTERM
inline constexpr int kExitBrokenPipe = 141;   // the reader of stdout went away; 128 + SIGPIPE, and no message

/// The command line is wrong in a way that the parser cannot see.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Nobody reads our standard output any more.
struct BrokenPipe : std::runtime_error {
  BrokenPipe() : std::runtime_error("broken pipe") {}
};

}  // namespace candor::cli
