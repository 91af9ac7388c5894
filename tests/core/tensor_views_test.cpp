// Views of tensors, and what kernels see of them (core/view.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "candor/error.h"
#include "candor/tensor.h"
#include "core/view.h"

namespace candor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

Tensor counting(const Shape& shape) {
  std::vector<float> values(static_cast<std::size_t>(shape.elements()));
  std::iota(values.begin(), values.end(), 0.0f);
  return Tensor::from_f32(values, shape);
}

TEST(TensorViews, SliceSelectTransposeShareStorage) {
  const Tensor x = counting({2, 3, 4});
  EXPECT_THAT(x.slice(1, 1, 3).select(0, 1).to_f32(), ElementsAre(16, 17, 18, 19, 20, 21, 22, 23));
  EXPECT_THAT(x.slice(-1, 1, 3).select(0, 0).to_f32(), ElementsAre(1, 2, 5, 6, 9, 10));
  EXPECT_THAT(x.select(0, 0).transpose(0, 1).to_f32(), ElementsAre(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11));
  EXPECT_THAT(x.select(2, 3).to_f32(), ElementsAre(3, 7, 11, 15, 19, 23));
  EXPECT_EQ(x.select(0, 1).storage(), x.storage());
  EXPECT_EQ(x.select(0, 1).nbytes(), 48u);
  EXPECT_THAT(x.select(0, 1).select(0, 2).select(0, 1).to_f32(), ElementsAre(21));  // rank 0
  Tensor writable = x;
  writable.slice(2, 3, 4).data_as<float>()[0] = 100;
  EXPECT_EQ(x.to_f32()[3], 100.0f);
}

TEST(TensorViews, ToF32WalksEveryAxis) {
  const Tensor x = counting({2, 3, 2, 2});
  const Tensor y = x.transpose(0, 2).slice(1, 1, 3);  // y[i, j, k, l] = x[k, j + 1, i, l]
  std::vector<float> expected;
  for (int i = 0; i < 2; ++i)
    for (int j = 1; j < 3; ++j)
      for (int k = 0; k < 2; ++k)
        for (int l = 0; l < 2; ++l) expected.push_back(static_cast<float>(((k * 3 + j) * 2 + i) * 2 + l));
  EXPECT_EQ(y.to_f32(), expected);
}

TEST(TensorViews, Contiguity) {
  const Tensor x = counting({2, 3, 4});
  EXPECT_TRUE(x.slice(0, 1, 2).is_contiguous());
  EXPECT_FALSE(x.slice(1, 0, 2).is_contiguous());
  EXPECT_FALSE(x.transpose(0, 1).is_contiguous());
  EXPECT_TRUE(x.slice(1, 1, 2).select(0, 1).is_contiguous());
  EXPECT_TRUE(x.slice(0, 1, 1).is_contiguous());
}

TEST(TensorViews, Reshape) {
  const Tensor x = counting({2, 6});
  EXPECT_EQ(x.reshape({3, 4}).to_f32(), x.to_f32());
  EXPECT_EQ(x.reshape({3, 4}).shape(), (Shape{3, 4}));
  EXPECT_THAT(x.slice(0, 1, 2).reshape({6}).to_f32(), ElementsAre(6, 7, 8, 9, 10, 11));
  EXPECT_THAT([&] { x.reshape({5}); }, ThrowsMessage<ShapeError>(HasSubstr("[2, 6] has 12 elements, [5] has 5")));
  EXPECT_THAT([&] { x.transpose(0, 1).reshape({12}); }, ThrowsMessage<ShapeError>(HasSubstr("strided view")));
  EXPECT_NO_THROW(x.transpose(0, 1).reshape({6, 2}));  // its own shape
}

TEST(TensorViews, ErrorsNameBothValues) {
  const Tensor x = counting({2, 3});
  EXPECT_THAT([&] { x.slice(1, 1, 4); },
              ThrowsMessage<ShapeError>(HasSubstr("[1, 4) of axis 1 of [2, 3] is outside [0, 3)")));
  EXPECT_THAT([&] { x.select(0, 2); }, ThrowsMessage<ShapeError>(HasSubstr("index 2 of axis 0 of [2, 3]")));
  EXPECT_THAT([&] { x.transpose(0, 2); }, ThrowsMessage<ShapeError>(HasSubstr("axis 2 of [2, 3], which has rank 2")));
  EXPECT_THROW(x.slice(0, -1, 1), ShapeError);
  EXPECT_THROW(x.slice(0, 2, 1), ShapeError);
  EXPECT_THROW(x.select(0, -1), ShapeError);
  EXPECT_THROW(x.slice(-3, 0, 1), ShapeError);
}

TEST(TensorViews, BlocksStayWhole) {
  const Tensor x = Tensor::zeros({3, 2, 64}, DType::q4_0);
  EXPECT_EQ(x.slice(2, 32, 64).nbytes(), 6u * 18);
  const auto* base = static_cast<const std::byte*>(x.data());
  EXPECT_EQ(x.slice(2, 32, 64).data(), base + 18);
  EXPECT_EQ(x.slice(0, 1, 3).data(), base + 72);
  EXPECT_EQ(x.select(1, 1).select(0, 2).data(), base + 72 * 2 + 36);
  EXPECT_EQ(x.transpose(0, 1).shape(), (Shape{2, 3, 64}));
  EXPECT_THAT([&] { x.slice(2, 16, 48); }, ThrowsMessage<ShapeError>(HasSubstr("inside a block of q4_0")));
  EXPECT_THROW(x.slice(2, 0, 48), ShapeError);
  EXPECT_THROW(x.select(2, 0), ShapeError);
  EXPECT_THROW(x.transpose(1, 2), ShapeError);
  EXPECT_THROW(x.reshape({3, 4, 32, 1}), DTypeError);
  EXPECT_NO_THROW(x.reshape({12, 32}));
}

TEST(KernelViews, CarryShapeStridesAndData) {
  Tensor x = counting({2, 3, 4});
  const ConstView seen = const_view(x.transpose(0, 2));
  EXPECT_TRUE(seen.present());
  EXPECT_EQ(seen.data, x.data());
  EXPECT_EQ(seen.dtype, DType::f32);
  EXPECT_EQ(seen.rank, 3);
  EXPECT_THAT(std::vector(seen.shape, seen.shape + 3), ElementsAre(4, 3, 2));
  EXPECT_THAT(std::vector(seen.stride, seen.stride + 3), ElementsAre(1, 4, 12));
  EXPECT_EQ(seen.elements(), 24);
  EXPECT_FALSE(seen.contiguous());
  const View written = view(x);
  EXPECT_TRUE(written.contiguous());
  written.as<float>()[5] = -1;
  EXPECT_EQ(x.to_f32()[5], -1.0f);
}

// Nothing lies between no elements, so that an empty tensor has no gaps, however it was cut.
TEST(KernelViews, EmptyOnesAreContiguous) {
  const Tensor wide = counting({2, 3, 4});
  for (const Tensor& empty : {wide.slice(1, 1, 1), wide.slice(2, 3, 3).transpose(0, 2), wide.slice(0, 2, 2),
                              Tensor::empty({2, 0, 4}, DType::f32), Tensor::empty({0}, DType::f32)}) {
    EXPECT_TRUE(empty.is_contiguous()) << empty.shape().to_string();
    EXPECT_TRUE(const_view(empty).contiguous()) << empty.shape().to_string();
    EXPECT_EQ(empty.reshape({7, 0}).shape(), (Shape{7, 0}));
  }
  for (const Tensor& gaps : {wide.slice(1, 1, 2), wide.transpose(0, 1)}) {
    EXPECT_FALSE(gaps.is_contiguous());
    EXPECT_FALSE(const_view(gaps).contiguous());
  }
}

TEST(KernelViews, AbsentShapeOnlyAndPacked) {
  Tensor none;
  EXPECT_FALSE(const_view(none).present());
  EXPECT_FALSE(view(none).present());
  Tensor shape = Tensor::shape_only({4, 8}, DType::bf16);
  EXPECT_TRUE(view(shape).present());
  EXPECT_EQ(view(shape).data, nullptr);
  const Tensor packed = Tensor::packed_empty({16, 8}, DType::bf16);
  EXPECT_EQ(const_view(packed).layout, Layout::packed_tiles);
  EXPECT_FALSE(const_view(packed).contiguous());
}

}  // namespace
}  // namespace candor
