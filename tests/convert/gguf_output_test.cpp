// GGUF as a destination: metadata, file_type, vectors in f32 by convention, bytes as they were.
#include <algorithm>

#include "candor/convert.h"
#include "candor/error.h"
#include "candor/receipt.h"
#include "convert/output_kind.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::bytes_of;
using testing::error_text;
using testing::f32_tensor;
using testing::gguf_pair;
using testing::little_endian;
using testing::read_bytes;
using testing::TemporaryFolder;
using testing::to;
using testing::write_safetensors;

/// Two matrices, a vector and a norm of rank 2 in bf16; metadata of several widths.
std::string put_bf16_gguf(const TemporaryFolder& folder) {
  testing::GgufBytes bytes;
  bytes.pairs = {gguf_pair("general.architecture", testing::kString, testing::gguf_string("anything")),
                 gguf_pair("general.file_type", testing::kU32, little_endian<std::uint32_t>(32)),
                 gguf_pair("split.count", testing::kU16, little_endian<std::uint16_t>(1)),
                 gguf_pair("x.small", testing::kI8, "\x85"),
                 gguf_pair("x.list", testing::kArray, testing::gguf_array(testing::kU16, 1, "ab"))};
  const std::vector<std::pair<std::string, std::vector<std::uint64_t>>> tensors = {
      {"z.weight", {2, 2}}, {"vector.bias", {4}}, {"q_norm.weight", {2, 2}}, {"a.weight", {2, 2}}};
  for (const auto& [name, extents] : tensors) {
    bytes.infos.push_back(testing::gguf_info(name, extents, 30, bytes.data.size()));
    // A signalling NaN, the smallest subnormal, -0 and minus infinity: only bytes that are copied keep them all.
    bytes.data += testing::raw<std::uint16_t>({0x7f81, 0x0001, 0x8000, 0xff80}) + std::string(24, '\0');
  }
  return folder.put("in.gguf", bytes.bytes());
}

std::vector<std::string> names_of(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const TensorEntry& entry : checkpoint.tensors()) names.push_back(entry.name);
  return names;
}

TEST(OutputKind, KnowsEverySuffixThatIsWritten) {
  std::string all;
  for (const std::string_view suffix : checkpoint_suffixes()) {
    EXPECT_NE(convert_internal::output_kind("x" + std::string(suffix)), convert_internal::OutputKind::folder) << suffix;
    all += (all.empty() ? "" : ", ") + std::string(suffix);
  }
  EXPECT_EQ(convert_internal::single_file_suffixes(), all);
}

TEST(GgufOutput, KeepCopiesEveryTensorAndTheMetadata) {
  const TemporaryFolder folder;
  const std::string input = put_bf16_gguf(folder);
  Recorder recorder;
  const ConvertReport report = convert(input, folder.path("out.gguf"), to(DType::any));
  recorder.stop();
  EXPECT_TRUE(recorder.casts().empty());
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("2 tensors of one dimension or of a norm keep their dtype: 'vector.bias', "
                                 "'q_norm.weight'; llama.cpp wants f32 there"),
            std::string::npos)
      << report.notes[0];
  const Checkpoint before = Checkpoint::open(input), after = Checkpoint::open(folder.path("out.gguf"));
  EXPECT_EQ(names_of(after), names_of(before));  // in their order
  for (const TensorEntry& entry : before.tensors()) {
    EXPECT_EQ(after.find(entry.name)->dtype, DType::bf16);
    EXPECT_EQ(bytes_of(after, entry.name), bytes_of(before, entry.name)) << entry.name;
  }
  const GgufMetadata& metadata = after.gguf();
  EXPECT_EQ(metadata.find("x.small")->type, GgufValueType::i8);
  EXPECT_EQ(metadata.integer("x.small"), -123);
  EXPECT_EQ(metadata.find("x.list")->type, GgufValueType::u16);
  EXPECT_EQ(metadata.find("split.count"), nullptr);  // it is whole now
  EXPECT_EQ(metadata.string("candor.rounding"), "none: every tensor keeps its dtype");
  EXPECT_EQ(metadata.string("candor.source_dtypes"), "bf16: 4");
  EXPECT_EQ(metadata.find("format"), nullptr);
}

TEST(GgufOutput, VectorsAreF32ByDesignAndTheRestIsCopied) {
  const TemporaryFolder folder;
  const std::string input = put_bf16_gguf(folder);
  const ConvertReport report = convert(input, folder.path("out.gguf"), to(DType::bf16));
  const Checkpoint before = Checkpoint::open(input), after = Checkpoint::open(folder.path("out.gguf"));
  for (const char* name : {"vector.bias", "q_norm.weight"}) EXPECT_EQ(after.find(name)->dtype, DType::f32) << name;
  for (const char* name : {"a.weight", "z.weight"}) EXPECT_EQ(bytes_of(after, name), bytes_of(before, name)) << name;
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("2 tensors of one dimension or of a norm are f32, as llama.cpp wants them: widened by "
                                 "design"),
            std::string::npos)
      << report.notes[0];
}

TEST(GgufOutput, OneVectorIsOne) {
  const TemporaryFolder folder;
  const std::string input = write_safetensors(folder.path("in.safetensors"),
                                              {{"v", DType::bf16, {1}, testing::raw<std::uint16_t>({0x3f80})}});
  const std::vector<std::string> notes = convert_plan(input, folder.path("out.gguf"), to(DType::bf16)).notes;
  const auto is_said = [](const std::string& note) {
    return note ==
           "1 tensor of one dimension or of a norm is f32, as llama.cpp wants it: widened by design, its "
           "values are the source's";
  };
  EXPECT_EQ(std::count_if(notes.begin(), notes.end(), is_said), 1);
}

TEST(GgufOutput, FileTypeSaysWhatTheFileIs) {
  const TemporaryFolder folder;
  const std::string input = put_bf16_gguf(folder);
  const std::pair<DType, std::uint64_t> cases[] = {
      {DType::any, 32}, {DType::bf16, 32}, {DType::f16, 1}, {DType::f32, 0}};
  for (const auto& [dtype, number] : cases) {
    ConvertOptions options = to(dtype);
    options.overwrite = options.allow_lossy = true;
    convert(input, folder.path("out.gguf"), options);
    const Checkpoint after = Checkpoint::open(folder.path("out.gguf"));
    EXPECT_EQ(after.gguf().unsigned_integer("general.file_type"), number);
    EXPECT_EQ(after.gguf().find("general.file_type")->type, GgufValueType::u32);
  }
}

TEST(GgufOutput, BlocksAreCopiedByKeepAndDequantisedByADtype) {
  const TemporaryFolder folder;
  const std::string input = testing::golden("smollm.gguf");
  convert(input, folder.path("keep.gguf"), to(DType::any));
  convert(input, folder.path("bf16.gguf"), to(DType::bf16));
  const Checkpoint before = Checkpoint::open(input), kept = Checkpoint::open(folder.path("keep.gguf"));
  const Checkpoint wide = Checkpoint::open(folder.path("bf16.gguf"));
  for (const TensorEntry& entry : before.tensors()) {
    EXPECT_EQ(kept.find(entry.name)->dtype, entry.dtype);
    EXPECT_EQ(bytes_of(kept, entry.name), bytes_of(before, entry.name));
    EXPECT_EQ(wide.find(entry.name)->dtype, entry.shape.size() == 1 ? DType::f32 : DType::bf16);
  }
  // Rows of Q and K stay where they are: the names are GGUF's own.
  EXPECT_EQ(wide.tensor("blk.0.attn_q.weight").to_f32().size(), before.tensor("blk.0.attn_q.weight").to_f32().size());
  for (const char* output : {"o.safetensors", "o"}) {
    const std::string text = error_text<FormatError>([&] { convert(input, folder.path(output), to(DType::any)); });
    EXPECT_NE(text.find("has no place in safetensors"), std::string::npos) << text;
    EXPECT_FALSE(std::filesystem::exists(folder.path(output)));
  }
}

TEST(GgufOutput, TypesThatCannotBeReadAreStillCopied) {
  const TemporaryFolder folder;
  testing::GgufBytes bytes;
  bytes.infos = {testing::gguf_info("w", {256}, 16, 0)};  // iq2_xxs
  bytes.data = std::string(66, 'q') + std::string(30, '\0');
  const std::string input = folder.put("in.gguf", bytes.bytes());
  convert(input, folder.path("out.gguf"), to(DType::any));
  EXPECT_EQ(bytes_of(Checkpoint::open(folder.path("out.gguf")), "w"), std::string(66, 'q'));
  const std::string text = error_text<FormatError>([&] { convert(input, folder.path("o.gguf"), to(DType::bf16)); });
  EXPECT_NE(text.find("--dtype keep"), std::string::npos) << text;
}

TEST(GgufOutput, LooseTensorsBecomeAContainerAndANoteSaysSo) {
  const TemporaryFolder folder;
  const std::string input =
      write_safetensors(folder.path("in.safetensors"),
                        {f32_tensor("x", {1.0f, 2.0f}), {"m", DType::f32, {1, 2}, testing::raw<float>({1.5f, -0.0f})}});
  const ConvertReport report = convert(input, folder.path("out.gguf"), to(DType::bf16));
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("llama.cpp will not run it"), std::string::npos);
  const Checkpoint after = Checkpoint::open(folder.path("out.gguf"));
  EXPECT_EQ(after.find("x")->dtype, DType::f32);
  EXPECT_EQ(after.find("m")->dtype, DType::bf16);
  EXPECT_EQ(after.gguf().find("general.architecture"), nullptr);
  EXPECT_EQ(after.gguf().find("general.file_type"), nullptr);
}

// Before the first pass over the values, and by --explain too.
TEST(GgufOutput, WhatHasNoPlaceIsRefusedByThePlan) {
  const TemporaryFolder folder;
  const std::string input =
      write_safetensors(folder.path("in.safetensors"), {{"flags", DType::bool_, {2}, std::string("\0\1", 2)}});
  const std::string text =
      error_text<FormatError>([&] { convert_plan(input, folder.path("out.gguf"), to(DType::bf16)); });
  EXPECT_NE(text.find("'flags' is of dtype bool, which GGUF has no type for; write a .safetensors file"),
            std::string::npos)
      << text;
  write_safetensors(input, {{"scale", DType::f8_e8m0, {1}, "a"}});  // which no dtype asked for would cast
  EXPECT_NE(error_text<FormatError>([&] {
              convert_plan(input, folder.path("out.gguf"), to(DType::bf16));
            }).find("for; write a .safetensors file"),
            std::string::npos);
  write_safetensors(input, {{"w", DType::f8_e4m3, {1}, "a"}});
  EXPECT_NE(error_text<FormatError>([&] {
              convert_plan(input, folder.path("out.gguf"), to(DType::any));
            }).find("for; convert it to bf16, f16 or f32, or write a .safetensors file"),
            std::string::npos);
  const std::string two =
      write_safetensors(folder.path("two.safetensors"), {f32_tensor("x", {1.0f}), f32_tensor("y", {1.0f})});
  EXPECT_NE(error_text<FormatError>([&] {
              convert_plan(two, folder.path("out.npy"), to(DType::f32));
            }).find("a .npy file holds one tensor and the source has 2"),
            std::string::npos);
}

// What the writer would refuse, the plan does: --explain must not promise it.
TEST(GgufOutput, BlocksHaveNoPlaceInNumPyAndPyTorchFiles) {
  const TemporaryFolder folder;
  testing::GgufBytes bytes;
  bytes.infos.push_back(testing::gguf_info("w.weight", {32, 2}, 8, 0));  // q8_0
  bytes.data = std::string(2 * 34, '\0');
  const std::string input = folder.put("in.gguf", bytes.bytes());
  for (const std::string suffix : {".npy", ".npz", ".pt"}) {
    const std::string output = folder.path("out" + suffix);
    const std::string error = error_text<FormatError>([&] { convert_plan(input, output, to(DType::any)); });
    EXPECT_NE(error.find("of dtype q8_0"), std::string::npos) << error;
    EXPECT_NO_THROW(convert_plan(input, output, to(DType::bf16))) << suffix;
  }
}

}  // namespace
}  // namespace candor
