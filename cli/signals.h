// Ctrl-C, SIGTERM and SIGHUP: the first asks, the second insists. SIGBUS: an input that went away.
#pragma once

#include <atomic>

namespace candor::cli {

/// SIGINT, SIGTERM and SIGHUP set `cancel_requested()`; a second one removes temporary files and exits at once, unless
/// an output is half-way into its place: it arrives first. SIGPIPE and SIGXFSZ are ignored: a closed pipe or a file
/// beyond the limit is an error of write(), cleaned up like any other. SIGBUS, which reading a mapped file raises when
/// the file became shorter, is one sentence that names the file, and an exit with 1, or with what exit_for_lost_input()
/// was told.
void install_signal_handlers();

/// The exit code of a command whose input goes away.
void exit_for_lost_input(int code);

/// What library calls take as `cancel`.
const std::atomic<bool>* cancel_requested();

/// 129, 130 or 143 once a signal came; 0 before.
int signal_exit_code();

/// Forgets a Ctrl-C that has been dealt with (an answer that was stopped). Other signals are never forgotten.
void forget_interrupt();

/// Throws Cancelled after a signal.
void throw_if_cancelled();

}  // namespace candor::cli
