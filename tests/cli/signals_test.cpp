// What signals do: the first ends reports that are being written, the second the program, but not while an output is
// half-way into its place.
#include "cli/signals.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "candor/error.h"
#include "cli/exit_code.h"
#include "cli/terminal.h"
#include "cli/text_file.h"
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

/// What `write(folder)` does in a process of its own that a signal may reach; 0: it was cancelled and left nothing.
int cancelled(void (*write)(const testing::TemporaryFolder&)) {
  const testing::TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    install_signal_handlers();
    int code = 3;
    try {
      write(folder);
    } catch (const Cancelled&) {
      code = folder.names().empty() ? 0 : 4;
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Signals, EndAReportBetweenItsParts) {
  EXPECT_EQ(cancelled([](const testing::TemporaryFolder& folder) {
              const TextOutput report("--json", folder.path("a"));
              report.write_parts([](const TextSink& sink) {
                sink("one part");
                ::raise(SIGINT);
                sink("another");
                ::_exit(5);
              });
            }),
            0);
}

TEST(Signals, EndReportsOfWhichSomeAreWritten) {
  EXPECT_EQ(cancelled([](const testing::TemporaryFolder& folder) {
              const TextOutput first("--json", folder.path("a")), second("--html", folder.path("b"));
              first.write_parts([](const TextSink& sink) { sink("whole"); });
              ::raise(SIGTERM);
              second.write_parts([](const TextSink& sink) { sink("not any more"); });
              ::_exit(5);
            }),
            0);
}

// The first of several files is in its place: the others follow, whatever comes.
TEST(Signals, DoNotPartReportsThatTakeTheirPlaces) {
  const testing::TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    install_signal_handlers();
    const TextOutput first("--json", folder.path("a")), second("--html", folder.path("b"));
    for (const TextOutput* report : {&first, &second}) report->write_parts([](const TextSink& sink) { sink("whole"); });
    first.place();
    ::raise(SIGTERM);
    second.place();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(folder.names().size(), 2u);
}

TEST(Signals, EndWhatWaitsForAReader) {
  EXPECT_EQ(cancelled([](const testing::TemporaryFolder&) {
              ::raise(SIGINT);
              write_report("nobody wants to see this");
            }),
            0);
}

}  // namespace
}  // namespace candor::cli
