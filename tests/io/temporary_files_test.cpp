// Names of temporary files: what a killed process left behind is in nobody's way.
#include "io/temporary_files.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "candor/io.h"
#include "tests/io/file_builders.h"

namespace candor::io {
namespace {

using candor::testing::read_bytes;
using candor::testing::TemporaryFolder;

// A process number comes back; names made of it and a counter alone would meet what an earlier process left.
TEST(TemporaryFiles, LeftoversUnderOurNumberAreNotMet) {
  const TemporaryFolder folder;
  const std::string stem = ".f." + std::to_string(::getpid()) + "-";
  for (int i = 0; i < 2000; ++i) folder.put(stem + std::to_string(i) + ".tmp", "left behind");
  FileWriter writer(folder.path("f"), false);
  writer.write("new", 3);
  writer.finish();
  EXPECT_EQ(read_bytes(folder.path("f")), "new");
  EXPECT_EQ(folder.names().size(), 2001u);
}

TEST(TemporaryFiles, NamesThatAreTakenAreNotUsedAndNotRemoved) {
  const TemporaryFolder folder;
  std::vector<std::string> taken;
  {
    TemporaryPath made;
    const auto create = [&](const char* name) {
      const std::string file = std::filesystem::path(name).filename().string();
      const bool first_two = taken.size() < 2;
      folder.put(file, first_two ? "theirs" : "ours");
      if (!first_two) return 0;
      taken.push_back(file);
      return EEXIST;
    };
    ASSERT_EQ(create_temporary(folder.path("f"), TemporaryPath::Kind::file, create, made), 0);
    EXPECT_EQ(read_bytes(made.path()), "ours");
    EXPECT_EQ(folder.names().size(), 3u);
  }
  ASSERT_EQ(folder.names().size(), 2u);
  for (const std::string& name : taken) EXPECT_EQ(read_bytes(folder.path(name)), "theirs");
}

TEST(TemporaryFiles, OtherErrorsAreNotTriedAgain) {
  int calls = 0;
  TemporaryPath made;
  const auto create = [&](const char*) {
    ++calls;
    return ENOSPC;
  };
  EXPECT_EQ(create_temporary("/tmp/f", TemporaryPath::Kind::file, create, made), ENOSPC);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(made.path(), "");
}

TEST(TemporaryFiles, OfAFolderOnlyWhatIsKnownIsRemoved) {
  const TemporaryFolder folder;
  for (const std::string name : {"ours", "theirs"}) {
    const TemporaryPath made(folder.path(name), TemporaryPath::Kind::folder);
    std::filesystem::create_directory(made.path());
    if (name == "theirs") folder.put("theirs/file", "precious");
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"theirs"});
  EXPECT_EQ(read_bytes(folder.path("theirs/file")), "precious");
}

/// How a child ends that does this. Once temporary files were removed, a process has nothing more to do.
int status_of_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(TemporaryFiles, AreNotRemovedWhileAnOutputIsBeingPlaced) {
  const TemporaryFolder folder;
  const int status = status_of_child([&] {
    const TemporaryPath made(folder.put("f", "x"), TemporaryPath::Kind::file);
    {
      const Placing outer;
      const Placing inner;
      if (remove_temporary_files() || !std::filesystem::exists(made.path())) return 1;
    }
    if (!remove_temporary_files() || std::filesystem::exists(made.path())) return 2;
    return remove_temporary_files() ? 0 : 3;  // a second thread's handler ends the process too
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(TemporaryFiles, NoOutputIsPlacedOnceTheyAreRemoved) {
  const int status = status_of_child([] {
    remove_temporary_files();
    ::ualarm(100'000, 0);
    const Placing never;
    return 0;
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGALRM);
}

}  // namespace
}  // namespace candor::io
