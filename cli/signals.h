// Ctrl-C and SIGTERM: the first asks, the second insists.
#pragma once

#include <atomic>

namespace candor::cli {

/// SIGINT and SIGTERM set `cancel_requested()`; a second one removes temporary files and exits at once. SIGPIPE and
/// SIGXFSZ are ignored: a closed pipe or a file beyond the limit is an error of write(), cleaned up like any other.
void install_signal_handlers();

/// What library calls take as `cancel`.
const std::atomic<bool>* cancel_requested();

/// 130 or 143 once a signal came; 0 before.
int signal_exit_code();

/// Forgets a Ctrl-C that has been dealt with (an answer that was stopped). A SIGTERM is never forgotten.
void forget_interrupt();

/// Throws Cancelled after a signal.
void throw_if_cancelled();

}  // namespace candor::cli
