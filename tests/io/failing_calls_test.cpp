// What no ordinary file can make happen: file systems that cannot map, disks that fail, a cancel in the last moments.
// This program's mmap, fsync and pread fail on demand.
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>

#include "candor/error.h"
#include "candor/io.h"
#include "candor/receipt.h"
#include "core/storage.h"
#include "tests/io/file_builders.h"

namespace {

bool maps_fail = false, fsync_fails = false, folder_fsync_fails = false;
int reads_left = -1;  // negative: pread always works; else it fails after so many calls
std::atomic<bool>* cancel_after_read = nullptr;

}  // namespace

// The linker's --wrap sends the library's calls of f() to __wrap_f(); __real_f() is the system's.
extern "C" {

void* __real_mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset);
int __real_fsync(int file);
ssize_t __real_pread(int file, void* data, size_t bytes, off_t offset);

void* __wrap_mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset) {
  if (!maps_fail || file < 0) return __real_mmap(address, bytes, protection, flags, file, offset);
  errno = ENODEV;
  return MAP_FAILED;
}

int __wrap_fsync(int file) {
  struct stat status {};
  const bool fails = fsync_fails || (folder_fsync_fails && ::fstat(file, &status) == 0 && S_ISDIR(status.st_mode));
  if (!fails) return __real_fsync(file);
  errno = EIO;
  return -1;
}

ssize_t __wrap_pread(int file, void* data, size_t bytes, off_t offset) {
  if (reads_left == 0) {
    errno = EIO;
    return -1;
  }
  if (reads_left > 0) --reads_left;
  if (cancel_after_read != nullptr) *cancel_after_read = true;
  return __real_pread(file, data, bytes, offset);
}

}  // extern "C"

namespace candor {
namespace {

using testing::error_text;
using testing::read_bytes;
using testing::TemporaryFolder;

const std::vector<SafetensorsWriter::Item> kItems = {{"x", DType::u8, {4 << 20}}};

class FailingCalls : public ::testing::Test {
 protected:
  void TearDown() override {
    maps_fail = fsync_fails = folder_fsync_fails = false;
    reads_left = -1;
    cancel_after_read = nullptr;
  }
  /// The error of writing over "old", which must stay, with nothing beside it.
  template <class Expected>
  std::string error_of_writing(const std::atomic<bool>* cancel = nullptr) {
    folder_.put("f", "old");
    std::string text;
    {
      SafetensorsWriter writer(folder_.path("f"), kItems, {}, true);
      const std::vector<char> bytes(4 << 20, 'x');
      writer.write(bytes.data(), bytes.size());
      text = error_text<Expected>([&] { writer.finish(cancel); });
    }
    EXPECT_EQ(folder_.names(), std::vector<std::string>{"f"});
    EXPECT_EQ(read_bytes(folder_.path("f")), "old");
    EXPECT_NE(text.find(folder_.path("f")), std::string::npos) << text;
    return text;
  }
  const TemporaryFolder folder_;
};

std::uint64_t owned_bytes(DType dtype) {
  for (const MemoryEntry& entry : memory_ledger())
    if (entry.dtype == dtype) return entry.now;
  return 0;
}

TEST_F(FailingCalls, AFileThatCannotBeMappedIsReadAndCountsAsOwned) {
  const std::string header = R"({"x":{"dtype":"U8","shape":[100000],"data_offsets":[0,100000]}})";
  const std::string path = folder_.put("m.safetensors", testing::safetensors_bytes(header, std::string(100000, 'v')));
  const std::uint64_t before = owned_bytes(DType::u8);
  maps_fail = true;
  const Checkpoint checkpoint = Checkpoint::open(path);
  const Tensor tensor = checkpoint.tensor("x");
  EXPECT_EQ(owned_bytes(DType::u8), before + 100000);
  checkpoint.release_all();  // there is no file to read it from again
  EXPECT_EQ(static_cast<const char*>(static_cast<const void*>(tensor.data_as<std::uint8_t>()))[99999], 'v');
  EXPECT_EQ(static_cast<char>(checkpoint.bytes(checkpoint.tensors()[0])[50000]), 'v');
}

TEST_F(FailingCalls, AFileThatCannotBeReadEitherIsRefused) {
  const std::string path = folder_.put("m.safetensors", std::string(100, 'v'));
  maps_fail = true;
  reads_left = 0;
  const std::string text = error_text<IoError>([&] { Storage::map_file(path); });
  EXPECT_NE(text.find(path + ": cannot read: "), std::string::npos) << text;
}

TEST_F(FailingCalls, ADiskThatCannotFlushIsOneSentence) {
  fsync_fails = true;
  EXPECT_NE(error_of_writing<IoError>().find("cannot flush to disk: Input/output error"), std::string::npos);
}

// Behind the rename nothing is taken back, and nobody should think so.
TEST_F(FailingCalls, AFolderThatCannotFlushSaysThatTheFileIsInPlace) {
  folder_.put("f", "old");
  folder_fsync_fails = true;
  SafetensorsWriter writer(folder_.path("f"), {}, {}, true);
  const std::string text = error_text<IoError>([&] { writer.finish(); });
  EXPECT_NE(text.find(folder_.path("f") + ": is in place, whole, but its folder cannot be flushed: Input/output error"),
            std::string::npos)
      << text;
  EXPECT_NE(read_bytes(folder_.path("f")), "old");
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"f"});
}

TEST_F(FailingCalls, ADiskThatCannotBeReadBackIsOneSentence) {
  reads_left = 2;
  EXPECT_NE(error_of_writing<IoError>().find("cannot read back what was written"), std::string::npos);
}

TEST_F(FailingCalls, ACancelWhileTheFileIsReadBackIsHeard) {
  std::atomic<bool> cancel{false};
  cancel_after_read = &cancel;
  EXPECT_NE(error_of_writing<Cancelled>(&cancel).find("cancelled"), std::string::npos);
}

}  // namespace
}  // namespace candor
