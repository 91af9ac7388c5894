// Any tensors, not only models': dtypes that are copied, folders with their side files, odd shapes.
#include <nlohmann/json.hpp>
#include <set>

#include "candor/convert.h"
#include "candor/error.h"
#include "candor/receipt.h"
#include "convert/tensor_stream.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::bytes_of;
using testing::error_text;
using testing::f32_tensor;
using testing::read_bytes;
using testing::TemporaryFolder;
using testing::to;
using testing::write_safetensors;

TEST(SafetensorsSource, IntegersBooleansAndStorageOnlyTypesAreCopied) {
  const TemporaryFolder folder;
  const std::string input =
      write_safetensors(folder.path("in.safetensors"), {{"i64", DType::i64, {2}, testing::raw<std::int64_t>({-1, 1})},
                                                        {"i8", DType::i8, {3}, "abc"},
                                                        {"bool", DType::bool_, {2}, std::string("\0\1", 2)},
                                                        {"u16", DType::u16, {2}, "wxyz"},
                                                        {"c64", DType::c64, {1}, "12345678"},
                                                        {"f8", DType::f8_e8m0, {2}, "ab"},
                                                        f32_tensor("x", {1.0f})});
  const ConvertReport report = convert(input, folder.path("out.safetensors"), to(DType::bf16));
  const Checkpoint before = Checkpoint::open(input), after = Checkpoint::open(folder.path("out.safetensors"));
  for (const char* name : {"i64", "i8", "bool", "u16", "c64", "f8"}) {
    EXPECT_EQ(after.find(name)->dtype, before.find(name)->dtype) << name;
    EXPECT_EQ(bytes_of(after, name), bytes_of(before, name)) << name;
  }
  EXPECT_EQ(after.find("x")->dtype, DType::bf16);
  EXPECT_EQ(report.notes.size(), 2u);  // c64 and f8_e8m0 are floating, and stay
}

// Unknown to this version: the bytes cannot be given a meaning.
TEST(SafetensorsSource, UnknownTypesAreRefusedByName) {
  const TemporaryFolder folder;
  const std::string input = folder.put(
      "in.safetensors", testing::safetensors_bytes(R"({"x":{"dtype":"F12","shape":[2],"data_offsets":[0,3]}})", "123"));
  const std::string text =
      error_text<FormatError>([&] { convert(input, folder.path("o.safetensors"), to(DType::bf16)); });
  EXPECT_NE(text.find("'x' is of type F12"), std::string::npos) << text;
}

// bf16 in, bytes out: no cast, whatever the bits are, signalling NaN and subnormals among them.
TEST(SafetensorsSource, SameDtypeIsCopiedWithoutACast) {
  const TemporaryFolder folder;
  const std::string bits = testing::raw<std::uint16_t>({0x7f81, 0x0001, 0x8000, 0xff80, 0x3f81});
  const std::string input = write_safetensors(folder.path("in.safetensors"), {{"x", DType::bf16, {5}, bits}});
  Recorder recorder;
  convert(input, folder.path("o.safetensors"), to(DType::bf16));
  recorder.stop();
  EXPECT_TRUE(recorder.casts().empty());
  EXPECT_EQ(bytes_of(Checkpoint::open(folder.path("o.safetensors")), "x"), bits);
}

TEST(SafetensorsSource, CastsAreInTheLedger) {
  const TemporaryFolder folder;
  const std::string input =
      write_safetensors(folder.path("in.safetensors"), {f32_tensor("x", std::vector<float>(1000, 0.1f))});
  ConvertOptions options = to(DType::bf16);
  options.allow_lossy = true;  // one pass
  Recorder recorder;
  convert(input, folder.path("o.safetensors"), options);
  recorder.stop();
  ASSERT_EQ(recorder.casts().size(), 1u);
  EXPECT_EQ(recorder.casts()[0].from, DType::f32);
  EXPECT_EQ(recorder.casts()[0].to, DType::bf16);
  EXPECT_EQ(recorder.casts()[0].elements, 1000u);
  EXPECT_EQ(recorder.casts()[0].reason, "convert: narrow");
}

std::set<std::string> cast_reasons(const std::string& input, const std::string& output, const ConvertOptions& options) {
  Recorder recorder;
  convert(input, output, options);
  recorder.stop();
  std::set<std::string> reasons;
  for (const CastEntry& entry : recorder.casts()) reasons.insert(entry.reason);
  return reasons;
}

TEST(SafetensorsSource, CastsAreNamedAfterWhatTheyDo) {
  const TemporaryFolder folder;
  using Reasons = std::set<std::string>;
  const std::string input =
      write_safetensors(folder.path("in.safetensors"),
                        {f32_tensor("x", {0.1f}), {"y", DType::bf16, {1}, testing::raw<std::uint16_t>({0x3f80})}});
  EXPECT_EQ(cast_reasons(input, folder.path("a.safetensors"), to(DType::bf16)),
            (Reasons{"convert: check", "convert: narrow"}));  // what can overflow is looked at before
  EXPECT_EQ(cast_reasons(input, folder.path("b.safetensors"), to(DType::f32)), (Reasons{"convert: widen"}));
  EXPECT_EQ(cast_reasons(std::string(CANDOR_SOURCE_DIR) + "/tests/models/golden/blocks.gguf",
                         folder.path("c.safetensors"), to(DType::f32)),
            (Reasons{"convert: dequantise"}));
}

TEST(SafetensorsSource, EmptyScalarAndManyDimensionalTensors) {
  const TemporaryFolder folder;
  const std::string one = testing::raw<float>({2.5f});
  const std::string input =
      write_safetensors(folder.path("in.safetensors"), {{"empty", DType::f32, {0, 3}, ""},
                                                        {"scalar", DType::f32, {}, one},
                                                        {"deep", DType::f32, std::vector<std::int64_t>(12, 1), one}});
  convert(input, folder.path("o.safetensors"), to(DType::f16));
  const Checkpoint after = Checkpoint::open(folder.path("o.safetensors"));
  EXPECT_EQ(after.find("empty")->shape, (std::vector<std::int64_t>{0, 3}));
  EXPECT_EQ(after.tensor("scalar").to_f32(), std::vector<float>{2.5f});
  EXPECT_EQ(after.find("deep")->shape.size(), 12u);
  EXPECT_EQ(bytes_of(after, "deep"), bytes_of(after, "scalar"));
}

// More than one piece, and an end that is no multiple of one.
TEST(SafetensorsSource, LargeTensorsAreStreamed) {
  const TemporaryFolder folder;
  std::vector<float> values(static_cast<std::size_t>(convert_internal::kPieceElements * 2 + 77));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 251) / 8;
  const std::string input = write_safetensors(folder.path("in.safetensors"), {f32_tensor("x", values)});
  convert(input, folder.path("o.safetensors"), to(DType::bf16));
  EXPECT_EQ(Checkpoint::open(folder.path("o.safetensors")).tensor("x").to_f32(), values);
}

TEST(SafetensorsSource, MisalignedDataConvert) {
  const TemporaryFolder folder;
  const std::string input = folder.put(
      "in.safetensors", testing::safetensors_bytes(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} )",
                                                   testing::raw<float>({1.5f, -2.0f})));
  convert(input, folder.path("o.safetensors"), to(DType::bf16));
  EXPECT_EQ(Checkpoint::open(folder.path("o.safetensors")).tensor("x").to_f32(), (std::vector<float>{1.5f, -2.0f}));
}

TEST(SafetensorsSource, FoldersKeepTheirSideFiles) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("in"));
  write_safetensors(folder.path("in/model.safetensors"), {f32_tensor("x", {1.0f})});
  folder.put("in/config.json",
             R"({"z_first": 1, "torch_dtype": "float32", "text_config": {"dtype": "float32"}, "eps": 1e-05})");
  folder.put("in/tokenizer.json", "{\"kept\": \"byte by byte\" }");
  folder.put("in/notes.txt", "not part of a checkpoint");
  convert(folder.path("in"), folder.path("out"), to(DType::bf16));
  EXPECT_EQ(nlohmann::ordered_json::parse(read_bytes(folder.path("out/config.json"))).dump(),
            R"({"z_first":1,"torch_dtype":"bfloat16","text_config":{"dtype":"bfloat16"},"eps":1e-05})");
  EXPECT_EQ(read_bytes(folder.path("out/tokenizer.json")), "{\"kept\": \"byte by byte\" }");
  EXPECT_FALSE(std::filesystem::exists(folder.path("out/notes.txt")));
}

// Without the field transformers would load everything as f32.
TEST(SafetensorsSource, ConfigurationsWithoutADtypeGetOne) {
  const struct {
    const char *before, *after;
  } cases[] = {
      {R"({"a": 1})", R"({"a":1,"torch_dtype":"bfloat16"})"},
      {R"({"dtype": null, "a": 1})", R"({"dtype":"bfloat16","a":1})"},
      {R"({"torch_dtype": null})", R"({"torch_dtype":"bfloat16"})"},
      {R"({"text_config": {"dtype": null}})", R"({"text_config":{"dtype":"bfloat16"},"torch_dtype":"bfloat16"})"},
      {R"({"text_config": {}})", R"({"text_config":{},"torch_dtype":"bfloat16"})"}};
  for (const auto& test : cases) {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder.path("in"));
    write_safetensors(folder.path("in/model.safetensors"), {f32_tensor("x", {1.0f})});
    folder.put("in/config.json", test.before);
    convert(folder.path("in"), folder.path("out"), to(DType::bf16));
    EXPECT_EQ(nlohmann::ordered_json::parse(read_bytes(folder.path("out/config.json"))).dump(), test.after);
  }
}

TEST(SafetensorsSource, QuantisedFoldersAreRefused) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("in"));
  write_safetensors(folder.path("in/model.safetensors"), {f32_tensor("x", {1.0f})});
  folder.put("in/config.json", R"({"quantization_config": {"quant_method": "fp8"}})");
  const std::string text =
      error_text<FormatError>([&] { convert(folder.path("in"), folder.path("out"), to(DType::bf16)); });
  EXPECT_NE(text.find("'quantization_config'"), std::string::npos) << text;
}

TEST(SafetensorsSource, OtherTargetsAreRefused) {
  const TemporaryFolder folder;
  const std::string input = write_safetensors(folder.path("in.safetensors"), {f32_tensor("x", {1.0f})});
  const std::string text =
      error_text<ValueError>([&] { convert(input, folder.path("o.safetensors"), to(DType::q4_0)); });
  EXPECT_NE(text.find("q4_0"), std::string::npos) << text;
}

}  // namespace
}  // namespace candor
