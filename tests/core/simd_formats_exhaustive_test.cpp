// All 2^32 f32 bit patterns: every instruction set's stores equal the scalar conversions bit for bit, with subnormals
// kept and with FTZ and DAZ set. (The scalar ones against an independent definition: formats_exhaustive_test.cpp.)
#include "tests/core/simd_chunks.h"

namespace candor::test {
namespace {

TEST(EveryF32, EveryIsaEqualsScalar) {
  std::vector<int> levels;
  for (int level = 0; level < kIsaLevels; ++level)
    if (isa_level_runs(level)) levels.push_back(level);
  constexpr std::size_t kChunk = 65536;
  for (std::uint64_t start = 0; start < 0x100000000u && !HasFatalFailure(); start += kChunk)
    check_stores(levels, start, 1, kChunk);
  RecordProperty("levels", static_cast<int>(levels.size()));
}

TEST(EveryF32, AllLevelsRan) {
  for (int level = 0; level < kIsaLevels; ++level)
    if (!isa_level_runs(level)) GTEST_SKIP() << "this processor has no " << isa_level_name(level);
}

}  // namespace
}  // namespace candor::test
