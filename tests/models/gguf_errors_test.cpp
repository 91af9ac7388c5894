// What loading refuses about GGUF metadata. A copy of a golden file is changed in place by strings of the same length.
#include <gmock/gmock.h>

#include "candor/error.h"
#include "tests/models/golden_model.h"

namespace candor::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class GgufErrorTest : public ::testing::Test {
 protected:
  // Loads blocks.gguf with the first `from` replaced by `to`.
  template <class E>
  std::string error_after(const std::string& from, const std::string& to) {
    const std::string file = changed(from, to);
    const std::string text = error_text<E>([&] { load(file, "auto"); });
    EXPECT_THAT(text, HasSubstr(file));
    return text;
  }
  std::string changed(const std::string& from, const std::string& to) {
    EXPECT_EQ(from.size(), to.size());
    std::ifstream in(golden_path("blocks.gguf"), std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const std::size_t place = bytes.find(from);
    EXPECT_NE(place, std::string::npos) << from;
    bytes.replace(place, to.size(), to);
    const std::string file = ::testing::TempDir() + "candor_" + std::to_string(getpid()) + ".gguf";
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }
  void TearDown() override {
    std::filesystem::remove(::testing::TempDir() + "candor_" + std::to_string(getpid()) + ".gguf");
  }

  static std::string u32(std::uint32_t value) {
    std::string bytes(4, '\0');
    std::memcpy(bytes.data(), &value, 4);
    return bytes;
  }
};

const std::string kU32Type("\4\0\0\0", 4);

TEST_F(GgufErrorTest, UnknownArchitectureIsListedAgainstTheKnownOnes) {
  const std::string length("\5\0\0\0\0\0\0\0", 8);
  EXPECT_THAT(error_after<FormatError>(length + "llama", length + "gemma"),
              AllOf(HasSubstr("'gemma'"), HasSubstr("llama, qwen2")));
}

TEST_F(GgufErrorTest, UnknownKeyIsNamed) {
  EXPECT_THAT(error_after<FormatError>("llama.rope.freq_base", "llama.rope.freq_bass"),
              AllOf(HasSubstr("'llama.rope.freq_bass'"), HasSubstr("unknown")));
}

TEST_F(GgufErrorTest, MissingKeyIsNamed) {
  EXPECT_THAT(error_after<FormatError>("llama.context_length", "other.context_length"),
              HasSubstr("'llama.context_length' is missing"));
}

TEST_F(GgufErrorTest, ShapesAreComparedWithTheMetadata) {
  EXPECT_THAT(error_after<FormatError>("llama.feed_forward_length" + kU32Type + u32(96),
                                       "llama.feed_forward_length" + kU32Type + u32(128)),
              AllOf(HasSubstr("ffn_gate.weight"), HasSubstr("[96, 64]"), HasSubstr("[128, 64]")));
}

TEST_F(GgufErrorTest, LayersWithoutTensorsAndTensorsWithoutLayers) {
  EXPECT_THAT(
      error_after<FormatError>("llama.block_count" + kU32Type + u32(2), "llama.block_count" + kU32Type + u32(3)),
      HasSubstr("'blk.2.attn_norm.weight' is missing"));
  EXPECT_THAT(
      error_after<FormatError>("llama.block_count" + kU32Type + u32(2), "llama.block_count" + kU32Type + u32(1)),
      AllOf(HasSubstr("9 tensor(s)"), HasSubstr("blk.1.")));
}

TEST_F(GgufErrorTest, OddRotaryDimension) {
  EXPECT_THAT(error_after<FormatError>("llama.rope.dimension_count" + kU32Type + u32(16),
                                       "llama.rope.dimension_count" + kU32Type + u32(18)),
              AllOf(HasSubstr("18"), HasSubstr("16")));
}

// Half of each head rotates: legal, and not the same as the whole.
TEST_F(GgufErrorTest, PartialRotaryActs) {
  const std::string file =
      changed("llama.rope.dimension_count" + kU32Type + u32(16), "llama.rope.dimension_count" + kU32Type + u32(8));
  const std::vector<TokenId> tokens = {5, 6, 7, 8};
  EXPECT_FALSE(
      same_bits(all_logits(load(file, "auto"), tokens), all_logits(load(golden_path("blocks.gguf"), "auto"), tokens)));
}

TEST_F(GgufErrorTest, BlockWithABrokenScaleIsRefused) {
  const TensorEntry entry = *Checkpoint::open(golden_path("blocks.gguf")).find("blk.1.ffn_up.weight");
  std::ifstream in(golden_path("blocks.gguf"), std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  for (const std::size_t part : {0, 2}) {  // the scale, then the offset of a q4_1 block
    std::string broken = bytes;
    broken.replace(entry.offset + 20 * 7 + part, 2, std::string("\0\x7c", 2));  // +infinity
    const std::string file = ::testing::TempDir() + "candor_" + std::to_string(getpid()) + ".gguf";
    std::ofstream(file, std::ios::binary) << broken;
    for (const char* precision : {"auto", "bf16"})
      EXPECT_THAT(error_text<ValueError>([&] { load(file, precision); }),
                  AllOf(HasSubstr(file), HasSubstr("'blk.1.ffn_up.weight'"), HasSubstr("scale")));
  }
}

}  // namespace
}  // namespace candor::test
