// The reader of this program's own file: what it finds, and that no file makes it read outside.
#include "prove/code/elf_symbols.h"

#include <gtest/gtest.h>

#include <cstring>

#include "candor/error.h"

namespace candor::prove {
namespace {

using File = std::vector<std::byte>;

void put(File& file, std::size_t at, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) file.at(at + static_cast<std::size_t>(i)) = static_cast<std::byte>(value >> 8 * i);
}

constexpr std::size_t kSymbols = 64, kNames = kSymbols + 3 * 24, kSections = kNames + 16, kEnd = kSections + 3 * 64;

/// Header, two functions and an object, their names, section headers: none, .symtab, .strtab.
File small_file() {
  File file(kEnd);
  put(file, 0, 0x464c457f, 4);
  put(file, 4, 2, 1);
  put(file, 5, 1, 1);
  put(file, 40, kSections, 8);
  put(file, 58, 64, 2);
  put(file, 60, 3, 2);
  const std::uint64_t addresses[] = {0x2000, 0x1000, 0x3000}, types[] = {2, 2, 1}, names[] = {1, 5, 9};
  for (std::size_t i = 0; i < 3; ++i) {
    put(file, kSymbols + 24 * i, names[i], 4);
    put(file, kSymbols + 24 * i + 4, types[i], 1);
    put(file, kSymbols + 24 * i + 6, 1, 2);
    put(file, kSymbols + 24 * i + 8, addresses[i], 8);
    put(file, kSymbols + 24 * i + 16, 0x10, 8);
  }
  std::memcpy(file.data() + kNames, "\0two\0one\0box", 13);
  const std::uint64_t type[] = {0, 2, 3}, link[] = {0, 2, 0}, offset[] = {0, kSymbols, kNames}, size[] = {0, 72, 16};
  for (std::size_t i = 0; i < 3; ++i) {
    put(file, kSections + 64 * i + 4, type[i], 4);
    put(file, kSections + 64 * i + 24, offset[i], 8);
    put(file, kSections + 64 * i + 32, size[i], 8);
    put(file, kSections + 64 * i + 40, link[i], 4);
  }
  return file;
}

TEST(ElfSymbols, AreFoundByTheAddressesThatTheyHold) {
  const std::vector<Symbol> symbols = elf_symbols(small_file());
  ASSERT_EQ(symbols.size(), 3u);
  EXPECT_EQ(symbols[0].name, "one");
  EXPECT_EQ(symbol_at(symbols, 0x100f)->name, "one");
  EXPECT_EQ(symbol_at(symbols, 0x2000)->name, "two");
  EXPECT_FALSE(symbol_at(symbols, 0x3000)->is_function);
  EXPECT_EQ(symbol_at(symbols, 0xfff), nullptr);
  EXPECT_EQ(symbol_at(symbols, 0x1010), nullptr);
}

TEST(ElfSymbols, AStrippedFileHasNone) {
  File file = small_file();
  put(file, kSections + 64 + 4, 1, 4);  // .symtab becomes any other section
  EXPECT_TRUE(elf_symbols(file).empty());
  put(file, 40, 0, 8);  // no section headers at all
  EXPECT_TRUE(elf_symbols(file).empty());
}

TEST(ElfSymbols, RefuseWhatIsNoElfFileAndWhatPointsOutside) {
  const auto changed = [](std::size_t at, std::uint64_t value, int bytes) {
    File file = small_file();
    put(file, at, value, bytes);
    return file;
  };
  const std::uint64_t far = ~std::uint64_t{0} - 8;
  for (const File& file :
       {File{}, changed(0, 0, 4), changed(4, 1, 1), changed(5, 2, 1), changed(40, far, 8), changed(58, 40, 2),
        changed(60, 0xffff, 2), changed(kSections + 64 + 24, far, 8), changed(kSections + 64 + 32, far, 8),
        changed(kSections + 64 + 32, 71, 8), changed(kSections + 64 + 40, 7, 4), changed(kSections + 64 + 40, 1, 4),
        changed(kSections + 128 + 32, 8, 8), changed(kSymbols, 0xffffffff, 4)})
    EXPECT_THROW(elf_symbols(file), FormatError);
}

TEST(ElfSymbols, NoPrefixOfAFileIsReadBeyondItsEnd) {
  const File whole = small_file();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const File prefix(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THROW(elf_symbols(prefix), FormatError) << size;
  }
}

}  // namespace
}  // namespace candor::prove
