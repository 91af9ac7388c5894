// Tensors: construction, bytes, values, errors. Views of tensors: tensor_views_test.cpp.
#include "candor/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "candor/error.h"
#include "core/blocks.h"
#include "core/formats.h"
#include "core/packed.h"
#include "core/storage.h"

namespace candor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Tensor, UndefinedAndEmpty) {
  const Tensor none;
  EXPECT_FALSE(none.defined());
  EXPECT_FALSE(none.is_shape_only());
  EXPECT_EQ(none.nbytes(), 0u);
  EXPECT_EQ(none.data(), nullptr);
  const Tensor hollow = Tensor::empty({3, 0}, DType::bf16);
  EXPECT_TRUE(hollow.defined());
  EXPECT_FALSE(hollow.is_shape_only());
  EXPECT_EQ(hollow.nbytes(), 0u);
  EXPECT_TRUE(hollow.to_f32().empty());
}

TEST(Tensor, BytesAreWhatTheDtypeSays) {
  for (const DTypeInfo& info : all_dtypes()) {
    if (info.block_bytes == 0) continue;
    const Tensor tensor = Tensor::zeros({3, 2 * info.block_elements}, info.dtype);
    EXPECT_EQ(tensor.nbytes(), 6u * static_cast<std::uint64_t>(info.block_bytes)) << info.name;
    EXPECT_EQ(tensor.storage()->bytes(), tensor.nbytes()) << info.name;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64, 0u);
    EXPECT_TRUE(tensor.is_contiguous());
  }
  EXPECT_EQ(Tensor::empty({}, DType::f32).nbytes(), 4u);
}

TEST(Tensor, RefusesDtypesAndShapesThatCannotBeStored) {
  EXPECT_THAT([] { Tensor::empty({2}, DType::tf32); },
              ThrowsMessage<DTypeError>(HasSubstr("tf32 is no storage dtype")));
  EXPECT_THROW(Tensor::empty({2}, DType::any), DTypeError);
  EXPECT_THAT(
      [] {
        Tensor::empty({2, 33}, DType::q4_0);
      },
      ThrowsMessage<DTypeError>(
          HasSubstr("[2, 33] q4_0 cannot be stored; the last dimension must be a multiple of 32")));
  EXPECT_THROW(Tensor::empty({}, DType::q4_0), DTypeError);
  EXPECT_THROW(Tensor::empty({std::int64_t{1} << 62, 4}, DType::f32), ShapeError);
  EXPECT_THROW(Tensor::empty({std::int64_t{1} << 62}, DType::f64), ShapeError);
  EXPECT_THAT([] { Tensor::empty({std::int64_t{1} << 58}, DType::bf16); },
              ThrowsMessage<OutOfMemory>(HasSubstr("no 576460752303423488 bytes for a tensor of bf16")));
}

TEST(Tensor, ValuesAndCopies) {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  Tensor tensor = Tensor::from_f32(values, {2, 3});
  EXPECT_EQ(tensor.to_f32(), values);
  Tensor alias = tensor;
  alias.data_as<float>()[0] = 9;
  EXPECT_EQ(tensor.to_f32()[0], 9.0f);  // copying a Tensor shares its storage
  const std::int32_t ids[] = {7, -1};
  EXPECT_EQ(Tensor::from_i32(ids, {2}).data_as<std::int32_t>()[1], -1);
  EXPECT_THAT([&] { Tensor::from_f32(values, {5}); }, ThrowsMessage<ShapeError>(HasSubstr("6 values for shape [5]")));
}

TEST(Tensor, ShapeOnly) {
  const Tensor tensor = Tensor::shape_only({4, 32}, DType::q8_0);
  EXPECT_TRUE(tensor.is_shape_only());
  EXPECT_EQ(tensor.data(), nullptr);
  EXPECT_EQ(tensor.nbytes(), 4u * 34);
  EXPECT_THROW(tensor.to_f32(), Error);
  EXPECT_TRUE(tensor.slice(0, 1, 3).is_shape_only());
}

TEST(Tensor, ToF32WidensEveryFloat) {
  const auto one = [](DType dtype, auto bits) {
    Tensor tensor = Tensor::empty({1}, dtype);
    std::memcpy(tensor.data(), &bits, sizeof(bits));
    return tensor.to_f32()[0];
  };
  EXPECT_EQ(one(DType::f64, f64_bits(1.0 + 0x1p-30)), 1.0f);
  EXPECT_EQ(one(DType::f32, f32_bits(0x1p-149f)), 0x1p-149f);
  EXPECT_EQ(one(DType::f16, std::uint16_t{0x0001}), 0x1p-24f);
  EXPECT_EQ(one(DType::bf16, std::uint16_t{0x3dcd}), 0.10009765625f);
  EXPECT_EQ(one(DType::f8_e4m3, std::uint8_t{0x7e}), 448.0f);
  EXPECT_EQ(one(DType::f8_e5m2, std::uint8_t{0x7b}), 57344.0f);
  for (const DType dtype : {DType::i32, DType::bool_, DType::q2_k, DType::f8_e8m0})
    EXPECT_THROW(Tensor::zeros({256}, dtype).to_f32(), DTypeError);
}

TEST(Tensor, ToF32Dequantizes) {
  Tensor tensor = Tensor::zeros({2, 64}, DType::q8_0);
  auto* blocks = tensor.data_as<BlockQ8_0>();
  for (int b = 0; b < 4; ++b) {
    blocks[b].d[1] = 0x3c;  // 1.0
    for (int i = 0; i < 32; ++i) blocks[b].qs[i] = static_cast<std::int8_t>(b * 32 + i);
  }
  std::vector<float> expected(128);
  std::iota(expected.begin(), expected.end(), 0.0f);
  EXPECT_EQ(tensor.to_f32(), expected);
  EXPECT_EQ(tensor.select(0, 1).slice(0, 32, 64).to_f32(), std::vector<float>(expected.begin() + 96, expected.end()));
}

TEST(Tensor, ToF32QuietsNaNsOfOtherFormats) {
  Tensor half = Tensor::zeros({2}, DType::bf16), single = Tensor::zeros({1}, DType::f32);
  half.data_as<std::uint16_t>()[0] = 0x7f81;
  half.data_as<std::uint16_t>()[1] = 0xff81;
  single.data_as<std::uint32_t>()[0] = 0x7f800001u;
  EXPECT_EQ(f32_bits(half.to_f32()[0]), 0x7fc10000u);
  EXPECT_EQ(f32_bits(half.to_f32()[1]), 0xffc10000u);
  EXPECT_EQ(f32_bits(single.to_f32()[0]), 0x7f800001u);  // f32 to f32 moves bits
}

TEST(Tensor, PackedLayout) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16}) {
    const std::int64_t rows = 19, columns = 5;
    Tensor packed = Tensor::packed_empty({rows, columns}, dtype);
    const std::uint64_t padded = dtype == DType::bf16 ? 6u : 5u;
    EXPECT_EQ(packed.nbytes(), 32 * padded * *dtype_bytes(dtype, 1)) << dtype_name(dtype);
    EXPECT_EQ(packed.storage()->bytes(), packed.nbytes());
    EXPECT_FALSE(packed.is_contiguous());
    for (std::int64_t n = 0; n < rows; ++n) {
      for (std::int64_t k = 0; k < columns; ++k) {
        const float value = static_cast<float>(n * columns + k);
        const std::int64_t at = packed_index(dtype, columns, n, k);
        if (dtype == DType::f32) packed.data_as<float>()[at] = value;
        if (dtype == DType::bf16) packed.data_as<std::uint16_t>()[at] = f32_to_bf16_bits(value);
        if (dtype == DType::f16) packed.data_as<std::uint16_t>()[at] = f32_to_f16_bits(value);
      }
    }
    std::vector<float> expected(95);
    std::iota(expected.begin(), expected.end(), 0.0f);
    EXPECT_EQ(packed.to_f32(), expected) << dtype_name(dtype);
    EXPECT_THROW(packed.slice(0, 0, 16), ShapeError);
    EXPECT_THROW(packed.transpose(0, 1), ShapeError);
    EXPECT_THROW(packed.select(0, 0), ShapeError);
    EXPECT_THROW(packed.reshape({95}), ShapeError);
  }
  EXPECT_THROW(Tensor::packed_empty({16, 32}, DType::q4_0), DTypeError);
  EXPECT_THROW(Tensor::packed_empty({16}, DType::bf16), ShapeError);
  EXPECT_THROW(Tensor::packed_empty({INT64_MAX / 4, 2}, DType::bf16), ShapeError);
}

TEST(Tensor, PackedLayoutHasNoHolesForWholeTiles) {
  EXPECT_EQ(Tensor::shape_only({576, 1536}, DType::bf16, Layout::packed_tiles).nbytes(), 2u * 576 * 1536);
}

TEST(Tensor, FromStorage) {
  const auto storage = Storage::allocate(64, DType::f32);
  std::vector<float> values(16);
  std::iota(values.begin(), values.end(), 0.0f);
  std::memcpy(storage->writable(), values.data(), 64);
  const Tensor tensor = Tensor::from_storage(storage, 8, {2, 3}, DType::f32);
  EXPECT_THAT(tensor.to_f32(), ElementsAre(2, 3, 4, 5, 6, 7));
  EXPECT_EQ(tensor.storage(), storage);
  EXPECT_EQ(Tensor::from_storage(storage, 3, {2}, DType::bf16).to_f32().size(), 2u);  // unaligned, as files may be
  EXPECT_THAT([&] { Tensor::from_storage(storage, 44, {6}, DType::f32); },
              ThrowsMessage<ShapeError>(HasSubstr("[6] f32 needs 24 bytes at offset 44, but the storage ends at 64")));
  EXPECT_THROW(Tensor::from_storage(storage, UINT64_MAX, {1}, DType::f32), ShapeError);
  EXPECT_THROW(Tensor::from_storage(nullptr, 0, {1}, DType::f32), ShapeError);
}

}  // namespace
}  // namespace candor
