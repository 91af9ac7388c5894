// A file appears whole or not at all: killed writers, full disks, existing files, abrupt ends.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "candor/error.h"
#include "candor/io.h"
#include "io/atomic_file.h"
#include "tests/io/file_builders.h"

namespace candor {
namespace {

using testing::error_text;
using testing::read_bytes;
using testing::TemporaryFolder;

const std::vector<SafetensorsWriter::Item> kItems = {{"x", DType::u8, {4 << 20}}};
const std::vector<char> kHalf(2 << 20, 'x');

/// Runs `work` in a child process and returns its wait status.
template <class Work>
int in_child(Work&& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      work();
    } catch (...) {
      ::_exit(99);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(WriterAtomicity, AWriterThatIsDestroyedLeavesTheOldFile) {
  const TemporaryFolder folder;
  folder.put("f", "old");
  {
    SafetensorsWriter writer(folder.path("f"), kItems, {}, true);
    writer.write(kHalf.data(), kHalf.size());
    EXPECT_EQ(folder.names().size(), 2u);
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"f"});
  EXPECT_EQ(read_bytes(folder.path("f")), "old");
}

TEST(WriterAtomicity, AKilledWriterLeavesTheOldFile) {
  const TemporaryFolder folder;
  folder.put("f", "old");
  const int status = in_child([&] {
    SafetensorsWriter writer(folder.path("f"), kItems, {}, true);
    writer.write(kHalf.data(), kHalf.size());
    ::raise(SIGKILL);
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(read_bytes(folder.path("f")), "old");
}

TEST(WriterAtomicity, ASignalHandlerCanRemoveTheTemporaryFile) {
  const TemporaryFolder folder;
  const int status = in_child([&] {
    ::signal(SIGTERM, [](int) {
      remove_temporary_files();
      ::_exit(7);
    });
    io::TemporaryPath inner(folder.path("inner"), io::TemporaryPath::Kind::folder);
    std::filesystem::create_directory(inner.path());
    SafetensorsWriter writer(folder.path("inner/f"), kItems, {}, true);
    writer.write(kHalf.data(), kHalf.size());
    ::raise(SIGTERM);
  });
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_TRUE(folder.names().empty());
}

// A write beyond RLIMIT_FSIZE fails as one beyond a full disk does; SIGXFSZ must not end the process.
TEST(WriterAtomicity, AFullDiskIsOneSentenceAndNoFile) {
  const TemporaryFolder folder;
  folder.put("f", "old");
  const int status = in_child([&] {
    const rlimit limit{1 << 20, 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::string text;
    try {
      SafetensorsWriter writer(folder.path("f"), kItems, {}, true);
      writer.write(kHalf.data(), kHalf.size());
      writer.write(kHalf.data(), kHalf.size());
      writer.finish();
    } catch (const IoError& error) {
      text = error.what();
    }
    const bool says_it =
        text.find("cannot write byte") != std::string::npos && text.find(folder.path("f")) != std::string::npos;
    sigset_t pending;
    ::sigpending(&pending);
    ::_exit(says_it && !::sigismember(&pending, SIGXFSZ) ? 5 : 6);
  });
  ASSERT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 5);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"f"});
  EXPECT_EQ(read_bytes(folder.path("f")), "old");
}

TEST(WriterAtomicity, ExistingFilesNeedPermission) {
  const TemporaryFolder folder;
  folder.put("f", "old");
  const std::string text = error_text<IoError>([&] { SafetensorsWriter(folder.path("f"), kItems, {}, false); });
  EXPECT_NE(text.find("exists"), std::string::npos) << text;
  EXPECT_EQ(folder.names(), std::vector<std::string>{"f"});
}

TEST(WriterAtomicity, ACancelBeforeTheRenameLeavesTheOldFile) {
  const TemporaryFolder folder;
  folder.put("f", "old");
  const std::atomic<bool> cancel{true};
  {
    SafetensorsWriter tensors(folder.path("f"), {}, {}, true);
    NpyWriter array(folder.path("f"), 0, 0, true);
    FileWriter file(folder.path("f"), true);
    error_text<Cancelled>([&] { tensors.finish(&cancel); });
    error_text<Cancelled>([&] { array.finish(&cancel); });
    error_text<Cancelled>([&] { file.finish(&cancel); });
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"f"});
  EXPECT_EQ(read_bytes(folder.path("f")), "old");
}

/// Permissions of `path`, of a link those of what it leads to.
unsigned permissions(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777u : 0;
}

TEST(WriterAtomicity, WhatIsReplacedKeepsItsPermissions) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  for (const unsigned mode : {0600u, 0640u, 0666u, 0400u, 0u, 0755u}) {
    folder.put("f", "old");
    ASSERT_EQ(::chmod(folder.path("f").c_str(), mode), 0);
    {
      SafetensorsWriter writer(folder.path("f"), kItems, {}, true);
      for (const std::string& name : folder.names())
        EXPECT_EQ(permissions(folder.path(name)) & ~0600u & ~mode, 0u) << "nobody else may read it yet";
      writer.write(kHalf.data(), kHalf.size());
      writer.write(kHalf.data(), kHalf.size());
      writer.finish(nullptr, [](const std::string& temporary) { Checkpoint::open(temporary); });
    }
    EXPECT_EQ(permissions(folder.path("f")), mode);
    std::filesystem::remove(folder.path("f"));
  }
  FileWriter(folder.path("fresh"), true).finish();
  EXPECT_EQ(permissions(folder.path("fresh")), 0640u) << "as the umask has it";
  ::umask(before);
}

// Root may give files to any group; others have no second one for certain.
TEST(WriterAtomicity, PermissionsForAnotherGroupGo) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file to a group that it is not in";
  const TemporaryFolder folder;
  folder.put("f", "old");
  ASSERT_EQ(::chown(folder.path("f").c_str(), static_cast<uid_t>(-1), ::getegid() + 1), 0);
  ASSERT_EQ(::chmod(folder.path("f").c_str(), 0664), 0);
  FileWriter(folder.path("f"), true).finish();
  EXPECT_EQ(permissions(folder.path("f")), 0604u);
}

TEST(WriterAtomicity, ALinkToAPrivateFileBecomesAPrivateFile) {
  const TemporaryFolder folder;
  folder.put("target", "theirs");
  ASSERT_EQ(::chmod(folder.path("target").c_str(), 0600), 0);
  std::filesystem::create_symlink("target", folder.path("link"));
  FileWriter(folder.path("link"), true).finish();
  EXPECT_FALSE(std::filesystem::is_symlink(folder.path("link")));
  EXPECT_EQ(permissions(folder.path("link")), 0600u);
  EXPECT_EQ(read_bytes(folder.path("target")), "theirs");
}

// One may write into it and not read it, so that it cannot be opened for its flush: known before the work.
TEST(WriterAtomicity, AFolderThatCannotBeFlushedIsRefusedAtOnce) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("box"));
  folder.put("box/f", "old");
  ASSERT_EQ(::chmod(folder.folder().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(folder.path("box").c_str(), 0333), 0);
  const int status = in_child([&] {
    const uid_t nobody = 65534;
    if (::geteuid() == 0 && ::setresuid(nobody, nobody, nobody) != 0) ::_exit(98);
    const std::string text = error_text<IoError>([&] { SafetensorsWriter(folder.path("box/f"), kItems, {}, true); });
    const bool names =
        text.find("write: " + folder.path("box/f") + ": cannot open its folder " + folder.path("box")) == 0;
    ::_exit(names && text.find("nothing was replaced") != std::string::npos ? 5 : 6);
  });
  EXPECT_EQ(WEXITSTATUS(status), 5);
  ::chmod(folder.path("box").c_str(), 0755);
  EXPECT_EQ(read_bytes(folder.path("box/f")), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path("box")), {}), 1);
}

// Somebody else creates the file while we write: without permission it is not replaced.
TEST(WriterAtomicity, AFileThatAppearsMeanwhileIsKept) {
  const TemporaryFolder folder;
  {
    SafetensorsWriter writer(folder.path("f"), {}, {}, false);
    folder.put("f", "theirs");
    error_text<IoError>([&] { writer.finish(); });
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"f"});
  EXPECT_EQ(read_bytes(folder.path("f")), "theirs");
}

TEST(WriterAtomicity, ImpossibleTargetsAreNamed) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("d"));
  std::filesystem::create_symlink(folder.path("d"), folder.path("link"));
  const struct {
    std::string path;
    const char* what;
  } cases[] = {{folder.path("d"), "is a folder"},
               {folder.path("link"), "is a link to a folder"},
               {folder.path("absent/f"), "No such file"},
               {"/dev/full", "not a regular file"},
               {"", "no file name"}};
  for (const auto& test : cases) {
    const std::string text = error_text<IoError>([&] { SafetensorsWriter(test.path, {}, {}, true); });
    EXPECT_NE(text.find(test.what), std::string::npos) << text;
    EXPECT_NE(text.find(test.path), std::string::npos) << text;
  }
}

// A disk that changes what was written: the comparison before the rename must see it.
TEST(WriterAtomicity, DamagedBytesAreNotRenamed) {
  const TemporaryFolder folder;
  folder.put("f", "old");
  {
    io::AtomicFile file(folder.path("f"), true);
    file.write(kHalf.data(), kHalf.size());  // 2 MiB: already written out
    for (const std::string& name : folder.names()) {
      if (name == "f") continue;
      const int descriptor = ::open(folder.path(name).c_str(), O_WRONLY);
      ASSERT_EQ(::pwrite(descriptor, "y", 1, 12345), 1);
      ::close(descriptor);
    }
    EXPECT_NE(error_text<IoError>([&] { file.commit(); }).find("not what was written"), std::string::npos);
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"f"});
  EXPECT_EQ(read_bytes(folder.path("f")), "old");
}

// The old contents stay readable through an active map while the file is replaced.
TEST(WriterAtomicity, SavingOverAnOpenCheckpointIsSafe) {
  const TemporaryFolder folder;
  const std::string path = folder.path("m.safetensors");
  const auto save = [&](char value, bool overwrite) {
    SafetensorsWriter writer(path, {{"x", DType::u8, {3}}}, {}, overwrite);
    const char bytes[] = {value, value, value};
    writer.write(bytes, 3);
    writer.finish();
  };
  save('a', false);
  const Checkpoint before = Checkpoint::open(path);
  save('b', true);
  EXPECT_EQ(static_cast<char>(before.bytes(*before.find("x"))[2]), 'a');
  const Checkpoint after = Checkpoint::open(path);
  EXPECT_EQ(static_cast<char>(after.bytes(*after.find("x"))[2]), 'b');
}

}  // namespace
}  // namespace candor
