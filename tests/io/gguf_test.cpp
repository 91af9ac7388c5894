// GGUF: files of the reference package, every metadata type, split sets, listing of unsupported types.
#include <cmath>

#include "candor/error.h"
#include "candor/io.h"
#include "io/gguf_header.h"
#include "tests/io/file_builders.h"

namespace candor {
namespace {

using testing::error_text;
using testing::GgufBytes;
using testing::little_endian;
using testing::TemporaryFolder;

std::string golden(const std::string& name) { return std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden/" + name; }

TEST(Gguf, ReadsEveryMetadataType) {
  const Checkpoint file = Checkpoint::open(golden("reference.gguf"));
  const GgufMetadata& data = file.gguf();
  EXPECT_EQ(file.format(), CheckpointFormat::gguf);
  EXPECT_EQ(data.version, 3u);
  EXPECT_EQ(data.string("general.architecture"), "test");
  EXPECT_EQ(data.unsigned_integer("k.u8"), 200u);
  EXPECT_EQ(data.integer("k.i8"), -100);
  EXPECT_EQ(data.unsigned_integer("k.u16"), 60000u);
  EXPECT_EQ(data.integer("k.i16"), -30000);
  EXPECT_EQ(data.unsigned_integer("k.u32"), 4000000000u);
  EXPECT_EQ(data.integer("k.i32"), -2000000000);
  EXPECT_EQ(data.number("k.f32"), 0.5);
  EXPECT_EQ(data.boolean("k.bool"), true);
  EXPECT_EQ(data.string("k.string"), "caf\u00e9");
  EXPECT_EQ(data.unsigned_integer("k.u64"), std::uint64_t{1} << 63);
  EXPECT_EQ(data.integer("k.i64"), -(std::int64_t{1} << 62));
  EXPECT_EQ(data.number("k.f64"), 0.1);
  EXPECT_EQ(*data.strings("k.strings"), (std::vector<std::string>{"a", "", "\u4e2d"}));
  EXPECT_EQ(*data.numbers("k.ints"), (std::vector<double>{1, -2, 3}));
  EXPECT_EQ(*data.numbers("k.floats"), (std::vector<double>{0.5, 1.5}));
  EXPECT_EQ(std::get<std::vector<bool>>(data.find("k.bools")->value), (std::vector<bool>{true, false}));
  const auto& nested = std::get<GgufValue::Array>(data.find("k.nested")->value);
  ASSERT_EQ(nested.size(), 2u);
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(nested[0].value), (std::vector<std::int64_t>{1, 2}));
}

TEST(Gguf, TypedAccessSaysWhatIsWrong) {
  const Checkpoint file = Checkpoint::open(golden("reference.gguf"));
  EXPECT_EQ(file.gguf().string("absent"), std::nullopt);
  EXPECT_EQ(file.gguf().strings("absent"), nullptr);
  const std::string text = error_text<FormatError>([&] { file.gguf().string("k.u8"); });
  EXPECT_NE(text.find("reference.gguf: key 'k.u8' is an unsigned integer, it should be a string"), std::string::npos)
      << text;
  error_text<FormatError>([&] { file.gguf().unsigned_integer("k.i8"); });
  error_text<FormatError>([&] { file.gguf().integer("k.u64"); });
  error_text<FormatError>([&] { file.gguf().boolean("k.u8"); });
  error_text<FormatError>([&] { file.gguf().strings("k.ints"); });
  error_text<FormatError>([&] { file.gguf().numbers("k.strings"); });
}

TEST(Gguf, ReadsTensorsOfManyTypes) {
  const Checkpoint file = Checkpoint::open(golden("reference.gguf"));
  const struct {
    const char* name;
    DType dtype;
    double step;
  } kinds[] = {{"t.f32", DType::f32, 1e-6},   {"t.f16", DType::f16, 1e-3},  {"t.bf16", DType::bf16, 8e-3},
               {"t.q8_0", DType::q8_0, 1e-2}, {"t.q4_0", DType::q4_0, 0.2}, {"t.q4_1", DType::q4_1, 0.1},
               {"t.q5_0", DType::q5_0, 0.1},  {"t.q5_1", DType::q5_1, 0.1}};
  for (const auto& kind : kinds) {
    const Tensor tensor = file.tensor(kind.name);
    EXPECT_EQ(tensor.dtype(), kind.dtype);
    EXPECT_EQ(tensor.shape(), (Shape{4, 64})) << kind.name;
    const std::vector<float> values = tensor.to_f32();
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_NEAR(values[i], -1.0 + 2.0 * static_cast<double>(i) / 255.0, kind.step) << kind.name << " " << i;
  }
  const Tensor whole = file.tensor("t.i32");
  EXPECT_EQ(whole.data_as<std::int32_t>()[2], 2);
}

TEST(Gguf, UnsupportedTypesAreListedByName) {
  const Checkpoint file = Checkpoint::open(golden("reference.gguf"));
  EXPECT_EQ(file.find("t.iq2_xxs")->dtype, DType::iq2_xxs);
  EXPECT_EQ(file.find("t.iq2_xxs")->nbytes, 132u);
  EXPECT_EQ(io::gguf_type_name(31), "q4_0_4_4");
  EXPECT_EQ(io::gguf_type_name(99), "type 99");
}

TEST(Gguf, TypesThatNobodyKnowsAreBoundedAndRefusedWhenAskedFor) {
  const TemporaryFolder folder;
  GgufBytes bytes;
  bytes.infos = {testing::gguf_info("x", {5}, 99, 0), testing::gguf_info("y", {8}, 0, 64)};
  bytes.data.assign(96, '\0');
  const Checkpoint file = Checkpoint::open(folder.put("new.gguf", bytes.bytes()));
  EXPECT_EQ(file.find("x")->nbytes, 64u);
  const std::string text = error_text<FormatError>([&] { file.tensor("x"); });
  EXPECT_NE(text.find("'x' is of type type 99"), std::string::npos) << text;
  EXPECT_EQ(file.tensor("y").shape(), Shape{8});
}

TEST(Gguf, VersionTwoAndOtherAlignments) {
  const TemporaryFolder folder;
  GgufBytes bytes;
  bytes.version = 2;
  bytes.alignment = 128;
  bytes.pairs = {testing::gguf_pair("general.alignment", testing::kU32, little_endian<std::uint32_t>(128))};
  bytes.infos = {testing::gguf_info("x", {1}, 0, 0), testing::gguf_info("y", {2, 3}, 0, 128)};
  bytes.data = little_endian(1.0f) + std::string(124, '\0') + std::string(24, '\0');
  const Checkpoint file = Checkpoint::open(folder.put("v2.gguf", bytes.bytes()));
  EXPECT_EQ(file.gguf().version, 2u);
  EXPECT_EQ(file.tensor("x").to_f32()[0], 1.0f);
  EXPECT_EQ(file.tensor("y").shape(), (Shape{3, 2}));  // the file has extents innermost first
}

TEST(Gguf, MetadataOnlyFiles) {
  const TemporaryFolder folder;
  GgufBytes bytes;
  bytes.pairs = {testing::gguf_pair("a", testing::kU8, "\x05")};
  const Checkpoint file = Checkpoint::open(folder.put("m.gguf", bytes.bytes()));
  EXPECT_TRUE(file.tensors().empty());
  EXPECT_EQ(file.gguf().unsigned_integer("a"), 5u);
}

TEST(Gguf, ReadsSplitSets) {
  const Checkpoint file = Checkpoint::open(golden("split-00001-of-00003.gguf"));
  EXPECT_EQ(file.files().size(), 3u);
  ASSERT_EQ(file.tensors().size(), 3u);
  EXPECT_EQ(file.tensor("three").shape(), (Shape{4, 4}));
  EXPECT_EQ(file.tensor("three").to_f32()[15], 15.0f);
  EXPECT_EQ(file.gguf().string("general.architecture"), "test");
}

TEST(Gguf, RefusesIncompleteSplitSets) {
  const TemporaryFolder folder;
  for (const char* part : {"1", "2", "3"}) {
    const std::string name = std::string("split-0000").append(part).append("-of-00003.gguf");
    std::filesystem::copy_file(golden(name), folder.path(name));
  }
  const std::string first = folder.path("split-00001-of-00003.gguf");
  EXPECT_NE(
      error_text<FormatError>([&] { Checkpoint::open(folder.path("split-00002-of-00003.gguf")); }).find("part 2 of 3"),
      std::string::npos);
  std::filesystem::copy_file(golden("split-00003-of-00003.gguf"), folder.path("split-00002-of-00003.gguf"),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_NE(error_text<FormatError>([&] { Checkpoint::open(first); }).find("split.no is 2"), std::string::npos);
  std::filesystem::remove(folder.path("split-00002-of-00003.gguf"));
  EXPECT_NE(error_text<IoError>([&] { Checkpoint::open(first); }).find("part 2"), std::string::npos);
  std::filesystem::rename(first, folder.path("renamed.gguf"));
  EXPECT_NE(
      error_text<FormatError>([&] { Checkpoint::open(folder.path("renamed.gguf")); }).find("-00001-of-00003.gguf"),
      std::string::npos);
}

}  // namespace
}  // namespace candor
