// The instant in which a folder takes the place of another: other programs that act in it, disks that fail in it,
// signals that arrive in it. A program of its own: its renames, removals and flushes are watched and fail on demand.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <utility>

#include "candor/error.h"
#include "tests/convert/written_folder.h"

namespace {

/// Calls that fail: the first of them after so many that work.
struct Failures {
  int works = 0, fail = 0;
  bool now() {
    if (works > 0) {
      --works;
      return false;
    }
    return fail > 0 && fail-- > 0;
  }
};

std::filesystem::path place;            // the folder's parent, once it matters: renames elsewhere are none of ours
std::function<void()> at_rename;        // before and after each there
std::function<void()> before_exchange;  // once
std::function<void()> before_rename;    // once
std::function<void()> at_flush;
bool flush_fails = false;  // the next
bool exchanges = true;     // false: a file system that cannot
Failures rename_failures, removal_failures;

void call_once(std::function<void()>& hook) {
  if (hook) std::exchange(hook, nullptr)();
}

bool is_there(const char* path) { return !place.empty() && std::filesystem::path(path).parent_path() == place; }

int failure(int error) {
  errno = error;
  return -1;
}

}  // namespace

// The linker's --wrap sends the library's calls of f() to __wrap_f(); __real_f() is the system's.
extern "C" {

int __real_rename(const char* from, const char* to);
int __real_renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags);
int __real_unlink(const char* path);
int __real_fsync(int file);

int __wrap_rename(const char* from, const char* to) {
  if (!is_there(from)) return __real_rename(from, to);
  call_once(before_rename);
  if (at_rename) at_rename();
  const int result = rename_failures.now() ? failure(EIO) : __real_rename(from, to);
  const int error = errno;
  if (at_rename) at_rename();
  errno = error;
  return result;
}

int __wrap_renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  if (!is_there(from)) return __real_renameat2(from_folder, from, to_folder, to, flags);
  call_once(before_exchange);
  if (at_rename) at_rename();
  const int result = exchanges ? __real_renameat2(from_folder, from, to_folder, to, flags) : failure(EINVAL);
  const int error = errno;
  if (at_rename) at_rename();
  errno = error;
  return result;
}

int __wrap_unlink(const char* path) {
  return !place.empty() && removal_failures.now() ? failure(EIO) : __real_unlink(path);
}

int __wrap_fsync(int file) {
  if (at_flush) at_flush();
  return std::exchange(flush_fails, false) ? failure(EIO) : __real_fsync(file);
}

}  // extern "C"

namespace candor {
namespace {

using testing::error_text;
using testing::write_folder;
using testing::written_value;

class FolderPlacing : public ::testing::Test {
 protected:
  void SetUp() override { write_folder(out_, 1, false); }
  void TearDown() override {
    place.clear();
    at_rename = before_exchange = before_rename = at_flush = nullptr;
    exchanges = true;
    flush_fails = false;
    rename_failures = removal_failures = {};
  }

  void replace(bool overwrite = true) const {
    place = folder_.folder();
    write_folder(out_, 2, overwrite);
  }
  std::string error_of_replacing(bool overwrite = true) const {
    return error_text<IoError>([&] { replace(overwrite); });
  }
  void expect_only(float value) const {
    EXPECT_EQ(written_value(out_), value);
    EXPECT_EQ(folder_.names(), std::vector<std::string>{"out"});
  }
  /// The other folder beside OUT, which the text names.
  std::string left_over(const std::string& text) const {
    for (const std::string& name : folder_.names())
      if (name != "out" && text.find(folder_.path(name)) != std::string::npos) return folder_.path(name);
    ADD_FAILURE() << text;
    return "";
  }
  /// The exit code of a child that replaces the folder: 0 unless a hook ends it.
  int code_of_child() const {
    const pid_t child = ::fork();
    if (child == 0) {
      replace();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  const testing::TemporaryFolder folder_;
  const std::string out_ = folder_.path("out");
};

TEST_F(FolderPlacing, AFolderThatAppearsIsReplacedWhenForced) {
  std::filesystem::remove_all(out_);
  before_rename = [&] { write_folder(out_, 3, false); };
  replace();
  expect_only(2);
}

TEST_F(FolderPlacing, AFolderThatAppearsIsKeptOtherwise) {
  std::filesystem::remove_all(out_);
  before_rename = [&] { write_folder(out_, 3, false); };
  const std::string text = error_of_replacing(false);
  EXPECT_NE(text.find("exists and is not empty"), std::string::npos) << text;
  expect_only(3);
}

TEST_F(FolderPlacing, AFolderThatGoesAwayIsNotNeeded) {
  for (const bool can_exchange : {true, false}) {
    exchanges = can_exchange;
    before_exchange = [&] { std::filesystem::remove_all(out_); };
    replace();
    expect_only(2);
    EXPECT_FALSE(before_exchange) << "the folder was there when the work began";
  }
}

// The other writer's files have names that were not there when ours looked.
TEST_F(FolderPlacing, AFolderThatChangesInTheLastInstantIsRemovedByName) {
  before_exchange = [&] {
    std::filesystem::rename(out_ + "/model.safetensors", out_ + "/model-00001-of-00002.safetensors");
  };
  replace();
  expect_only(2);
}

TEST_F(FolderPlacing, AFileThatComesInTheLastInstantIsKeptAndSaid) {
  before_exchange = [&] { folder_.put("out/notes.txt", "precious"); };
  const std::string text = error_of_replacing();
  EXPECT_NE(text.find(out_ + ": was written, but the old folder is still in "), std::string::npos) << text;
  EXPECT_EQ(written_value(out_), 2);
  const std::string old = left_over(text);
  EXPECT_EQ(testing::read_bytes(old + "/notes.txt"), "precious");
  EXPECT_FALSE(std::filesystem::exists(old + "/model.safetensors"));
}

TEST_F(FolderPlacing, AnOldFolderThatCannotBeRemovedIsSaid) {
  removal_failures = {0, 1};
  const std::string text = error_of_replacing();
  EXPECT_NE(text.find(": Input/output error; look into it and remove it yourself"), std::string::npos) << text;
  EXPECT_EQ(written_value(out_), 2);
  EXPECT_EQ(written_value(left_over(text)), 1);
}

// Every file is flushed in the folder that has a temporary name: that it is in its place is of no use to anybody.
TEST_F(FolderPlacing, FilesThatCannotBeFlushedReplaceNothing) {
  for (int works = 0; works < 3; ++works) {
    int flushes = 0;
    at_flush = [&] { flush_fails = flushes++ == works; };
    const std::string text = error_of_replacing();
    EXPECT_EQ(text.find("is in place"), std::string::npos) << text;
    EXPECT_EQ(text.find(".tmp"), std::string::npos) << text;
    EXPECT_NE(text.find(out_), std::string::npos) << text;
    EXPECT_NE(text.find("flush"), std::string::npos) << text;
    at_flush = nullptr;
    expect_only(1);
  }
}

TEST_F(FolderPlacing, AnExchangeThatCannotBeFlushedKeepsBoth) {
  at_flush = [&] { flush_fails = written_value(out_) == 2; };
  const std::string text = error_of_replacing();
  EXPECT_NE(text.find(out_ + ": is in place, whole, but its folder cannot be flushed"), std::string::npos) << text;
  EXPECT_EQ(written_value(out_), 2);
  EXPECT_EQ(written_value(left_over(text)), 1);
}

TEST_F(FolderPlacing, ASignalHandlerDoesNotEndItHalfWay) {
  at_rename = [] {
    if (remove_temporary_files()) ::_exit(9);
  };
  for (const bool can_exchange : {true, false}) {
    exchanges = can_exchange;
    EXPECT_EQ(code_of_child(), 0);
    expect_only(2);
    write_folder(out_, 1, true);
  }
}

// The old folder has a temporary name by then.
TEST_F(FolderPlacing, ASignalHandlerRemovesTheOldFolder) {
  folder_.put("out/tokenizer.json", "{}");
  for (const bool can_exchange : {true, false}) {
    exchanges = can_exchange;
    at_flush = [&] {
      if (written_value(out_) == 2 && remove_temporary_files()) ::_exit(7);
    };
    EXPECT_EQ(code_of_child(), 7);
    expect_only(2);
    at_flush = nullptr;
    write_folder(out_, 1, true);
  }
}

// The first rename is refused by the system, for OUT is not empty; the next move it aside, and the new one to its
// place.
TEST_F(FolderPlacing, WithoutTheExchangeAFailurePutsTheOldFolderBack) {
  exchanges = false;
  for (const int works : {1, 2}) {
    rename_failures = {works, 1};
    const std::string text = error_of_replacing();
    EXPECT_NE(text.find(out_ + ": cannot "), std::string::npos) << text;
    EXPECT_EQ(text.find("is now"), std::string::npos) << text;
    expect_only(1);
  }
}

TEST_F(FolderPlacing, WithoutTheExchangeAFolderThatStaysAsideIsSaid) {
  exchanges = false;
  rename_failures = {3, 1};  // the new one is in its place
  std::string text = error_of_replacing();
  EXPECT_EQ(written_value(out_), 2);
  EXPECT_NE(text.find("was written, but"), std::string::npos) << text;
  EXPECT_EQ(written_value(left_over(text)), 1);
  std::filesystem::remove_all(left_over(text));
  rename_failures = {2, 2};  // it is not, and the old one does not come back
  text = error_of_replacing();
  EXPECT_FALSE(std::filesystem::exists(out_));
  EXPECT_NE(text.find("cannot rename the finished folder, and the old one is now "), std::string::npos) << text;
  EXPECT_EQ(written_value(left_over(text)), 2);
}

}  // namespace
}  // namespace candor
