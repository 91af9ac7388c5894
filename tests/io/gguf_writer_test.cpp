// GGUF files byte by byte, what they keep of metadata, and what is refused before the disk is touched.
#include <limits>

#include "candor/error.h"
#include "candor/io.h"
#include "tests/io/file_builders.h"

namespace candor {
namespace {

using testing::error_text;
using testing::gguf_array;
using testing::gguf_pair;
using testing::gguf_string;
using testing::little_endian;
using testing::read_bytes;
using testing::TemporaryFolder;

GgufMetadata metadata_of(std::map<std::string, GgufValue, std::less<>> values) { return {"", 3, std::move(values)}; }

void write_gguf(const std::string& path, const std::vector<TensorItem>& items, const std::vector<std::string>& bytes,
                const GgufMetadata& metadata) {
  GgufWriter writer(path, items, metadata, true);
  ASSERT_EQ(writer.order().size(), items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(writer.order()[i].name, items[i].name);
    for (const char byte : bytes[i]) writer.write(&byte, 1);
  }
  writer.finish();
}

TEST(GgufWriter, EveryByteIsAsTheFormatSays) {
  const TemporaryFolder folder;
  write_gguf(
      folder.path("x.gguf"),
      {{"b", DType::bf16, {2, 3}}, {"empty", DType::f32, {0}}, {"a", DType::f32, {}}, {"q", DType::q4_0, {1, 32}}},
      {"0123456789ab", "", "wxyz", "ABCDEFGHIJKLMNOPQR"},
      metadata_of({{"z", {std::uint64_t{7}, GgufValueType::u8}}, {"a.text", {std::string("hi"), {}}}}));
  testing::GgufBytes wanted;
  wanted.pairs = {gguf_pair("a.text", testing::kString, gguf_string("hi")), gguf_pair("z", testing::kU8, "\7")};
  wanted.infos = {testing::gguf_info("b", {3, 2}, 30, 0), testing::gguf_info("empty", {0}, 0, 32),
                  testing::gguf_info("a", {1}, 0, 32), testing::gguf_info("q", {32, 1}, 2, 64)};
  const auto filled = [](std::string bytes) { return bytes.append((32 - bytes.size() % 32) % 32, '\0'); };
  wanted.data = filled("0123456789ab") + filled("wxyz") + filled("ABCDEFGHIJKLMNOPQR");
  EXPECT_EQ(read_bytes(folder.path("x.gguf")), wanted.bytes());
  EXPECT_EQ(Checkpoint::open(folder.path("x.gguf")).find("q")->dtype, DType::q4_0);
}

/// One of each type, with its extremes; arrays and arrays of arrays.
std::vector<std::string> pairs_of_every_type() {
  using namespace testing;
  const std::string inner = gguf_array(kI8, 2, "\x80\x7f") + gguf_array(kString, 1, gguf_string("in"));
  return {gguf_pair("a.u8", kU8, "\xff"),
          gguf_pair("b.i8", kI8, "\x80"),
          gguf_pair("c.u16", kU16, little_endian<std::uint16_t>(65535)),
          gguf_pair("d.i16", kI16, little_endian<std::int16_t>(-32768)),
          gguf_pair("e.u32", kU32, little_endian<std::uint32_t>(0xffffffffu)),
          gguf_pair("f.i32", kI32, little_endian(std::numeric_limits<std::int32_t>::min())),
          gguf_pair("g.f32", kF32, little_endian(1e-5f)),
          gguf_pair("h.bool", kBool, "\1"),
          gguf_pair("i.string", kString, gguf_string("caf\xe9 is no UTF-8")),
          gguf_pair("j.u64", kU64, little_endian(std::numeric_limits<std::uint64_t>::max())),
          gguf_pair("k.i64", kI64, little_endian(std::numeric_limits<std::int64_t>::min())),
          gguf_pair("l.f64", kF64, little_endian(0.1)),
          gguf_pair("m.array.f32", kArray, gguf_array(kF32, 2, little_endian(-0.0f) + little_endian(1e-45f))),
          gguf_pair("n.array.u16", kArray, gguf_array(kU16, 1, little_endian<std::uint16_t>(300))),
          gguf_pair("o.array.bool", kArray, gguf_array(kBool, 3, std::string("\1\0\1", 3))),
          gguf_pair("p.array.empty", kArray, gguf_array(kI32, 0, "")),
          gguf_pair("q.array.array", kArray, gguf_array(kArray, 2, inner)),
          gguf_pair("r.infinite", kF32, little_endian(-std::numeric_limits<float>::infinity())),
          gguf_pair("s.nan", kF64, little_endian(std::numeric_limits<double>::quiet_NaN()))};
}

TEST(GgufWriter, MetadataKeepTheirTypesAndValues) {
  const TemporaryFolder folder;
  testing::GgufBytes bytes;
  bytes.pairs = pairs_of_every_type();
  bytes.infos = {testing::gguf_info("x", {4}, 0, 0)};
  bytes.data = std::string(32, 'x');
  bytes.data.replace(16, 16, std::string(16, '\0'));
  const Checkpoint source = Checkpoint::open(folder.put("in.gguf", bytes.bytes()));
  write_gguf(folder.path("out.gguf"), {{"x", DType::f32, {4}}}, {std::string(16, 'x')}, source.gguf());
  EXPECT_EQ(read_bytes(folder.path("out.gguf")), bytes.bytes());
}

/// Writes `source` again, tensor by tensor.
void write_again(const Checkpoint& source, const std::string& path) {
  std::vector<TensorItem> items;
  std::vector<std::string> bytes;
  for (const TensorEntry& entry : source.tensors()) {
    items.push_back({entry.name, entry.dtype, entry.shape});
    bytes.emplace_back(reinterpret_cast<const char*>(source.bytes(entry)), entry.nbytes);
  }
  write_gguf(path, items, bytes, source.gguf());
}

// The file of the gguf package, written by this library: every type of metadata and many of tensors. It is also a seed
// of the fuzzer and what the package itself reads in the peer test.
TEST(GgufWriter, TheReferenceWrittenAgainIsTheGoldenFile) {
  const std::string golden = std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden/";
  const TemporaryFolder folder;
  write_again(Checkpoint::open(golden + "reference.gguf"), folder.path("once.gguf"));
  EXPECT_EQ(read_bytes(folder.path("once.gguf")), read_bytes(golden + "written.gguf"));
  write_again(Checkpoint::open(golden + "written.gguf"), folder.path("twice.gguf"));
  EXPECT_EQ(read_bytes(folder.path("twice.gguf")), read_bytes(golden + "written.gguf"));
}

// The widest: nothing is lost when a caller does not say.
TEST(GgufWriter, WithoutATypeTheWidestIsWritten) {
  const TemporaryFolder folder;
  write_gguf(folder.path("x.gguf"), {}, {},
             metadata_of({{"a", {std::uint64_t{1}}}, {"b", {std::int64_t{-1}}}, {"c", {0.5}}, {"d", {true}}}));
  testing::GgufBytes wanted;
  wanted.pairs = {gguf_pair("a", testing::kU64, little_endian<std::uint64_t>(1)),
                  gguf_pair("b", testing::kI64, little_endian<std::int64_t>(-1)),
                  gguf_pair("c", testing::kF64, little_endian(0.5)), gguf_pair("d", testing::kBool, "\1")};
  std::string bytes = wanted.bytes();
  bytes.append((32 - bytes.size() % 32) % 32, '\0');
  EXPECT_EQ(read_bytes(folder.path("x.gguf")), bytes);
}

TEST(GgufWriter, TheFilesOwnAlignmentIsKept) {
  const TemporaryFolder folder;
  write_gguf(folder.path("x.gguf"), {{"a", DType::i8, {1}}, {"b", DType::i8, {1}}}, {"a", "b"},
             metadata_of({{"general.alignment", {std::uint64_t{256}, GgufValueType::u32}}}));
  const Checkpoint found = Checkpoint::open(folder.path("x.gguf"));
  EXPECT_EQ(found.find("b")->offset % 256, 0u);
  EXPECT_EQ(read_bytes(folder.path("x.gguf")).size() % 256, 0u);
}

void expect_refused(const std::vector<TensorItem>& items, const GgufMetadata& metadata, const std::string& what) {
  const TemporaryFolder folder;
  const std::string text = error_text<FormatError>([&] { GgufWriter(folder.path("x.gguf"), items, metadata, false); });
  EXPECT_NE(text.find(what), std::string::npos) << text;
  EXPECT_NE(text.find(folder.path("x.gguf")), std::string::npos) << text;
  EXPECT_TRUE(folder.names().empty());
}

TEST(GgufWriter, WhatTheFormatCannotHoldIsRefused) {
  const std::string long_name(64, 'n');
  expect_refused({{long_name, DType::f32, {1}}}, {}, "a name of 64 bytes, the format allows 63");
  expect_refused({{"", DType::f32, {1}}}, {}, "a name that is empty");
  expect_refused({{"\xff", DType::f32, {1}}}, {}, "not UTF-8");
  expect_refused({{"a", DType::f32, {1}}, {"a", DType::f32, {1}}}, {}, "appears twice");
  expect_refused({{"a", DType::f32, {1, 1, 1, 1, 1}}}, {}, "5 dimensions");
  expect_refused({{"a", DType::u8, {1}}}, {}, "dtype u8, which GGUF has no type for");
  expect_refused({{"a", DType::bool_, {1}}}, {}, "dtype bool");
  expect_refused({{"a", DType::q4_0, {32, 3}}}, {}, "no whole blocks of 32");
  expect_refused({{"a", DType::f32, {-1}}}, {}, "not a whole number of bytes");
  const TemporaryFolder folder;
  write_gguf(folder.path("x.gguf"), {{std::string(63, 'n'), DType::f32, {0, 1, 1, 1}}}, {""}, {});
  EXPECT_EQ(Checkpoint::open(folder.path("x.gguf")).tensors().size(), 1u);
}

TEST(GgufWriter, ValuesThatTheirTypeCannotBeAreRefused) {
  using Type = GgufValueType;
  const auto refused = [](GgufValue value, const std::string& what) {
    expect_refused({}, metadata_of({{"key", std::move(value)}}), what);
  };
  refused({std::uint64_t{256}, Type::u8}, "'key' is the unsigned integer 256, which type 0 cannot be");
  refused({std::uint64_t{1}, Type::i32}, "unsigned integer 1, which type 5");
  refused({std::int64_t{-129}, Type::i8}, "signed integer -129");
  refused({std::int64_t{128}, Type::i8}, "signed integer 128");
  refused({0.1, Type::f32}, "cannot be exactly");
  refused({std::string("x"), Type::u8}, "is a string");
  refused({true, Type::u8}, "is a boolean");
  refused({std::vector<std::uint64_t>{1, 70000}, Type::u16}, "unsigned integer 70000");
  refused({GgufValue::Array{{std::uint64_t{1}, Type::u8}}, Type::array}, "an element that is none");
  expect_refused({}, metadata_of({{"", {true}}}), "metadata key ''");
  expect_refused({}, metadata_of({{"general.alignment", {std::uint64_t{12}, Type::u32}}}), "general.alignment is 12");
  expect_refused({}, metadata_of({{"general.alignment", {std::uint64_t{1} << 31, Type::u32}}}), "is 2147483648");
  expect_refused({}, metadata_of({{"general.alignment", {std::uint64_t{32}, Type::u64}}}), "must be a u32");
}

TEST(GgufWriter, BytesAreCountedAndNothingIsLeftBehind) {
  const TemporaryFolder folder;
  {
    GgufWriter writer(folder.path("x.gguf"), {{"a", DType::bf16, {2}}}, {}, false);
    writer.write("abc", 3);
    EXPECT_NE(error_text<Error>([&] { writer.finish(); }).find("got 3 of 4 bytes"), std::string::npos);
    EXPECT_NE(error_text<Error>([&] { writer.write("xy", 2); }).find("1 bytes more"), std::string::npos);
  }
  EXPECT_TRUE(folder.names().empty());
  folder.put("x.gguf", "old");
  error_text<IoError>([&] { GgufWriter(folder.path("x.gguf"), {}, {}, false); });
  EXPECT_EQ(read_bytes(folder.path("x.gguf")), "old");
}

}  // namespace
}  // namespace candor
