// What counts as NaN or infinite in each format, and that a model of such weights is refused under its own name.
#include "models/finite.h"

#include <gmock/gmock.h>

#include "candor/error.h"
#include "tests/models/golden_model.h"

namespace candor::models {
namespace {

using test::ModelCopy;

// One element of every code.
Tensor all_codes(DType dtype) {
  Tensor codes = Tensor::empty({256}, dtype);
  for (int code = 0; code < 256; ++code)
    static_cast<unsigned char*>(codes.data())[code] = static_cast<unsigned char>(code);
  return codes;
}

TEST(FiniteTest, EightBitFloats) {
  EXPECT_EQ(count_non_finite(all_codes(DType::f8_e5m2)), 8u);  // an infinity and three NaNs of each sign
  EXPECT_EQ(count_non_finite(all_codes(DType::f8_e4m3)), 2u);  // no infinity, one NaN of each sign
}

TEST(FiniteTest, EightBitFloatsAgreeWithTheirValues) {
  for (const DType dtype : {DType::f8_e5m2, DType::f8_e4m3}) {
    std::uint64_t broken = 0;
    for (const float value : all_codes(dtype).to_f32()) broken += std::isfinite(value) ? 0u : 1u;
    EXPECT_EQ(count_non_finite(all_codes(dtype)), broken) << dtype_name(dtype);
  }
}

// Rewrites a model so that one tensor has another dtype.
void replace_tensor(const ModelCopy& copy, const std::string& name, DType dtype, const std::string& bytes) {
  const Checkpoint file = Checkpoint::open(copy.file("model.safetensors"));
  std::vector<SafetensorsWriter::Item> items;
  for (const TensorEntry& entry : file.tensors())
    items.push_back({entry.name, entry.name == name ? dtype : entry.dtype, entry.shape});
  SafetensorsWriter writer(copy.file("model.safetensors"), items, {}, true);
  for (const SafetensorsWriter::Item& item : writer.order()) {
    if (item.name == name) {
      writer.write(bytes.data(), bytes.size());
    } else {
      writer.write(file.bytes(*file.find(item.name)), file.find(item.name)->nbytes);
    }
  }
  writer.finish();
}

TEST(FiniteTest, EightBitNaNsAreCalledNaN) {
  for (const DType dtype : {DType::f8_e5m2, DType::f8_e4m3}) {
    const ModelCopy copy("gqa_tied");
    replace_tensor(copy, "model.norm.weight", dtype, std::string(64, '\x7f'));
    EXPECT_THAT(test::error_text<ValueError>([&] { test::load(copy.path(), "bf16"); }),
                ::testing::AllOf(::testing::HasSubstr("'model.norm.weight'"), ::testing::HasSubstr("NaN or infinite")));
    replace_tensor(copy, "model.norm.weight", dtype, std::string(64, '\x38'));
    EXPECT_NO_THROW(test::load(copy.path(), "bf16"));
  }
}

}  // namespace
}  // namespace candor::models
