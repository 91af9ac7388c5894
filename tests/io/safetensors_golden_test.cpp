// The golden file of SafetensorsWriter, which is also a seed of the reader's fuzz target (tests/fuzz/make_seeds.py).
#include <gtest/gtest.h>

#include "tests/io/written_tensors.h"

namespace candor {
namespace {

using testing::read_bytes;
using testing::TemporaryFolder;
using testing::write_checkpoint;

const std::string kRoot = CANDOR_SOURCE_DIR;
const std::string kGolden = kRoot + "/tests/io/golden/written.safetensors";

TEST(SafetensorsGolden, IsWhatIsWritten) {
  const TemporaryFolder folder;
  write_checkpoint(folder.path("x.safetensors"), testing::every_dtype());
  EXPECT_TRUE(read_bytes(folder.path("x.safetensors")) == read_bytes(kGolden));
}

TEST(SafetensorsGolden, HoldsWhatWasWritten) {
  const Checkpoint golden = Checkpoint::open(kGolden);
  testing::expect_read_back(golden, testing::every_dtype());
  const auto& metadata = golden.safetensors_metadata();
  EXPECT_EQ((std::map<std::string, std::string>{metadata.begin(), metadata.end()}), testing::kWrittenMetadata);
}

TEST(SafetensorsGolden, IsASeed) {
  EXPECT_TRUE(read_bytes(kRoot + "/tests/fuzz/seeds/safetensors/written.safetensors") == read_bytes(kGolden));
}

}  // namespace
}  // namespace candor
