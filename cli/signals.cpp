#include "cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include "candor/error.h"
#include "candor/io.h"
#include "cli/exit_code.h"
#include "cli/text_file.h"

namespace candor::cli {
namespace {

std::atomic<bool> cancel{false};
std::atomic<int> last_signal{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);  // used in a handler

int exit_code_of(int signal) { return signal == SIGTERM ? kExitTerminated : kExitInterrupted; }

void on_signal(int signal) {
  if (cancel.exchange(true)) {
    remove_temporary_files();
    remove_temporary_text_files();
    _exit(exit_code_of(signal));
  }
  last_signal = signal;
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // no SA_RESTART: a read of the prompt must return
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  sigaction(SIGXFSZ, &action, nullptr);
}

const std::atomic<bool>* cancel_requested() { return &cancel; }

int signal_exit_code() { return cancel ? exit_code_of(last_signal) : 0; }

void forget_interrupt() {
  if (last_signal == SIGINT) cancel = false;
}

void throw_if_cancelled() {
  if (cancel) throw Cancelled("cancelled");
}

}  // namespace candor::cli
