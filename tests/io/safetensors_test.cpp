// safetensors: files of the reference writer, round trips, and the writer's promises.
#include <cmath>

#include "candor/error.h"
#include "candor/io.h"
#include "tests/io/file_builders.h"

namespace candor {
namespace {

using testing::error_text;
using testing::read_bytes;
using testing::safetensors_bytes;
using testing::TemporaryFolder;

std::string golden(const std::string& name) { return std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden/" + name; }

TEST(Safetensors, ReadsTheReferenceWritersFile) {
  const Checkpoint file = Checkpoint::open(golden("reference.safetensors"));
  EXPECT_EQ(file.format(), CheckpointFormat::safetensors);
  ASSERT_EQ(file.tensors().size(), 10u);
  EXPECT_EQ(file.safetensors_metadata().at("note"), "caf\u00e9 \"quoted\"");
  const struct {
    const char* name;
    DType dtype;
    Shape shape;
  } expected[] = {{"a.f32", DType::f32, {2, 3}}, {"b.bf16", DType::bf16, {3, 5}}, {"c.f16", DType::f16, {4}},
                  {"g.scalar", DType::f32, {}},  {"h.empty", DType::f32, {0, 4}}, {"i.f64", DType::f64, {3}}};
  for (const auto& want : expected) {
    const Tensor tensor = file.tensor(want.name);
    EXPECT_EQ(tensor.dtype(), want.dtype) << want.name;
    EXPECT_EQ(tensor.shape(), want.shape) << want.name;
    const std::vector<float> values = tensor.to_f32();
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(values[i], want.shape.rank() == 0 ? 42.0f : static_cast<float>(i)) << want.name;
  }
  const Tensor whole = file.tensor("d.i64");
  EXPECT_EQ(whole.data_as<std::int64_t>()[1], 1);
  EXPECT_EQ(file.tensor("j.\u00e9\u4e2d").dtype(), DType::i32);
  EXPECT_EQ(file.find("f.bool")->dtype, DType::bool_);
  EXPECT_EQ(file.type_name(*file.find("b.bf16")), "BF16");
}

TEST(Safetensors, TensorsAreMappedNotCopied) {
  const Checkpoint file = Checkpoint::open(golden("reference.safetensors"));
  const Tensor tensor = file.tensor("a.f32");
  EXPECT_EQ(static_cast<const void*>(file.bytes(*file.find("a.f32"))), tensor.data());
}

TEST(Safetensors, ReleasedTensorsStayReadable) {
  const Checkpoint file = Checkpoint::open(golden("reference.safetensors"));
  const Tensor tensor = file.tensor("a.f32");
  file.release(*file.find("a.f32"));
  file.release_all();
  EXPECT_EQ(tensor.to_f32()[5], 5.0f);
}

// The format aligns nothing: an odd header length is legal, and so is an f64 behind one byte.
TEST(Safetensors, MisalignedTensorsLoad) {
  const TemporaryFolder folder;
  const std::string header =
      R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"F64","shape":[2],"data_offsets":[1,17]}})";
  std::string data = "!";
  data += testing::little_endian(1.5) + testing::little_endian(-2.0);
  for (std::size_t padding = 0; padding < 8; ++padding) {
    const std::string path = folder.put("odd.safetensors", safetensors_bytes(header + std::string(padding, ' '), data));
    const Tensor tensor = Checkpoint::open(path).tensor("y");
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(std::as_const(tensor).data()) % 8, 0u);
    EXPECT_EQ(std::as_const(tensor).data_as<double>()[0], 1.5);
    EXPECT_EQ(std::as_const(tensor).data_as<double>()[1], -2.0);
  }
}

TEST(Safetensors, UnknownDTypesAreListedAndRefusedWhenAskedFor) {
  const TemporaryFolder folder;
  const std::string path = folder.put(
      "new.safetensors", safetensors_bytes(R"({"x":{"dtype":"F12","shape":[3],"data_offsets":[0,5]}})", "12345"));
  const Checkpoint file = Checkpoint::open(path);
  EXPECT_EQ(file.tensors()[0].dtype, DType::any);
  EXPECT_EQ(file.tensors()[0].nbytes, 5u);
  EXPECT_EQ(file.type_name(file.tensors()[0]), "F12");
  const std::string text = error_text<FormatError>([&] { file.tensor("x"); });
  EXPECT_NE(text.find("'x' is of type F12"), std::string::npos) << text;
  EXPECT_NE(text.find("new.safetensors"), std::string::npos) << text;
}

TEST(Safetensors, SubByteTypesAreSized) {
  const TemporaryFolder folder;
  const std::string path = folder.put(
      "f4.safetensors", safetensors_bytes(R"({"x":{"dtype":"F4","shape":[3,2],"data_offsets":[0,3]}})", "123"));
  EXPECT_EQ(Checkpoint::open(path).tensors()[0].dtype, DType::f4_e2m1);
}

TEST(Safetensors, MissingTensorNamesFileAndTensor) {
  const Checkpoint file = Checkpoint::open(golden("reference.safetensors"));
  const std::string text = error_text<FormatError>([&] { file.tensor("absent"); });
  EXPECT_NE(text.find("'absent'"), std::string::npos);
  EXPECT_NE(text.find("reference.safetensors"), std::string::npos);
}

TEST(Safetensors, ReadsShardsThroughTheirIndex) {
  for (const std::string& path : {golden("sharded"), golden("sharded/model.safetensors.index.json")}) {
    const Checkpoint checkpoint = Checkpoint::open(path);
    ASSERT_EQ(checkpoint.files().size(), 2u);
    EXPECT_EQ(checkpoint.tensor("third").to_f32(), (std::vector<float>{0, 1, 2, 3}));
    EXPECT_EQ(checkpoint.find("third")->file, 1u);
    EXPECT_EQ(checkpoint.tensor("second").to_f32(), (std::vector<float>{0, 1, 2}));
  }
}

// --- writer ---------------------------------------------------------------------------------------------------------

std::vector<SafetensorsWriter::Item> some_items() {
  return {{"b", DType::bf16, {3}}, {"z", DType::f32, {2}},    {"a", DType::u8, {5}},
          {"s", DType::f32, {}},   {"e", DType::f16, {0, 7}}, {"i", DType::i64, {1}}};
}

std::uint64_t write_counting(const std::string& path, bool overwrite = false) {
  SafetensorsWriter writer(path, some_items(), {{"format", "pt"}, {"note", "x"}}, overwrite);
  unsigned char next = 1;
  std::uint64_t total = 0;
  for (const SafetensorsWriter::Item& item : writer.order()) {
    std::uint64_t elements = 1;
    for (const std::int64_t extent : item.shape) elements *= static_cast<std::uint64_t>(extent);
    for (std::uint64_t i = 0; i < *dtype_bytes(item.dtype, elements); ++i, ++next, ++total) writer.write(&next, 1);
  }
  writer.finish();
  return total;
}

TEST(SafetensorsWriter, OrdersByAlignmentThenName) {
  const TemporaryFolder folder;
  SafetensorsWriter writer(folder.path("o.safetensors"), some_items(), {}, false);
  std::string order;
  for (const SafetensorsWriter::Item& item : writer.order()) order += item.name;
  EXPECT_EQ(order, "iszbea");  // i64, f32 s and z, bf16, f16, u8
}

TEST(SafetensorsWriter, WhatItWritesReadsBack) {
  const TemporaryFolder folder;
  const std::string path = folder.path("w.safetensors");
  const std::uint64_t total = write_counting(path);
  const Checkpoint file = Checkpoint::open(path);
  EXPECT_EQ(file.tensors().size(), 6u);
  EXPECT_EQ(file.tensors()[0].offset % 64, 0u);
  EXPECT_EQ(file.safetensors_metadata().at("format"), "pt");
  unsigned char next = 1;
  std::uint64_t seen = 0;
  for (const TensorEntry& entry : file.tensors())
    for (std::uint64_t i = 0; i < entry.nbytes; ++i, ++seen)
      EXPECT_EQ(std::to_integer<unsigned char>(file.bytes(entry)[i]), next++) << entry.name;
  EXPECT_EQ(seen, total);
}

TEST(SafetensorsWriter, SameInputSameBytes) {
  const TemporaryFolder folder;
  write_counting(folder.path("1"));
  write_counting(folder.path("2"));
  EXPECT_EQ(read_bytes(folder.path("1")), read_bytes(folder.path("2")));
}

// Our writer and the reference's agree on everything but the padding of the header and the order of its metadata.
TEST(SafetensorsWriter, EqualsTheReferenceWriter) {
  const std::string reference = read_bytes(golden("sharded/model-00001-of-00002.safetensors"));
  const TemporaryFolder folder;
  const Checkpoint file = Checkpoint::open(golden("sharded/model-00001-of-00002.safetensors"));
  SafetensorsWriter writer(folder.path("w"), {{"second", DType::f16, {3}}, {"first", DType::f32, {2, 2}}},
                           {{"format", "pt"}}, false);
  for (const SafetensorsWriter::Item& item : writer.order()) {
    const TensorEntry* entry = file.find(item.name);
    writer.write(file.bytes(*entry), entry->nbytes);
  }
  writer.finish();
  const auto without_padding = [](const std::string& bytes) {
    std::uint64_t length;
    std::memcpy(&length, bytes.data(), sizeof length);
    std::string header = bytes.substr(8, length);
    header.erase(header.find_last_not_of(' ') + 1);
    return header + bytes.substr(8 + length);
  };
  EXPECT_EQ(without_padding(read_bytes(folder.path("w"))), without_padding(reference));
}

TEST(SafetensorsWriter, RefusesIllegalItemsBeforeTouchingTheDisk) {
  using Items = std::vector<SafetensorsWriter::Item>;
  const struct {
    Items items;
    const char* what;
  } cases[] = {{{{"x", DType::f32, {1}}, {"x", DType::f32, {1}}}, "'x' appears twice"},
               {{{std::string("a\0b", 3), DType::f32, {1}}}, "NUL"},
               {{{"\xff", DType::f32, {1}}}, "not UTF-8"},
               {{{"__metadata__", DType::f32, {1}}}, "reserves"},
               {{{"q", DType::q4_0, {32}}}, "q4_0"},
               {{{"m", DType::f32, {-1}}}, "[-1]"},
               {{{"w", DType::f32, {std::int64_t{1} << 62, 4}}}, "2^63"},
               {{{"h", DType::f4_e2m1, {3}}}, "whole number of bytes"}};
  for (const auto& test : cases) {
    const TemporaryFolder folder;
    const std::string text =
        error_text<FormatError>([&] { SafetensorsWriter(folder.path("x"), test.items, {}, false); });
    EXPECT_NE(text.find(test.what), std::string::npos) << text;
    EXPECT_TRUE(folder.names().empty());
  }
}

TEST(SafetensorsWriter, CountsBytes) {
  const TemporaryFolder folder;
  {
    SafetensorsWriter writer(folder.path("x"), {{"x", DType::u8, {3}}}, {}, false);
    writer.write("ab", 2);
    EXPECT_NE(error_text<Error>([&] { writer.finish(); }).find("2 of 3 bytes"), std::string::npos);
    EXPECT_NE(error_text<Error>([&] { writer.write("cd", 2); }).find("1 bytes more"), std::string::npos);
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(SafetensorsWriter, WritesAnEmptyFile) {
  const TemporaryFolder folder;
  SafetensorsWriter writer(folder.path("x.safetensors"), {}, {}, false);
  writer.finish();
  EXPECT_TRUE(Checkpoint::open(folder.path("x.safetensors")).tensors().empty());
}

}  // namespace
}  // namespace candor
