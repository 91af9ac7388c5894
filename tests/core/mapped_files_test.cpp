// The table that says which mapped file an address belongs to.
#include "core/mapped_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "candor/io.h"
#include "core/storage.h"

namespace candor {
namespace {

namespace fs = std::filesystem;

const std::byte* address(std::uintptr_t value) { return reinterpret_cast<const std::byte*>(value); }

std::string file_at(const void* place) {
  const char* path = mapped_file_at(place);
  return path ? path : "";
}

TEST(MappedFiles, TheWholeRangeAndNothingElse) {
  const MappedFileEntry a("a", address(0x1000), 0x100), b("b", address(0x1100), 1);
  EXPECT_EQ(file_at(address(0xfff)), "");
  EXPECT_EQ(file_at(address(0x1000)), "a");
  EXPECT_EQ(file_at(address(0x10ff)), "a");
  EXPECT_EQ(file_at(address(0x1100)), "b");
  EXPECT_EQ(file_at(address(0x1101)), "");
  EXPECT_EQ(file_at(nullptr), "");
}

TEST(MappedFiles, AnEntryGoesWithItsOwnerAndCanMove) {
  {
    MappedFileEntry first("first", address(0x1000), 1);
    MappedFileEntry second(std::move(first));
    EXPECT_EQ(file_at(address(0x1000)), "first");
    second = MappedFileEntry("second", address(0x2000), 1);
    EXPECT_EQ(file_at(address(0x1000)), "");
    EXPECT_EQ(file_at(address(0x2000)), "second");
  }
  EXPECT_EQ(file_at(address(0x2000)), "");
}

TEST(MappedFiles, WhatDoesNotFitStaysUnlisted) {
  const MappedFileEntry too_long(std::string(5000, 'x'), address(0x1000), 1);
  EXPECT_EQ(file_at(address(0x1000)), "");
  std::vector<MappedFileEntry> many;
  for (std::uintptr_t i = 1; i <= 1500; ++i) many.emplace_back(std::to_string(i), address(0x1000 * i), 1);
  EXPECT_EQ(file_at(address(0x1000)), "1");
  EXPECT_EQ(file_at(address(0x1000 * 1500)), "");
  many.clear();
  const MappedFileEntry again("again", address(0x1000 * 1500), 1);
  EXPECT_EQ(file_at(address(0x1000 * 1500)), "again");
}

TEST(MappedFiles, AStorageIsListedWhileItIsMapped) {
  const std::string path =
      (fs::temp_directory_path() / ("candor_mapped_files_test_" + std::to_string(::getpid()))).string();
  std::ofstream(path, std::ios::binary) << std::string(5000, 'x');
  auto storage = Storage::map_file(path);
  const std::byte* data = storage->data();
  EXPECT_EQ(file_at(data), path);
  EXPECT_EQ(file_at(data + 4999), path);
  auto region = Storage::map_region(storage, 64, 64, DType::u8);
  storage.reset();
  EXPECT_EQ(file_at(data), path);  // the region keeps the file mapped
  region.reset();
  EXPECT_EQ(file_at(data), "");
  fs::remove(path);
}

TEST(MappedFiles, EntriesThatComeAndGoDisturbNobody) {
  const MappedFileEntry kept("kept", address(0x1000), 16);
  std::atomic<bool> stop{false};
  std::thread other([&stop] {
    while (!stop) const MappedFileEntry entry("other", address(0x2000), 16);
  });
  for (int i = 0; i < 20000; ++i) {
    EXPECT_EQ(file_at(address(0x100f)), "kept");
    EXPECT_EQ(file_at(address(0x1010)), "");
  }
  stop = true;
  other.join();
}

}  // namespace
}  // namespace candor
