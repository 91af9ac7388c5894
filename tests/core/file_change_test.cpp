// A mapped file that somebody writes to is told from one that is as it was.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "candor/error.h"
#include "core/storage.h"

namespace candor {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
namespace fs = std::filesystem;

constexpr std::size_t kBytes = 3 * 4096 + 10;

/// While it lives, the next descriptor is beyond the half of those that a process may have.
class FewDescriptors {
 public:
  FewDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);
    ::close(next);
    const rlimit now{static_cast<rlim_t>(next) + 2, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

enum class Asked { descriptor, path };

class FileChange : public testing::TestWithParam<Asked> {
 protected:
  void TearDown() override { fs::remove(path_); }

  /// A file that was written long ago: a clock that ticks slowly shows every later write all the same.
  std::shared_ptr<Storage> mapped() const {
    std::ofstream(path_, std::ios::binary) << std::string(kBytes, 'x');
    const timespec past[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    EXPECT_EQ(::utimensat(AT_FDCWD, path_.c_str(), past, 0), 0);
    std::shared_ptr<Storage> storage;
    if (GetParam() == Asked::path) {
      const FewDescriptors few;
      storage = Storage::map_file(path_);
    } else {
      storage = Storage::map_file(path_);
    }
    EXPECT_NO_THROW(storage->require_unchanged());
    return storage;
  }
  static void expect_refused(const Storage& storage, const std::string& what) {
    EXPECT_THAT([&] { storage.require_unchanged(); }, ThrowsMessage<IoError>(HasSubstr(what)));
  }

  std::string path_ = (fs::temp_directory_path() / ("candor_file_change_" + std::to_string(::getpid()))).string();
};

INSTANTIATE_TEST_SUITE_P(By, FileChange, testing::Values(Asked::descriptor, Asked::path));

TEST_P(FileChange, ACutInsideTheLastPageIsSeen) {
  const auto storage = mapped();
  ASSERT_EQ(::truncate(path_.c_str(), kBytes - 1), 0);
  expect_refused(*storage, "read: " + path_ + ": changed from 12298 to 12297 bytes while it was read");
  expect_refused(*Storage::map_region(storage, 0, 8, DType::f32), "12297");
}

TEST_P(FileChange, AWriteOfTheSameSizeIsSeen) {
  const auto storage = mapped();
  std::fstream(path_, std::ios::in | std::ios::out | std::ios::binary).write("y", 1);
  expect_refused(*storage, "was written to, with 12298 bytes as before, while it was read");
}

TEST_P(FileChange, ANameThatIsAnotherFilesOrNobodysIsNoChange) {
  const auto storage = mapped();
  std::ofstream(path_ + ".other") << "another";
  fs::rename(path_ + ".other", path_);
  EXPECT_NO_THROW(storage->require_unchanged());
  fs::remove(path_);
  EXPECT_NO_THROW(storage->require_unchanged());
}

// What no name leads to any more can still be written to by those who had opened it.
TEST(FileChangeByDescriptor, IsSeenWhenNoNameIsLeft) {
  const std::string path = (fs::temp_directory_path() / ("candor_file_gone_" + std::to_string(::getpid()))).string();
  std::ofstream(path, std::ios::binary) << std::string(kBytes, 'x');
  const auto storage = Storage::map_file(path);
  ASSERT_EQ(::truncate(path.c_str(), 5), 0);
  fs::remove(path);
  EXPECT_THROW(storage->require_unchanged(), IoError);
}

TEST(FileChangeOfOwned, ThereIsNone) { EXPECT_NO_THROW(Storage::allocate(8, DType::u8)->require_unchanged()); }

}  // namespace
}  // namespace candor
