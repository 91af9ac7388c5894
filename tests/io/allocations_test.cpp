// A count in a damaged file must not be believed before its bytes are there: the largest allocation that a reader
// makes, over all golden and hostile files, files that are broken byte by byte, and headers that hold nothing but small
// values.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "candor/error.h"
#include "candor/io.h"
#include "core/mixed_bits.h"
#include "tests/fuzz/input_file.h"
#include "tests/io/file_builders.h"

namespace {

std::atomic<std::size_t> largest{0};  // bytes, since it was last set to zero

}  // namespace

// A sanitizer has its own, which finds more; the counter stays zero then.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCounts = false;
#else
constexpr bool kCounts = true;

// Not inlined: the compiler would see malloc() and free() there, and warn of a mixture.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  std::size_t known = largest.load(std::memory_order_relaxed);
  while (bytes > known && !largest.compare_exchange_weak(known, bytes)) {
  }
  if (void* place = std::malloc(bytes > 0 ? bytes : 1)) return place;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* place) noexcept { std::free(place); }
[[gnu::noinline]] void operator delete(void* place, std::size_t) noexcept { std::free(place); }
#endif

namespace candor {
namespace {

using testing::GgufBytes;
using testing::safetensors_bytes;
using testing::TemporaryFolder;

constexpr std::size_t kAlways = 64u << 10;  // tables, buffers and messages, whatever the file

/// After every test of tests/io/hostile. Their files have some hundred bytes, but for those with too many of something:
/// the largest of them is a stack of 2^20 values of a pickle, four bytes each.
class HostileFiles : public ::testing::EmptyTestEventListener {
  static constexpr std::size_t kHighestStack = 4u << 20;

  static bool is_hostile(const ::testing::TestInfo& test) {
    return std::string_view(test.file()).find("/hostile/") != std::string_view::npos;
  }
  static bool is_long(const ::testing::TestInfo& test) {
    const std::string name = std::string(test.test_suite_name()) + "." + test.name();
    for (const char* part : {"Growing/", "/high_stack", "/many_values", ".NamesOfOneTensorDoNotGrow"})
      if (name.find(part) != std::string::npos) return true;
    return false;
  }
  void OnTestStart(const ::testing::TestInfo&) override { largest = 0; }
  void OnTestEnd(const ::testing::TestInfo& test) override {
    if (!is_hostile(test)) return;
    EXPECT_LE(largest, is_long(test) ? kHighestStack : kAlways);
  }
};

[[maybe_unused]] const bool kListens = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new HostileFiles);
  return true;
}();

/// Opens a file and reads every tensor; whether it is accepted is the matter of other tests.
std::size_t largest_while_read(const std::string& path) {
  largest = 0;
  try {
    const Checkpoint checkpoint = Checkpoint::open(path, OpenOptions{.v2_as_bf16 = true});
    for (const TensorEntry& entry : checkpoint.tensors()) {
      TensorReader reader(checkpoint, entry);
      while (!reader.next(4096).empty()) {
      }
    }
  } catch (const Error&) {
  }
  return largest;
}

class Allocations : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!kCounts) GTEST_SKIP() << "the sanitizer has its own operator new";
  }
  static std::vector<std::filesystem::path> golden_files() {
    std::vector<std::filesystem::path> files;
    const std::string folder = std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.is_regular_file() && entry.path().extension() != ".py") files.push_back(entry.path());
    return files;
  }
};

TEST_F(Allocations, OfGoldenFilesAreNotLargerThanTheFile) {
  const auto files = golden_files();
  EXPECT_GT(files.size(), 20u);
  for (const auto& path : files)
    EXPECT_LE(largest_while_read(path.string()), std::filesystem::file_size(path) + kAlways) << path;
}

TEST_F(Allocations, NorWhenBytesOfThemAreOthers) {
  constexpr std::uint64_t kChanges = 250;
  std::uint64_t seed = 0;
  for (const auto& path : golden_files()) {
    if (path.extension() == ".json") continue;  // known by its name, and read as text
    const std::string whole = testing::read_bytes(path.string());
    for (std::uint64_t i = 0; i < kChanges; ++i) {
      std::string bytes = whole;
      const std::uint64_t random = mixed_bits(++seed * kMixStep);
      // Headers are at the beginning, directories of archives at the end; two bytes make a length large.
      const std::uint64_t part = std::min<std::uint64_t>(whole.size(), i % 2 == 0 ? 1024 : whole.size());
      const std::uint64_t at = i % 4 == 1 ? whole.size() - 1 - random % part : random % part;
      bytes[at] = static_cast<char>(i % 3 == 0 ? 0xff : random >> 32);
      if (at > 0 && i % 5 == 0) bytes[at - 1] = static_cast<char>(0x7f);
      const fuzz::InputFile file(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      EXPECT_LE(largest_while_read(file.path()), bytes.size() + kAlways) << path << ", byte " << at << ", change " << i;
    }
  }
}

/// `count` times what `item` makes of a number, between commas.
template <class Item>
std::string list_of(std::uint64_t count, Item item) {
  std::string text;
  for (std::uint64_t i = 0; i < count; ++i) text.append(i > 0 ? "," : "").append(item(i));
  return text;
}

// What a file spells in a few bytes takes more in memory: a number of JSON is two bytes and becomes sixteen, in a list
// that doubles when it is full. It is a multiple of what was read, never of what was claimed.
TEST_F(Allocations, OfHeadersFullOfSmallValuesAreAMultipleOfTheirBytes) {
  constexpr std::uint64_t kCount = 100'000, kBytesOfAByte = 16;
  const auto zero = [](std::uint64_t) { return "0"; };
  const auto empty_tensor = [](std::uint64_t i) {
    return "\"" + std::to_string(i) + "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
  };
  const auto shard = [](std::uint64_t i) { return "\"" + std::to_string(i) + "\":\"a\""; };
  GgufBytes strings, small, arrays, infos;
  strings.pairs = {testing::gguf_pair("a", testing::kArray,
                                      testing::gguf_array(testing::kString, kCount, std::string(8 * kCount, '\0')))};
  small.pairs = {
      testing::gguf_pair("a", testing::kArray, testing::gguf_array(testing::kU8, kCount, std::string(kCount, '\0')))};
  std::string empty_arrays;
  for (std::uint64_t i = 0; i < kCount; ++i) empty_arrays += testing::gguf_array(testing::kU8, 0, "");
  arrays.pairs = {testing::gguf_pair("a", testing::kArray, testing::gguf_array(testing::kArray, kCount, empty_arrays))};
  for (std::uint64_t i = 0; i < kCount; ++i) infos.infos.push_back(testing::gguf_info(std::to_string(i), {0}, 0, 0));
  const std::pair<std::string, std::string> files[] = {
      {"strings.gguf", strings.bytes()},
      {"small.gguf", small.bytes()},
      {"arrays.gguf", arrays.bytes()},
      {"infos.gguf", infos.bytes()},
      {"tensors.safetensors", safetensors_bytes("{" + list_of(kCount, empty_tensor) + "}")},
      {"numbers.safetensors", safetensors_bytes("{\"x\":[" + list_of(kCount, zero) + "]}")},
      {"shards.safetensors.index.json", "{\"weight_map\":{" + list_of(kCount, shard) + "}}"},
      {"numbers.safetensors.index.json", "{\"x\":[" + list_of(kCount, zero) + "]}"}};
  const TemporaryFolder folder;
  for (const auto& [name, bytes] : files)
    EXPECT_LE(largest_while_read(folder.put(name, bytes)), kBytesOfAByte * bytes.size() + kAlways) << name;
}

}  // namespace
}  // namespace candor
