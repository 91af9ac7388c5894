// The block writers say what they promise.
#include "support/blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace candor::test {
namespace {

constexpr DType kBlocks[] = {DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1,
                             DType::q8_0, DType::q4_k, DType::q5_k, DType::q6_k};

TEST(Blocks, ConstantsAreConstant) {
  for (const DType dtype : kBlocks) {
    Workspace w;
    const std::int64_t unit = dtype_info(dtype).block_elements;
    const View view = make_constant_blocks(w, dtype, {2, 2 * unit}, {1, 4096, 0, -0.0625});
    const Doubles values = ref::load_all(view);
    for (std::int64_t i = 0; i < 4 * unit; ++i) {
      const double expected[] = {1, 4096, 0, -0.0625};
      ASSERT_EQ(values[static_cast<std::size_t>(i)], expected[i / unit]) << dtype_name(dtype) << " element " << i;
    }
  }
}

TEST(Blocks, IntegersAreSmallIntegers) {
  for (const DType dtype : kBlocks) {
    Workspace w;
    double largest = 0;
    for (const double value : ref::load_all(make_blocks(w, dtype, {3, 512}, BlockValues::integers, 7))) {
      ASSERT_EQ(value, std::nearbyint(value)) << dtype_name(dtype);
      largest = std::max(largest, std::fabs(value));
    }
    EXPECT_LE(largest, largest_block_integer(dtype)) << dtype_name(dtype);
    EXPECT_GT(largest, 1) << dtype_name(dtype);
  }
}

TEST(Blocks, RandomValuesLieAroundOne) {
  for (const DType dtype : kBlocks) {
    Workspace w;
    double largest = 0;
    for (const double value : ref::load_all(make_blocks(w, dtype, {3, 512}, BlockValues::random, 8, 1)))
      largest = std::max(largest, std::fabs(value));
    EXPECT_GT(largest, 0.25) << dtype_name(dtype);
    EXPECT_LE(largest, 2.0) << dtype_name(dtype);
    EXPECT_EQ(w.damage(), "");
  }
}

}  // namespace
}  // namespace candor::test
