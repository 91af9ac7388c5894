#include "cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include <cstring>
#include <span>
#include <string_view>

#include "candor/error.h"
#include "candor/io.h"
#include "cli/exit_code.h"
#include "cli/prompt_text.h"

namespace candor::cli {
namespace {

std::atomic<bool> cancel{false}, ending{false};
std::atomic<int> last_signal{0}, lost_input_code{kExitError};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);  // used in a handler

int exit_code_of(int signal) { return 128 + signal; }
static_assert(kExitHungUp == 128 + SIGHUP && kExitInterrupted == 128 + SIGINT && kExitTerminated == 128 + SIGTERM);

void on_signal(int signal) {
  if (cancel.exchange(true)) {
    if (!remove_temporary_files()) return;  // half-way into its place: let it arrive, the command ends soon after
    _exit(exit_code_of(signal));
  }
  last_signal = signal;
}

// One sentence, written with what a handler may call. `path` nullptr: nobody knows which file it was.
void complain_of_lost_input(const char* path) {
  static char line[5 * 4096];  // a path of which every byte is escaped fits; only one thread comes here
  std::size_t size = 0;
  const auto add = [&size](std::string_view text) {
    std::memcpy(line + size, text.data(), text.size());
    size += text.size();
  };
  constexpr std::string_view kEnd = " became shorter or unreadable while it was being read; get it again\n";
  add("candor: ");
  if (path == nullptr) add("an input file");
  if (path != nullptr) size += write_readable(path, std::span(line).subspan(size, sizeof line - size - kEnd.size()));
  add(kEnd);
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line, size);
}

// A page of a mapped file that is not there any more. The read cannot go on, and no error can be returned from it.
void on_bus_error(int, siginfo_t* info, void*) {
  if (info->si_code != BUS_ADRERR) {  // anything else is a fault of the program or of the memory
    signal(SIGBUS, SIG_DFL);
    raise(SIGBUS);  // delivered when this handler returns
    return;
  }
  if (ending.exchange(true))
    for (;;) pause();  // another thread met it first; it is about to end the process
  remove_temporary_files();
  complain_of_lost_input(mapped_file_at(info->si_addr));
  _exit(lost_input_code);
}

// nohup starts programs with SIGHUP ignored, and means it.
bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // no SA_RESTART: a read of the prompt must return
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  if (!is_ignored(SIGHUP)) sigaction(SIGHUP, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  sigaction(SIGXFSZ, &action, nullptr);
  struct sigaction bus {};
  bus.sa_sigaction = on_bus_error;
  sigemptyset(&bus.sa_mask);
  bus.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &bus, nullptr);
}

void exit_for_lost_input(int code) { lost_input_code = code; }

const std::atomic<bool>* cancel_requested() { return &cancel; }

int signal_exit_code() { return cancel ? exit_code_of(last_signal) : 0; }

void forget_interrupt() {
  if (last_signal == SIGINT) cancel = false;
}

void throw_if_cancelled() {
  if (cancel) throw Cancelled("cancelled");
}

}  // namespace candor::cli
