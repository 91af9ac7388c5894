// GGUF's blocks against values that came out of them, and against other blocks.
#include "core/blocks.h"

#include "core/formats.h"
#include "tests/audit/diff_files.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal::comparison {
namespace {

constexpr std::size_t kBlocks = 64;

std::string random_blocks(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  const auto size = static_cast<std::size_t>(info.block_bytes);
  std::string bytes(kBlocks * size, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(random_bits(17, i));
  for (std::size_t block = 0; block < kBlocks; ++block) {
    // Sane scales: q6_k has its scale at the end, the others at the front, some with a second one.
    const std::uint16_t scale = f32_to_f16_bits(static_cast<float>(0.001 + 0.01 * random_unit(5, block)));
    for (std::size_t at = 0; at < 4; at += 2)
      std::memcpy(&bytes[block * size + (dtype == DType::q6_k ? size - 2 : at)], &scale, sizeof scale);
  }
  return bytes;
}

std::vector<float> dequantised(DType dtype, const std::string& bytes) {
  std::vector<float> values(kBlocks * static_cast<std::size_t>(dtype_info(dtype).block_elements));
  dequantize_blocks(dtype, bytes.data(), static_cast<std::int64_t>(values.size()), values.data());
  return values;
}

class DiffBlocks : public DiffFiles {
 protected:
  std::string gguf(const std::string& file, DType dtype, std::size_t elements, const std::string& data) {
    testing::GgufBytes bytes;
    bytes.infos = {testing::gguf_info("w", {elements}, static_cast<std::uint32_t>(dtype_info(dtype).gguf), 0)};
    bytes.data = data;
    bytes.data.append((32 - data.size() % 32) % 32, '\0');
    return folder_.put(file, bytes.bytes());
  }
};

TEST_F(DiffBlocks, DequantisedValuesAreRecognised) {
  using enum DType;
  for (const DType dtype : {q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k}) {
    const std::string bytes = random_blocks(dtype);
    const std::vector<float> values = dequantised(dtype, bytes);
    const std::string a = gguf("a.gguf", dtype, values.size(), bytes);
    const auto found = [&](const FileTensor& b) {
      return diff(a, folder_.put("b.safetensors", file_of({b}))).tensors.at(0);
    };
    const TensorDiff exact = found(vector_of("F32", values));
    EXPECT_EQ(exact.status, DiffStatus::same_values) << dtype_name(dtype);
    const TensorDiff once = found(vector_of("BF16", to_bf16(values, Route::rne)));
    EXPECT_EQ(once.history, "rounded once") << dtype_name(dtype);
    EXPECT_NE(once.sentence.find("is the dequantised a.gguf rounded once to bf16"), std::string::npos) << once.sentence;
    EXPECT_EQ(found(vector_of("BF16", to_bf16(values, Route::truncated))).history, "cut off") << dtype_name(dtype);
  }
}

TEST_F(DiffBlocks, DequantisationThroughF16IsSeen) {
  const std::string bytes = random_blocks(DType::q4_1);  // the sum has more bits than f16
  const std::vector<float> values = dequantised(DType::q4_1, bytes);
  const std::string a = gguf("a.gguf", DType::q4_1, values.size(), bytes);
  const FileTensor b = vector_of("BF16", to_bf16(values, Route::from_f16));
  EXPECT_EQ(diff(a, folder_.put("b.safetensors", file_of({b}))).tensors.at(0).history, "through f16");
}

TEST_F(DiffBlocks, BlocksOfOneDtypeAreComparedAsBytesAndThenByValue) {
  std::string bytes = random_blocks(DType::q8_0);
  const std::string a = gguf("a.gguf", DType::q8_0, 32 * kBlocks, bytes);
  EXPECT_TRUE(diff(a, gguf("same.gguf", DType::q8_0, 32 * kBlocks, bytes)).equal);
  bytes[5 * 34 + 2 + 7] = static_cast<char>(bytes[5 * 34 + 2 + 7] ^ 1);  // element 7 of block 5
  const TensorDiff tensor = diff(a, gguf("b.gguf", DType::q8_0, 32 * kBlocks, bytes)).tensors.at(0);
  EXPECT_EQ(tensor.counts.changed, 1u);
  EXPECT_EQ(tensor.counts.elements, 32 * kBlocks);
  ASSERT_EQ(tensor.witnesses.size(), 1u);
  EXPECT_EQ(tensor.witnesses[0].index, 5u * 32 + 7);
  const std::string file = testing::read_bytes(a);
  EXPECT_EQ(file.substr(tensor.witnesses[0].offset_a, 34), random_blocks(DType::q8_0).substr(5 * 34, 34));
}

TEST_F(DiffBlocks, StoringInBlocksIsSaidToBeThat) {
  const std::string bytes = random_blocks(DType::q8_0);
  std::vector<float> values = dequantised(DType::q8_0, bytes);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] *= static_cast<float>(1 + 1e-3 * random_unit(3, i));
  const std::string a = folder_.put("a.safetensors", file_of({vector_of("F32", values)}));
  const TensorDiff tensor = diff(a, gguf("b.gguf", DType::q8_0, values.size(), bytes)).tensors.at(0);
  EXPECT_EQ(tensor.status, DiffStatus::changed);
  EXPECT_NE(tensor.sentence.find("when b.gguf stored them in q8_0 blocks"), std::string::npos) << tensor.sentence;
}

TEST_F(DiffBlocks, UnknownTypesAreComparedAsBytes) {
  const auto with = [&](const std::string& file, char last) {
    testing::GgufBytes bytes;
    bytes.infos = {testing::gguf_info("w", {32}, 1000, 0)};
    bytes.data = std::string(31, 'x') + last;
    return folder_.put(file, bytes.bytes());
  };
  std::string a, b;
  try {
    a = with("a.gguf", 'x');
    b = with("b.gguf", 'y');
    Checkpoint::open(a);
  } catch (const std::exception& error) {
    GTEST_SKIP() << error.what();
  }
  EXPECT_TRUE(diff(a, with("c.gguf", 'x')).equal);
  const TensorDiff tensor = diff(a, b).tensors.at(0);
  EXPECT_EQ(tensor.status, DiffStatus::changed);
  EXPECT_EQ(tensor.counts.changed, 1u);
  EXPECT_EQ(tensor.witnesses.at(0).index, 31u);
}

}  // namespace
}  // namespace candor::audit_internal::comparison
