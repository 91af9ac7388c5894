// PyTorch's own files (torch 2.15, tests/io/golden) and small ones made here.
#include <algorithm>
#include <numeric>

#include "candor/error.h"
#include "candor/io.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using namespace testing::pickled;
using testing::TemporaryFolder;

std::string golden(const std::string& name) { return std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden/" + name; }

struct Expected {
  const char* name;
  DType dtype;
  const char* spelling;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
};

const Expected kStateDict[] = {
    {"a.bf16", DType::bf16, "bfloat16", {3, 5}, {}},
    {"b.f16", DType::f16, "float16", {4}, {}},
    {"c.f32", DType::f32, "float32", {2, 3}, {}},
    {"c.tied", DType::f32, "float32", {2, 3}, {}},
    {"c.transposed", DType::f32, "float32", {3, 2}, {1, 3}},
    {"c.column", DType::f32, "float32", {2}, {3}},
    {"c.expanded", DType::f32, "float32", {3, 2}, {0, 0}},
    {"d.i64", DType::i64, "int64", {2}, {}},
    {"e.bool", DType::bool_, "bool", {3}, {}},
    {"f.scalar", DType::f32, "float32", {}, {}},
    {"g.empty", DType::f32, "float32", {0, 4}, {}},
    {"h.parameter", DType::f64, "float64", {2, 2}, {}},
    {"i.u8", DType::u8, "uint8", {7}, {}},
    {"j.\u00e9\u4e2d", DType::i32, "int32", {2}, {}},
    {"k.c64", DType::c64, "complex64", {2}, {}},
};

std::vector<float> counting(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

class StateDict : public ::testing::TestWithParam<const char*> {};

TEST_P(StateDict, HasWhatTorchSaved) {
  const Checkpoint file = Checkpoint::open(golden(GetParam()));
  EXPECT_EQ(file.format(), CheckpointFormat::pytorch);
  EXPECT_EQ(file.tensors().size(), std::size(kStateDict));
  EXPECT_TRUE(file.unknown_symbols().empty());
  for (const Expected& expected : kStateDict) {
    SCOPED_TRACE(expected.name);
    const TensorEntry* entry = file.find(expected.name);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->dtype, expected.dtype);
    EXPECT_EQ(file.type_name(*entry), expected.spelling);
    EXPECT_EQ(entry->shape, expected.shape);
    EXPECT_EQ(entry->strides, expected.strides);
  }
  EXPECT_EQ(file.tensor("a.bf16").to_f32(), counting(15));
  EXPECT_EQ(file.tensor("b.f16").to_f32(), counting(4));
  EXPECT_EQ(file.tensor("c.f32").to_f32(), counting(6));
  EXPECT_EQ(file.tensor("c.transposed").to_f32(), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(file.tensor("c.column").to_f32(), (std::vector<float>{1, 4}));
  EXPECT_EQ(file.tensor("c.expanded").to_f32(), std::vector<float>(6, 5.0f));
  EXPECT_EQ(file.tensor("f.scalar").to_f32(), std::vector<float>{42});
  EXPECT_EQ(file.tensor("g.empty").elements(), 0);
  const Tensor parameter = file.tensor("h.parameter");
  EXPECT_EQ(parameter.data_as<double>()[3], 3.0);
  EXPECT_EQ(file.find("c.f32")->offset, file.find("c.tied")->offset) << "one storage under two names";
}

INSTANTIATE_TEST_SUITE_P(Forms, StateDict, ::testing::Values("state_dict.pt", "state_dict_legacy.pt"),
                         [](const auto& test) { return test.index == 0 ? "Zip" : "Legacy"; });

TEST(Pytorch, TensorsAreInFileOrder) {
  const Checkpoint file = Checkpoint::open(golden("state_dict_legacy.pt"));
  EXPECT_TRUE(std::is_sorted(file.tensors().begin(), file.tensors().end(),
                             [](const TensorEntry& x, const TensorEntry& y) { return x.offset < y.offset; }));
}

TEST(Pytorch, TypesWithoutAStorageOfTheirOwn) {
  const Checkpoint file = Checkpoint::open(golden("untyped.pt"));
  EXPECT_EQ(file.tensor("e4m3").to_f32(), counting(8));
  EXPECT_EQ(file.tensor("e5m2").to_f32(), counting(4));
  EXPECT_EQ(file.find("u16")->dtype, DType::u16);
  EXPECT_EQ(file.find("e8m0")->dtype, DType::f8_e8m0);
  EXPECT_EQ(file.type_name(*file.find("e4m3")), "float8_e4m3fn");
}

TEST(Pytorch, NestedNamesAndUnknownSymbols) {
  const Checkpoint file = Checkpoint::open(golden("training.ckpt"));
  EXPECT_EQ(file.tensors().size(), 9u);
  EXPECT_EQ(file.tensor("optimizer.state.0.exp_avg").to_f32().front(), 0.1f);
  EXPECT_EQ(file.tensor("history.0").to_f32(), (std::vector<float>{1, 2}));
  EXPECT_NE(file.find("model.weight"), nullptr);
  ASSERT_EQ(file.unknown_symbols().size(), 1u);
  EXPECT_EQ(file.unknown_symbols().begin()->first, "pathlib.PurePosixPath");
  EXPECT_EQ(file.unknown_symbols().begin()->second, 1u);
}

TEST(Pytorch, ABareTensorHasAName) {
  const Checkpoint file = Checkpoint::open(golden("bare_tensor.pt"));
  EXPECT_EQ(file.tensor("tensor").to_f32(), (std::vector<float>{1, 2, 3}));
}

TEST(Pytorch, AFolderWithAnIndexBringsItsShards) {
  const Checkpoint file = Checkpoint::open(golden("pytorch_sharded"));
  EXPECT_EQ(file.format(), CheckpointFormat::pytorch);
  EXPECT_EQ(file.files().size(), 2u);
  EXPECT_EQ(file.index(), golden("pytorch_sharded/pytorch_model.bin.index.json"));
  EXPECT_EQ(file.tensor("second").to_f32(), counting(6));
  EXPECT_EQ(Checkpoint::open(file.index()).tensors().size(), 2u);
  const std::vector<std::string> files = model_files(file, golden("pytorch_sharded"));
  EXPECT_NE(std::find(files.begin(), files.end(), file.index()), files.end());
}

TEST(Pytorch, SafetensorsAreTakenBeforePytorch) {
  const TemporaryFolder folder;
  folder.put("pytorch_model.bin", testing::read_bytes(golden("state_dict.pt")));
  EXPECT_EQ(Checkpoint::open(folder.folder().string()).format(), CheckpointFormat::pytorch);
  folder.put("model.safetensors", testing::safetensors_bytes("{}"));
  EXPECT_EQ(Checkpoint::open(folder.folder().string()).format(), CheckpointFormat::safetensors);
}

TEST(Pytorch, TheIndexMustBelongToItsShards) {
  const TemporaryFolder folder;
  folder.put("a.bin", testing::read_bytes(golden("bare_tensor.pt")));
  folder.put("pytorch_model.bin.index.json", R"({"weight_map":{"other":"a.bin"}})");
  const std::string text = testing::error_text<FormatError>([&] { Checkpoint::open(folder.folder().string()); });
  EXPECT_NE(text.find("pytorch index: "), std::string::npos) << text;
  EXPECT_NE(text.find("'other' should be in a.bin but no shard has it"), std::string::npos) << text;
}

TEST(Pytorch, WhatAFileIsItsContentSays) {
  const TemporaryFolder folder;
  const std::string bytes = testing::read_bytes(golden("state_dict.pt"));
  EXPECT_EQ(Checkpoint::open(folder.put("model.safetensors", bytes)).format(), CheckpointFormat::pytorch);
  const std::string text =
      testing::error_text<FormatError>([&] { Checkpoint::open(folder.put("x.pt", std::string(64, 'a'))); });
  EXPECT_NE(text.find("neither an archive of torch.save nor one of its older form"), std::string::npos) << text;
}

std::string one_float(const std::string& pickle) {
  return testing::pytorch_zip(pickle, {{"0", std::string("\0\0\x80\x3f", 4)}}).bytes;
}

TEST(Pytorch, NothingIsCalled) {
  const TemporaryFolder folder;
  const std::string witness = folder.path("witness");
  const std::string attack = symbol("posix", "system") + tuple(text("touch " + witness)) + "R";
  const std::string pickle = whole(dict({{"a", attack}, {"w", tensor(storage("FloatStorage", "0", 1), 0, {1}, {1})}}));
  const Checkpoint file = Checkpoint::open(folder.put("x.pt", one_float(pickle)));
  EXPECT_EQ(file.tensor("w").to_f32(), std::vector<float>{1});
  EXPECT_EQ(file.unknown_symbols().at("posix.system"), 1u);
  EXPECT_FALSE(std::filesystem::exists(witness));
}

TEST(Pytorch, AnOrderedDictOfPairsAndAnObjectsState) {
  const TemporaryFolder folder;
  const std::string value = tensor(storage("FloatStorage", "0", 1), 0, {1}, {1});
  const std::string pairs =
      symbol("collections", "OrderedDict") + tuple("](" + ("](" + text("p") + value + "ee")) + "R";
  const std::string object = symbol("my", "Model") + ")\x81" + dict({{"_parameters", dict({{"w", value}})}}) + "b";
  const std::string pickle = whole(dict({{"pairs", pairs}, {"object", object}}));
  const Checkpoint file = Checkpoint::open(folder.put("x.pt", one_float(pickle)));
  EXPECT_NE(file.find("pairs.p"), nullptr);
  EXPECT_NE(file.find("object._parameters.w"), nullptr);
}

TEST(Pytorch, AnExpandedScalarIsSmall) {
  const TemporaryFolder folder;
  const auto expanded = [&](std::int64_t count) {
    return one_float(whole(dict({{"w", tensor(storage("FloatStorage", "0", 1), 0, {count}, {0})}})));
  };
  EXPECT_EQ(Checkpoint::open(folder.put("x.pt", expanded(1 << 20))).tensor("w").elements(), 1 << 20);
  const std::string text =
      testing::error_text<FormatError>([&] { Checkpoint::open(folder.put("y.pt", expanded((1 << 20) + 1))); });
  EXPECT_NE(text.find("1048577 elements made out of 1"), std::string::npos) << text;
}

TEST(Pytorch, StridesOfExtentsOfOneMayBeAnything) {
  const TemporaryFolder folder;
  const std::string of_four = storage("FloatStorage", "0", 4);
  const std::vector<float> values = {1, 2, 3, 4};
  const std::string data(reinterpret_cast<const char*>(values.data()), 16);
  const std::string pickle = whole(dict({{"inside", tensor(of_four, 0, {2, 1, 2}, {1, INT64_MAX, 2})},
                                         {"last", tensor(of_four, 0, {2, 2, 1}, {1, 2, INT64_MAX})}}));
  const Checkpoint file = Checkpoint::open(folder.put("x.pt", testing::pytorch_zip(pickle, {{"0", data}}).bytes));
  EXPECT_EQ(file.find("inside")->strides, (std::vector<std::int64_t>{1, 0, 2}));
  EXPECT_EQ(file.find("last")->strides, (std::vector<std::int64_t>{1, 2, 0}));
  EXPECT_EQ(file.tensor("inside").to_f32(), (std::vector<float>{1, 3, 2, 4}));
  EXPECT_EQ(file.tensor("last").to_f32(), (std::vector<float>{1, 3, 2, 4}));
}

/// An archive of `count` tensors, all of them the same storage of 1 MiB, contiguous or transposed.
std::string views(std::size_t count, bool strided) {
  const std::vector<std::int64_t> strides =
      strided ? std::vector<std::int64_t>{1, 512} : std::vector<std::int64_t>{512, 1};
  const std::string view = tensor(storage("FloatStorage", "0", 1 << 18), 0, {512, 512}, strides);
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::size_t i = 0; i < count; ++i) pairs.emplace_back("w" + std::to_string(10000 + i), view);
  return testing::pytorch_zip(whole(dict(pairs)), {{"0", std::string(1 << 20, '\0')}}).bytes;
}

/// How many views() have together no more than `times` the file's bytes + 256 MiB.
std::size_t most_views(std::uint64_t times, bool strided) {
  const std::uint64_t base = views(0, strided).size(), each = views(1, strided).size() - base;
  std::size_t count = 0;
  while (std::uint64_t{count + 1} << 20 <= times * (base + each * (count + 1)) + (256u << 20)) ++count;
  return count;
}

TEST(Pytorch, ViewsOfOneStorageHaveABoundTogether) {
  const TemporaryFolder folder;
  for (const bool strided : {false, true}) {
    const std::size_t most = most_views(strided ? 64 : 1024, strided);
    EXPECT_GE(most, strided ? 320u : 1280u) << "the file has more than 1 MiB";
    EXPECT_EQ(Checkpoint::open(folder.put("x.pt", views(most, strided))).tensors().size(), most);
    const std::string text =
        testing::error_text<FormatError>([&] { Checkpoint::open(folder.put("y.pt", views(most + 1, strided))); });
    EXPECT_NE(text.find(strided ? "the tensors with strides have more bytes than 64 times the file's + 256 MiB"
                                : "the tensors have more bytes than 1024 times the file's + 256 MiB"),
              std::string::npos)
        << text;
    EXPECT_EQ(text.find("hostile"), std::string::npos) << text;
    EXPECT_NE(text.find("; save "), std::string::npos) << text;
  }
}

TEST(Pytorch, WeightsMayBeSharedByManyLayers) {
  const TemporaryFolder folder;
  EXPECT_EQ(Checkpoint::open(folder.put("x.pt", views(600, false))).tensors().size(), 600u);
}

}  // namespace
}  // namespace candor
