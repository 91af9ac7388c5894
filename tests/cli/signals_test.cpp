// What a second signal does: it ends the program, but not while an output is half-way into its place.
#include "cli/signals.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/exit_code.h"
#include "io/temporary_files.h"
#include "tests/io/file_builders.h"

namespace candor::cli {
namespace {

TEST(Signals, TheSecondEndsTheProgramOnceTheOutputIsInItsPlace) {
  const testing::TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    install_signal_handlers();
    const io::TemporaryPath made(folder.put("f", "x"), io::TemporaryPath::Kind::file);
    {
      const io::Placing placing;
      for (const int signal : {SIGTERM, SIGINT, SIGTERM}) ::raise(signal);
      if (!std::filesystem::exists(made.path()) || signal_exit_code() != kExitTerminated) ::_exit(3);
    }
    ::raise(SIGINT);
    ::_exit(4);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), kExitInterrupted);
  EXPECT_TRUE(folder.names().empty());
}

}  // namespace
}  // namespace candor::cli
