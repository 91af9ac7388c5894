// Running objdump and reading what it writes.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "candor/error.h"
#include "prove/code/disassembly.h"

namespace candor::prove {
namespace {

/// A child whose standard output is read here. It is gone, and waited for, when this object is.
class Child {
 public:
  /// Its standard error goes nowhere: what went wrong shows in its exit status.
  int start(const char* const* arguments) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    output_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    const char* const plain_locale[] = {"LC_ALL=C", nullptr};
    const int error = posix_spawnp(&pid_, arguments[0], &actions, nullptr, const_cast<char* const*>(arguments),
                                   const_cast<char* const*>(plain_locale));
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error != 0) pid_ = -1;
    return error;
  }
  Child() = default;
  Child(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) kill(pid_, SIGKILL);
    finish();
    if (output_ >= 0) close(output_);
  }
  /// Bytes read; 0: the end; -1: see errno, EAGAIN when there is nothing yet.
  ssize_t read_some(char* buffer, std::size_t size) {
    pollfd wanted{output_, POLLIN, 0};
    const int ready = poll(&wanted, 1, 200);  // milliseconds: a cancel is seen soon
    if (ready == 0) errno = EAGAIN;
    if (ready <= 0) return -1;
    return read(output_, buffer, size);
  }
  /// One that has written all it wants to and does not end either is ended.
  void hurry() const {
    siginfo_t info{};
    for (int i = 0; pid_ > 0 && i < 100; ++i) {
      if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0) return;
      poll(nullptr, 0, 20);  // milliseconds
    }
    if (pid_ > 0) kill(pid_, SIGKILL);
  }
  /// Its exit status, once; 0: it succeeded.
  int finish() {
    int status = -1;
    while (pid_ > 0 && waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

/// Cuts a stream of bytes into lines.
class Lines {
 public:
  explicit Lines(const std::function<void(std::string_view)>& take) : take_(take) {}
  void add(std::string_view bytes) {
    for (std::size_t end; (end = bytes.find('\n')) != std::string_view::npos; bytes.remove_prefix(end + 1)) {
      rest_.append(bytes.substr(0, end));
      take_(rest_);
      rest_.clear();
    }
    rest_.append(bytes);
  }
  bool endless() const { return rest_.size() > kLongestLine; }

 private:
  static constexpr std::size_t kLongestLine = 1 << 20;
  const std::function<void(std::string_view)>& take_;
  std::string rest_;
};

}  // namespace

std::string disassemble(const std::string& path, const std::atomic<bool>* cancel,
                        const std::function<void(std::string_view)>& take) {
  const char* const arguments[] = {"objdump", "-d", "--no-show-raw-insn", "--", path.c_str(), nullptr};
  Child child;
  if (const int error = child.start(arguments); error != 0)
    return error == ENOENT ? "objdump (binutils) is not installed" : std::string("objdump: ") + std::strerror(error);
  Lines lines(take);
  constexpr int kMostWaits = 150;  // of 200 milliseconds each
  int waits = 0;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t size = child.read_some(buffer, sizeof buffer);
    const int error = errno;
    if (cancel != nullptr && *cancel) throw Cancelled("prove: cancelled");
    if (size == 0) break;
    if (size > 0) lines.add({buffer, static_cast<std::size_t>(size)});
    if (lines.endless()) return "objdump wrote a line without end";
    waits = size < 0 && error == EAGAIN ? waits + 1 : 0;
    if (waits == kMostWaits) return "objdump wrote nothing for 30 seconds";
    if (size < 0 && error != EINTR && error != EAGAIN) return std::string("objdump: ") + std::strerror(error);
  }
  child.hurry();
  return child.finish() == 0 ? "" : "objdump failed";
}

}  // namespace candor::prove
