#include "candor/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "candor/error.h"

namespace candor {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Shape, RankExtentsAndText) {
  EXPECT_EQ(Shape().rank(), 0);
  EXPECT_EQ(Shape().elements(), 1);
  EXPECT_EQ(Shape().to_string(), "[]");
  const Shape shape{2, 3, 4};
  EXPECT_EQ(shape.elements(), 24);
  EXPECT_EQ(shape[0], 2);
  EXPECT_EQ(shape[-1], 4);
  EXPECT_EQ(shape.to_string(), "[2, 3, 4]");
  EXPECT_EQ(shape, (Shape{2, 3, 4}));
  EXPECT_NE(shape, (Shape{2, 3}));
  EXPECT_NE(shape, (Shape{2, 3, 5}));
}

TEST(Shape, RefusesWhatIsNoShape) {
  EXPECT_THAT([] { Shape({1, -2}); }, ThrowsMessage<ShapeError>(HasSubstr("extent -2 is negative")));
  EXPECT_THAT([] { Shape({1, 1, 1, 1, 1, 1, 1, 1, 1}); }, ThrowsMessage<ShapeError>(HasSubstr("rank 9 exceeds")));
  EXPECT_NO_THROW(Shape({1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_THAT([] { Shape({2, 3})[2]; }, ThrowsMessage<ShapeError>(HasSubstr("axis 2 of [2, 3]")));
  EXPECT_THROW((Shape({2, 3})[-3]), ShapeError);
}

TEST(Shape, ElementsNeverOverflow) {
  const std::int64_t half = std::int64_t{1} << 62;
  EXPECT_EQ((Shape{half, 1}).elements(), half);
  EXPECT_THROW((Shape{half, 2}).elements(), ShapeError);
  EXPECT_THROW((Shape{INT64_MAX, INT64_MAX}).elements(), ShapeError);
  EXPECT_EQ((Shape{half, 0}).elements(), 0);
  EXPECT_THROW((Shape{0, half, 4}).elements(), ShapeError);  // its strides would overflow
}

}  // namespace
}  // namespace candor
