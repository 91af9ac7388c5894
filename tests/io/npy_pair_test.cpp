// NAME.npy and NAME.npy.json as a reader finds them at every moment of their replacement, and after a rename that
// failed. A program of its own: its renames are watched; they fail on demand, and so does the flush behind them.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <functional>

#include "candor/error.h"
#include "tests/io/written_tensors.h"

namespace {

std::function<void()> look;       // before and after every rename
std::function<void()> nap;        // instead of a wait
int renames_before_failure = -1;  // negative: they always work; else the one after so many fails
int renames_that_fail = 1;        // and so many in all
int renames_before_flush = -1;    // negative: it always works; else the first fsync after so many fails, once

int watched(const std::function<int()>& rename) {
  if (look) look();
  if (renames_before_failure >= 0 && renames_before_failure-- == 0) {
    if (--renames_that_fail > 0) renames_before_failure = 0;
    errno = EIO;
    return -1;
  }
  const int result = rename();
  if (renames_before_flush > 0) --renames_before_flush;
  if (look) look();
  return result;
}

}  // namespace

// The linker's --wrap sends the library's calls of f() to __wrap_f(); __real_f() is the system's.
extern "C" {

int __real_rename(const char* from, const char* to);
int __real_renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags);
int __real_fsync(int file);

int __wrap_fsync(int file) {
  if (renames_before_flush != 0) return __real_fsync(file);
  renames_before_flush = -1;
  errno = EIO;
  return -1;
}

int __real_nanosleep(const timespec* time, timespec* rest);

int __wrap_nanosleep(const timespec* time, timespec* rest) {
  if (!nap) return __real_nanosleep(time, rest);
  nap();
  return 0;
}

int __wrap_rename(const char* from, const char* to) {
  return watched([=] { return __real_rename(from, to); });
}

int __wrap_renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  return watched([=] { return __real_renameat2(from_folder, from, to_folder, to, flags); });
}

}  // extern "C"

namespace candor {
namespace {

constexpr DType kDTypes[] = {
    DType::any /* nothing there */, DType::bf16, DType::f16, DType::u16, DType::f8_e4m3, DType::f8_e5m2, DType::u8};

class NpyPair : public ::testing::Test {
 protected:
  void TearDown() override {
    look = nap = nullptr;
    renames_before_failure = renames_before_flush = -1;
    renames_that_fail = 1;
  }

  /// Two elements whose bytes say what they are.
  void write(DType dtype, bool overwrite, const std::atomic<bool>* cancel = nullptr) const {
    if (dtype == DType::any) return;
    const auto writer = create_checkpoint(path_, {{"x", dtype, {2}}}, {}, overwrite);
    const std::string bytes(*dtype_bytes(dtype, 2), static_cast<char>(dtype));
    writer->write(bytes.data(), bytes.size());
    writer->finish(cancel);
  }

  /// What a reader finds is nothing, an array without a name for its dtype, or one with its own.
  void expect_no_wrong_name() const {
    if (!std::filesystem::exists(path_)) return;
    const Checkpoint file = Checkpoint::open(path_);  // a pair that does not fit is refused here
    const TensorEntry& entry = file.tensors()[0];
    const auto truth = static_cast<DType>(testing::bytes_of(file, entry)[0]);
    EXPECT_TRUE(entry.dtype == DType::any || entry.dtype == truth) << dtype_name(entry.dtype);
  }

  /// Replaces `from` by `to`, of which the rename after `works` fails (negative: none), and looks all the while.
  void replace(DType from, DType to, int works) {
    SCOPED_TRACE(std::string(dtype_name(from)) + " by " + std::string(dtype_name(to)) +
                 ", renames before one fails: " + std::to_string(works));
    for (const std::string& name : folder_.names()) std::filesystem::remove(folder_.path(name));
    write(from, true);
    look = [this] { expect_no_wrong_name(); };
    renames_before_failure = works;
    renames_that_fail = 1;
    try {
      write(to, from != DType::any);
    } catch (const IoError&) {
      EXPECT_GE(works, 0);
    }
    look = nullptr;
    renames_before_failure = -1;
    ASSERT_NO_THROW(expect_no_wrong_name());
    const DType now = std::filesystem::exists(path_) ? Checkpoint::open(path_).tensors()[0].dtype : DType::any;
    if (works < 0) {
      EXPECT_EQ(now, to);
    } else if (works == 0) {
      EXPECT_EQ(now, from) << "the old pair is whole";
      EXPECT_TRUE(from != DType::any || folder_.names().empty());
    } else if (from != DType::any) {
      EXPECT_EQ(now, to) << "the array has its place, so it gets its name";
    }
    for (const std::string& name : folder_.names()) EXPECT_TRUE(name.starts_with("x.npy")) << name;
  }

  /// The same, but the folder cannot be flushed after so many renames: what was renamed is in its place.
  void replace_unflushed(DType from, DType to, int renames) {
    SCOPED_TRACE(std::string(dtype_name(from)) + " by " + std::string(dtype_name(to)) +
                 ", renames before the flush that fails: " + std::to_string(renames));
    for (const std::string& name : folder_.names()) std::filesystem::remove(folder_.path(name));
    write(from, true);
    look = [this] { expect_no_wrong_name(); };
    renames_before_flush = renames;
    try {
      write(to, from != DType::any);
      EXPECT_GT(renames_before_flush, 0) << "there was no such rename";
    } catch (const IoError& error) {
      EXPECT_NE(std::string(error.what()).find(path_ + ": is in place, whole, but"), std::string::npos) << error.what();
    }
    look = nullptr;
    renames_before_flush = -1;
    ASSERT_NO_THROW(expect_no_wrong_name());
    EXPECT_EQ(Checkpoint::open(path_).tensors()[0].dtype, to);
  }

  testing::TemporaryFolder folder_;
  std::string path_ = folder_.path("x.npy");
};

TEST_F(NpyPair, NeverHoldsTheNameOfTheOther) {
  for (const DType from : kDTypes)
    for (const DType to : kDTypes)
      if (to != DType::any) replace(from, to, -1);
}

TEST_F(NpyPair, NorAfterARenameThatFailed) {
  for (const DType from : kDTypes)
    for (const DType to : kDTypes)
      for (const int works : {0, 1})
        if (to != DType::any) replace(from, to, works);
}

TEST_F(NpyPair, NorAfterAFlushThatFailed) {
  for (const DType from : kDTypes)
    for (const DType to : kDTypes)
      for (const int renames : {1, 2})
        if (to != DType::any) replace_unflushed(from, to, renames);
}

TEST_F(NpyPair, AFreshArrayIsNeverSeenWithoutItsName) {
  bool unnamed = false;
  look = [&] {
    if (std::filesystem::exists(path_)) unnamed |= Checkpoint::open(path_).tensors()[0].dtype == DType::any;
  };
  write(DType::bf16, false);
  EXPECT_FALSE(unnamed);
  write(DType::bf16, true);  // and one of the same dtype replaces it so
  EXPECT_FALSE(unnamed);
}

TEST_F(NpyPair, IsReplacedByOneWriterAtATime) {
  write(DType::bf16, false);
  const int folder = ::open(std::filesystem::path(path_).parent_path().c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_GE(folder, 0);
  int renames = 0;
  look = [&] {
    ++renames;
    EXPECT_NE(::flock(folder, LOCK_EX | LOCK_NB), 0) << "another writer could come in between";
    EXPECT_EQ(errno, EWOULDBLOCK);
    ::flock(folder, LOCK_UN);
  };
  write(DType::f8_e4m3, true);
  look = nullptr;
  EXPECT_GT(renames, 0);
  EXPECT_EQ(::flock(folder, LOCK_EX | LOCK_NB), 0) << "and afterwards the next may";
  ::close(folder);
}

TEST_F(NpyPair, NothingIsLeftOfAFreshPairWhoseSecondRenameFailed) {
  renames_before_failure = 1;
  EXPECT_THROW(write(DType::bf16, false), IoError);
  EXPECT_TRUE(folder_.names().empty());
}

TEST_F(NpyPair, ANameThatCannotBeGivenIsSaid) {
  write(DType::f8_e4m3, true);
  renames_before_failure = 1;
  renames_that_fail = 1000;
  std::string text = testing::error_text<IoError>([&] { write(DType::bf16, true); });
  EXPECT_NE(text.find(path_ + " is in place and holds bf16: write {\"dtype\": \"bf16\"} to " + path_ + ".json"),
            std::string::npos)
      << text;
  renames_before_failure = -1;
  write(DType::f8_e4m3, true);
  renames_before_failure = 0;
  text = testing::error_text<IoError>([&] { write(DType::u8, true); });
  EXPECT_NE(text.find("could not be replaced and holds f8_e4m3: write {\"dtype\": \"f8_e4m3\"} to "), std::string::npos)
      << text;
}

TEST_F(NpyPair, IsNotHalfOfOneWhenASignalHandlerEndsTheProcess) {
  for (const DType from : kDTypes)
    for (const DType to : kDTypes) {
      if (from == DType::any || to == DType::any) continue;
      write(from, true);
      const pid_t child = ::fork();
      if (child == 0) {
        look = [] {
          if (remove_temporary_files()) ::_exit(9);
        };
        write(to, true);
        ::_exit(0);
      }
      int status = 0;
      ::waitpid(child, &status, 0);
      EXPECT_EQ(status, 0) << dtype_name(from) << " by " << dtype_name(to);
      EXPECT_EQ(Checkpoint::open(path_).tensors()[0].dtype, to);
    }
}

/// Somebody else holds the lock of the folder, which any reader of it may.
class LockedNpyPair : public NpyPair {
 protected:
  void SetUp() override {
    write(DType::f8_e4m3, true);
    ASSERT_EQ(::flock(lock_, LOCK_EX | LOCK_NB), 0);
  }
  void TearDown() override {
    ::close(lock_);
    NpyPair::TearDown();
    EXPECT_EQ(Checkpoint::open(path_).tensors()[0].dtype, expected_);
    EXPECT_EQ(folder_.names().size(), 2u);
  }
  const int lock_ = ::open(folder_.folder().c_str(), O_RDONLY | O_DIRECTORY);
  DType expected_ = DType::f8_e4m3;
};

TEST_F(LockedNpyPair, IsWrittenAfterAWait) {
  nap = [&] { ::flock(lock_, LOCK_UN); };
  write(DType::bf16, true);
  expected_ = DType::bf16;
}

TEST_F(LockedNpyPair, IsNotWaitedForOnceCancelled) {
  for (const bool unlocked : {false, true}) {
    std::atomic<bool> cancel{false};
    nap = [&] {
      cancel = true;
      if (unlocked) ::flock(lock_, LOCK_UN);
    };
    const std::string text = testing::error_text<Cancelled>([&] { write(DType::bf16, true, &cancel); });
    EXPECT_NE(text.find("nothing was replaced"), std::string::npos) << text;
  }
}

TEST_F(LockedNpyPair, IsNotWaitedForForEver) {
  int naps = 0;
  nap = [&] { ++naps; };
  const std::string text = testing::error_text<IoError>([&] { write(DType::bf16, true); });
  EXPECT_NE(text.find(path_ + ": another program has locked its folder for 30 seconds"), std::string::npos) << text;
  EXPECT_EQ(naps, 1500);
}

}  // namespace
}  // namespace candor
