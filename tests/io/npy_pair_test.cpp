// NAME.npy and NAME.npy.json as a reader finds them at every moment of their replacement, and after a rename that
// failed. A program of its own: its renames are watched; they fail on demand, and so does the flush behind them.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include <functional>

#include "candor/error.h"
#include "tests/io/written_tensors.h"

namespace {

std::function<void()> look;       // before and after every rename
int renames_before_failure = -1;  // negative: they always work; else the one after so many fails
int renames_before_flush = -1;    // negative: it always works; else the first fsync after so many fails, once

int watched(const std::function<int()>& rename) {
  if (look) look();
  if (renames_before_failure >= 0 && renames_before_failure-- == 0) {
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
    look = nullptr;
    renames_before_failure = renames_before_flush = -1;
  }

  /// Two elements whose bytes say what they are.
  void write(DType dtype, bool overwrite) const {
    if (dtype == DType::any) return;
    const auto writer = create_checkpoint(path_, {{"x", dtype, {2}}}, {}, overwrite);
    const std::string bytes(*dtype_bytes(dtype, 2), static_cast<char>(dtype));
    writer->write(bytes.data(), bytes.size());
    writer->finish();
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
    } catch (const IoError&) {
    }
    look = nullptr;
    renames_before_flush = -1;
    if (!std::filesystem::exists(path_)) {  // only the name of a fresh array was there, and was taken back
      EXPECT_EQ(from, DType::any);
      EXPECT_TRUE(folder_.names().empty());
      return;
    }
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

}  // namespace
}  // namespace candor
