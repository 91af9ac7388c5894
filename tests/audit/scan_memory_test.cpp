// The scan's memory: bounded, whatever the size of the file.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "audit/scan/scan.h"
#include "tests/audit/scan_support.h"
#include "tests/io/archive_builders.h"

namespace candor::audit_internal {
namespace {

using candor::testing::TemporaryFolder;

/// The most memory that the process had at any time since forget_peak(): /proc/self/status tells it in KiB.
std::uint64_t peak_bytes() {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;)
    if (word == "VmHWM:" && file >> word) return std::stoull(word) << 10;
  return 0;
}

/// False where the system does not let a process forget its peak.
bool forget_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << 5 << std::flush;
  return file.good();
}

constexpr std::uint64_t kBound = std::uint64_t{64} << 20;

/// By how much the peak grows meanwhile.
std::uint64_t growth(const std::function<void()>& call) {
  forget_peak();
  const std::uint64_t before = peak_bytes();
  call();
  return peak_bytes() - std::min(peak_bytes(), before);
}

/// Why memory cannot be measured here; "" where it can.
std::string why_not() {
#if defined(__SANITIZE_THREAD__)
  return "the sanitizer remembers every byte that was read";
#endif
  return peak_bytes() == 0 || !forget_peak() ? "the system does not say how much memory a process had" : "";
}

// What is mapped for a moment counts: blocks are looked at across the whole tensor when it has been counted.
TEST(ScanThreads, MemoryDoesNotGrowWithTheFile) {
  if (const std::string why = why_not(); !why.empty()) GTEST_SKIP() << why;
  constexpr std::uint64_t kBytes = std::uint64_t{1} << 30;
  const std::pair<std::string, std::string> kinds[] = {
      {"F32", "268435456"}, {"BF16", "131072,4096"}, {"BF16", "4096,131072"}, {"F64", "2048,65536"}};
  for (const auto& [dtype, shape] : kinds) {
    SCOPED_TRACE(dtype + " " + shape);
    const TemporaryFolder folder;  // a hole in the file: zeros, which no disk holds
    const std::string header = R"({"weight":{"dtype":")" + dtype + R"(","shape":[)" + shape +
                               R"(],"data_offsets":[0,)" + std::to_string(kBytes) + "]}}";
    const std::string bytes = candor::testing::safetensors_bytes(header);
    const std::string path = folder.put("model.safetensors", bytes);
    std::filesystem::resize_file(path, bytes.size() + kBytes);
    const Checkpoint checkpoint = Checkpoint::open(path);
    const TensorEntry* entry = &checkpoint.tensors()[0];
    std::uint64_t sampled = 0;
    const auto sink = [&](const Fingerprint& f) { sampled = f.blocks.sampled; };
    EXPECT_LT(growth([&] { scan_checkpoint(checkpoint, {&entry, 1}, {.threads = 2}, sink); }), kBound);
    EXPECT_GT(sampled, 1000u);
  }
}

// Each is mapped whole while it is gathered, and let go.
TEST(ScanThreads, StridedTensorsAreLetGo) {
  if (const std::string why = why_not(); !why.empty()) GTEST_SKIP() << why;
  const TemporaryFolder folder;
  std::string path;
  {
    const std::string array =
        testing::npy_bytes(testing::npy_dict("<f4", "(1024, 2048)", true), std::string(std::size_t{8} << 20, '\0'));
    std::vector<testing::ZipItem> items;
    for (int i = 0; i < 16; ++i) items.push_back(testing::stored(std::to_string(i) + ".npy", array));
    path = folder.put("x.npz", testing::ZipBytes(items).bytes);
  }
  const Checkpoint checkpoint = Checkpoint::open(path);
  std::vector<const TensorEntry*> entries;
  for (const TensorEntry& entry : checkpoint.tensors()) entries.push_back(&entry);
  std::size_t count = 0;
  const auto sink = [&](const Fingerprint&) { ++count; };
  EXPECT_LT(growth([&] { scan_checkpoint(checkpoint, entries, {.threads = 1}, sink); }), kBound);
  EXPECT_EQ(count, 16u);
}

}  // namespace
}  // namespace candor::audit_internal
