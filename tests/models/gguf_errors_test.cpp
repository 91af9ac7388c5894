// What loading refuses about GGUF metadata. A copy of a golden file is changed in place by strings of the same length.
#include <gmock/gmock.h>

#include "candor/error.h"
#include "tests/models/gguf_twin.h"

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

// Files made for the test, with one thing wrong.
template <class E>
std::string twin_error(const GgufTwin& twin) {
  const std::string file = twin.write();
  const std::string text = error_text<E>([&] { load(file, "bf16"); });
  EXPECT_THAT(text, HasSubstr(file));
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  return text;
}

TEST(GgufTwinErrorTest, DivisorsArePositiveAndFinite) {
  for (const float bad : {INFINITY, NAN, 0.0f, -1.0f}) {
    GgufTwin twin("gqa_tied");
    twin.add_vector("rope_freqs.weight", {1, 1, 1, bad, 1, 1, 1, 1});
    EXPECT_THAT(twin_error<FormatError>(twin),
                AllOf(HasSubstr("'rope_freqs.weight'"), HasSubstr("positive and finite")));
  }
}

TEST(GgufTwinErrorTest, FactorsArePositiveAndFinite) {
  for (const char* key : {"llama.rope.scaling.factor", "llama.rope.scale_linear", "llama.attention.scale"})
    for (const float bad : {INFINITY, NAN, 0.0f, -1.0f}) {
      GgufTwin twin("gqa_tied");
      twin.set_f32(key, bad);
      EXPECT_THAT(twin_error<FormatError>(twin), AllOf(HasSubstr(key), HasSubstr("positive and finite")));
    }
  GgufTwin twin("gqa_tied");
  twin.set_f32("llama.rope.scaling.factor", 2);
  twin.set_f32("llama.rope.scale_linear", 4);
  EXPECT_THAT(twin_error<FormatError>(twin), AllOf(HasSubstr("rope.scale_linear"), HasSubstr("must agree")));
}

TEST(GgufTwinErrorTest, TypesThatCannotBeRead) {
  for (const auto& [type, said] : {std::pair{16u, "'iq2_xxs'"}, {99u, "'type 99'"}, {26u, "'i32'"}}) {
    GgufTwin twin("gqa_tied");
    TwinTensor& norm = twin.tensor("output_norm.weight");
    norm.type = type;
    if (type == 16) norm = {norm.name, {256}, type, std::string(66, '\0')};  // one block
    EXPECT_THAT(twin_error<FormatError>(twin),
                AllOf(HasSubstr("'output_norm.weight'"), HasSubstr(said), HasSubstr("bf16, f16 or f32")));
  }
}

TEST(GgufTwinErrorTest, NamesFromTheFileAreQuoted) {
  GgufTwin twin("gqa_tied");
  twin.set_u32("llama.\x1b[2Jkey", 1);
  EXPECT_THAT(twin_error<FormatError>(twin), HasSubstr("'llama.\\x1b[2Jkey'"));
  GgufTwin other("gqa_tied");
  other.set_string("general.architecture", "a\nb");
  EXPECT_THAT(twin_error<FormatError>(other), HasSubstr("'a\\x0ab'"));
  GgufTwin third("gqa_tied");
  third.add_vector("\x1b[31mtensor", {1});
  EXPECT_THAT(twin_error<FormatError>(third), HasSubstr("'\\x1b[31mtensor'"));
}

TEST(GgufTwinErrorTest, TokenIdsThatNoIdCanBe) {
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"}) {
    GgufTwin twin("gqa_tied");
    twin.set_u64(key, (std::uint64_t{1} << 32) + 2);  // would be 2 in 32 bits
    EXPECT_THAT(twin_error<FormatError>(twin), AllOf(HasSubstr(key), HasSubstr("4294967298")));
  }
}

TEST(GgufTwinErrorTest, TokenTypesThatAreNoIntegers) {
  for (const float bad : {NAN, 1e30f, -1e30f, 2.5f, INFINITY}) {
    GgufTwin twin("gqa_tied");
    twin.add_tokenizer();
    std::vector<float> types(291, 1);
    types[7] = bad;
    twin.set_numbers("tokenizer.ggml.token_type", types);
    EXPECT_THAT(twin_error<FormatError>(twin), AllOf(HasSubstr("tokenizer.ggml.token_type"), HasSubstr("token 7")));
  }
}

}  // namespace
}  // namespace candor::test
