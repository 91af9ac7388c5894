// Names of temporary files: what a killed process left behind is in nobody's way.
#include "io/temporary_files.h"

#include <cerrno>

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

}  // namespace
}  // namespace candor::io
