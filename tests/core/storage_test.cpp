// Owned and mapped storage.
#include "core/storage.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "candor/error.h"
#include "candor/receipt.h"
#include "candor/tensor.h"
#include "core/block_cache.h"

namespace candor {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
namespace fs = std::filesystem;

MemoryEntry ledger_of(DType dtype) {
  for (const MemoryEntry& entry : memory_ledger())
    if (entry.dtype == dtype) return entry;
  return {dtype};
}

class MappedFile : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (fs::temp_directory_path() / ("candor_storage_test_" + std::to_string(::getpid()))).string();
    write(3 * 4096 + 10);
  }
  void TearDown() override { fs::remove(path_); }
  void write(std::size_t bytes) {
    std::vector<char> contents(bytes);
    for (std::size_t i = 0; i < bytes; ++i) contents[i] = static_cast<char>(i % 251);
    std::ofstream(path_, std::ios::binary).write(contents.data(), static_cast<std::streamsize>(bytes));
  }
  std::string path_;
};

TEST(Storage, AlignedExactAndCounted) {
  const std::uint64_t before = ledger_of(DType::f8_e5m2).now;
  for (const std::uint64_t bytes : {1u, 63u, 64u, 4097u, (4u << 20) - 1, 4u << 20, (6u << 20) + 12345}) {
    const auto storage = Storage::allocate(bytes, DType::f8_e5m2);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(storage->data()) % 64, 0u) << bytes;
    EXPECT_EQ(storage->bytes(), bytes);
    EXPECT_EQ(ledger_of(DType::f8_e5m2).now, before + bytes);
    std::memset(storage->writable(), 0xab, bytes);  // every byte is there
  }
  EXPECT_EQ(ledger_of(DType::f8_e5m2).now, before);
  EXPECT_GE(ledger_of(DType::f8_e5m2).peak, before + (6u << 20) + 12345);
  EXPECT_EQ(Storage::allocate(0, DType::f32)->data(), nullptr);
}

TEST(Storage, OutOfMemoryNamesTheBytes) {
  const std::uint64_t before = ledger_of(DType::f64).now;
  for (const std::uint64_t bytes : {(std::uint64_t{1} << 47) - 1, std::uint64_t{1} << 60, UINT64_MAX - 1})
    EXPECT_THAT([&] { Storage::allocate(bytes, DType::f64); },
                ThrowsMessage<OutOfMemory>(
                    HasSubstr("allocate: the system has no " + std::to_string(bytes) + " bytes for a tensor of f64")));
  EXPECT_EQ(ledger_of(DType::f64).now, before);
}

TEST(BlockCache, ReusesFreedBlocksAndStaysSmall) {
  const std::byte* first = nullptr;
  {
    const auto storage = Storage::allocate(12321, DType::u8);
    first = storage->data();
  }
  if (memory::cached_bytes() == 0) GTEST_SKIP() << "a sanitizer build has no cache";
  EXPECT_EQ(Storage::allocate(12321, DType::u8)->data(), first);
  for (std::uint64_t i = 1; i < 200; ++i) {
    Storage::allocate(i * 20'000, DType::u8);
    EXPECT_LE(memory::cached_bytes(), memory::kCacheLimit);
  }
  const std::uint64_t kept = memory::cached_bytes();
  Storage::allocate(memory::kLargeBlock, DType::u8);
  EXPECT_EQ(memory::cached_bytes(), kept);  // large blocks go back to the system
}

// The flags of the mapping that holds `address`, as the kernel lists them ("rd wr mr mw me ac hg"); empty: not listed.
std::string vm_flags_of(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) inside = begin <= wanted && wanted < end;
    if (inside && line.starts_with("VmFlags:")) return line.substr(8) + " ";
  }
  return {};
}

TEST(BlockCache, LargeBlocksAskForHugePages) {
  Storage::allocate(64, DType::u8);
  if (memory::cached_bytes() == 0) GTEST_SKIP() << "a sanitizer build takes every block from its allocator";
  constexpr std::uint64_t kHugePage = 2u << 20;
  for (const std::uint64_t bytes : {memory::kLargeBlock, (std::uint64_t{6} << 20) + 12345}) {
    const auto storage = Storage::allocate(bytes, DType::u8);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(storage->data()) % kHugePage, 0u) << bytes;
    if (!fs::exists("/sys/kernel/mm/transparent_hugepage")) continue;
    const std::string flags = vm_flags_of(storage->data());
    if (flags.empty()) GTEST_SKIP() << "this system does not list the flags of mappings";
    EXPECT_THAT(flags, HasSubstr(" hg ")) << bytes;
  }
}

TEST(BlockCache, ManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (std::uint64_t i = 0; i < 2000; ++i) {
        const auto storage = Storage::allocate(64 + i % 7 * 1000, DType::i8);
        std::memset(storage->writable(), t, storage->bytes());
        ASSERT_EQ(static_cast<int>(storage->data()[storage->bytes() - 1]), t);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ledger_of(DType::i8).now, 0u);
}

TEST_F(MappedFile, ReadsAndRefusesWriting) {
  const auto file = Storage::map_file(path_);
  EXPECT_EQ(file->bytes(), 3u * 4096 + 10);
  EXPECT_EQ(file->path(), path_);
  EXPECT_TRUE(file->is_mapped());
  EXPECT_EQ(static_cast<int>(file->data()[5000]), 5000 % 251);
  EXPECT_THAT([&] { file->writable(); }, ThrowsMessage<Error>(HasSubstr(path_ + ", which is read-only")));
  Tensor tensor = Tensor::from_storage(file, 16, {4}, DType::f32);
  EXPECT_THROW(tensor.data(), Error);
  EXPECT_NE(std::as_const(tensor).data(), nullptr);
}

TEST_F(MappedFile, RegionsAreCountedOnceUnderTheirDtype) {
  const std::uint64_t before = ledger_of(DType::f16).mapped_now;
  {
    Tensor tensor;
    {
      const auto file = Storage::map_file(path_);
      EXPECT_EQ(ledger_of(DType::f16).mapped_now, before);  // a file has no dtype
      tensor = Tensor::from_storage(file, 64, {50}, DType::f16);
      const Tensor again = Tensor::from_storage(file, 64, {5, 10}, DType::f16);  // tied
      const Tensor view = tensor.slice(0, 10, 20);
      EXPECT_EQ(ledger_of(DType::f16).mapped_now, before + 100);
      EXPECT_EQ(ledger_of(DType::f16).now, 0u);
      EXPECT_EQ(tensor.storage(), again.storage());
      EXPECT_EQ(tensor.storage()->path(), path_);
      EXPECT_THROW(Tensor::from_storage(file, 3 * 4096, {6}, DType::f16), ShapeError);
    }
    EXPECT_EQ(ledger_of(DType::f16).mapped_now, before + 100);
    // The map outlives its file handle.
    EXPECT_EQ(static_cast<const std::uint8_t*>(std::as_const(tensor).data())[1], 65);
  }
  EXPECT_EQ(ledger_of(DType::f16).mapped_now, before);
}

TEST_F(MappedFile, ReleaseKeepsContents) {
  const auto file = Storage::map_file(path_);
  for (const auto& [offset, bytes] : {std::pair<std::uint64_t, std::uint64_t>{0, file->bytes()},
                                      {100, 9000},
                                      {1, 2},
                                      {4096, 4096},
                                      {0, UINT64_MAX},
                                      {UINT64_MAX, 1}})
    file->release(offset, bytes);
  for (std::uint64_t i = 0; i < file->bytes(); ++i) ASSERT_EQ(static_cast<std::uint64_t>(file->data()[i]), i % 251);
  const auto owned = Storage::allocate(8192, DType::u8);
  std::memset(owned->writable(), 7, 8192);
  owned->release(0, 8192);
  EXPECT_EQ(static_cast<int>(owned->data()[5000]), 7);
}

// Which pages of [data, data + bytes) are in this process, from the kernel's page map (bit 63); empty: it has none.
std::vector<bool> present_pages(const std::byte* data, std::uint64_t bytes) {
  const std::uint64_t page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::vector<std::uint64_t> entries(bytes / page);
  const int map = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  const auto wanted = static_cast<ssize_t>(entries.size() * sizeof(entries[0]));
  const auto at = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(data) / page * sizeof(entries[0]));
  const bool read = map >= 0 && ::pread(map, entries.data(), static_cast<std::size_t>(wanted), at) == wanted;
  if (map >= 0) ::close(map);
  std::vector<bool> present;
  for (const std::uint64_t entry : entries) present.push_back(entry >> 63 != 0);
  return read ? present : std::vector<bool>();
}

TEST_F(MappedFile, ReleaseDropsWholePagesInsideOnly) {
  const std::uint64_t page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  write(6 * page);
  const auto file = Storage::map_file(path_);
  const volatile std::byte* bytes = file->data();
  for (std::uint64_t at = 0; at < file->bytes(); at += page) (void)bytes[at];
  const std::vector<bool> touched = present_pages(file->data(), file->bytes());
  if (touched.empty()) GTEST_SKIP() << "this system shows no page map";
  ASSERT_EQ(touched, std::vector<bool>(6, true));
  file->release(page + 100, 3 * page);  // from inside page 1 to inside page 4
  EXPECT_EQ(present_pages(file->data(), file->bytes()), (std::vector<bool>{true, true, false, false, true, true}));
}

TEST_F(MappedFile, OpenErrors) {
  EXPECT_THAT([] { Storage::map_file("/nonexistent/file"); },
              ThrowsMessage<IoError>(HasSubstr("open: /nonexistent/file: No such file or directory")));
  EXPECT_THAT([] { Storage::map_file(fs::temp_directory_path().string()); },
              ThrowsMessage<IoError>(HasSubstr("is a folder")));
  EXPECT_THAT([] { Storage::map_file("/dev/null"); }, ThrowsMessage<IoError>(HasSubstr("not a regular file")));
  write(0);
  EXPECT_EQ(Storage::map_file(path_)->bytes(), 0u);
}

}  // namespace
}  // namespace candor
