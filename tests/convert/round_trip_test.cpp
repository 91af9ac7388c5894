// Every pair of formats: what goes in by --dtype keep comes out with the same bits, whatever they are.
#include "candor/convert.h"
#include "candor/error.h"
#include "candor/receipt.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::bytes_of;
using testing::error_text;
using testing::NamedBytes;
using testing::read_bytes;
using testing::TemporaryFolder;
using testing::to;
using testing::write_safetensors;

constexpr const char* kFormats[] = {".safetensors", ".gguf", ".npz", ".pt", ""};

/// Signalling and quiet NaNs with payloads, infinities, both zeros, the ends of the subnormals, the largest values.
std::vector<NamedBytes> hostile_tensors() {
  const std::string f16 = testing::raw<std::uint16_t>({0x7c01, 0xfdff, 0x7e00, 0x7c00, 0xfc00, 0x8000, 1, 0x83ff});
  const std::string bf16 = testing::raw<std::uint16_t>({0x7f81, 0xffbf, 0x7fc1, 0x7f80, 0xff80, 0x8000, 1, 0x807f});
  const std::string f32 = testing::raw<std::uint32_t>({0x7f800001, 0xffbfffff, 0x7fc00001, 0xff800000, 0x80000000, 1});
  const std::string f64 = testing::raw<std::uint64_t>({0x7ff0000000000001, 0xfff0000000000000, 1});
  return {{"a.bf16", DType::bf16, {2, 4}, bf16},
          {"b.f16", DType::f16, {2, 2, 2}, f16},
          {"c.f32", DType::f32, {6}, f32},
          {"d.f64", DType::f64, {3}, f64},
          {"e.i64", DType::i64, {1}, testing::raw<std::int64_t>({INT64_MIN})},
          {"f.i32", DType::i32, {1}, testing::raw<std::int32_t>({-1})},
          {"g.i8", DType::i8, {3}, "\x80\xff\x7f"},
          {"h.scalar", DType::bf16, {}, testing::raw<std::uint16_t>({0x7fa5})},
          {"i.empty", DType::bf16, {0, 3}, ""}};
}

class EveryPair : public ::testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(EveryPair, KeepsEveryBit) {
  const auto [first, second] = GetParam();
  const TemporaryFolder folder;
  const std::vector<NamedBytes> tensors = hostile_tensors();
  const std::string input = write_safetensors(folder.path("in.safetensors"), tensors);
  const std::string one = folder.path(std::string("one") + first), two = folder.path(std::string("two") + second);
  Recorder recorder;
  convert(input, one, to(DType::any));
  convert(one, two, to(DType::any));
  convert(one, folder.path(std::string("again") + second), to(DType::any));
  recorder.stop();
  EXPECT_TRUE(recorder.casts().empty());
  const Checkpoint found = Checkpoint::open(two);
  ASSERT_EQ(found.tensors().size(), tensors.size());
  for (const NamedBytes& tensor : tensors) {
    const TensorEntry* entry = found.find(tensor.name);
    ASSERT_NE(entry, nullptr) << tensor.name;
    EXPECT_EQ(entry->dtype, tensor.dtype) << tensor.name;
    // GGUF has no scalars: they come back as one element of one dimension.
    const bool through_gguf = std::string_view(first) == ".gguf" || std::string_view(second) == ".gguf";
    const std::vector<std::int64_t> one_element = {1};
    EXPECT_EQ(entry->shape, tensor.shape.empty() && through_gguf ? one_element : tensor.shape) << tensor.name;
    EXPECT_EQ(bytes_of(found, tensor.name), tensor.bytes) << tensor.name;
  }
  const std::string file = std::string(second).empty() ? "/model.safetensors" : "";
  EXPECT_EQ(read_bytes(two + file), read_bytes(folder.path(std::string("again") + second) + file));
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryPair,
                         ::testing::Combine(::testing::ValuesIn(kFormats), ::testing::ValuesIn(kFormats)));

TEST(RoundTrip, OneTensorGoesThroughNpy) {
  const TemporaryFolder folder;
  for (const NamedBytes& tensor : hostile_tensors()) {
    const std::string input = write_safetensors(folder.path("in.safetensors"), {tensor});
    ConvertOptions options = to(DType::any);
    options.overwrite = true;
    convert(input, folder.path("x.npy"), options);
    const Checkpoint found = Checkpoint::open(folder.path("x.npy"));
    EXPECT_EQ(found.tensors().at(0).dtype, tensor.dtype) << tensor.name;
    EXPECT_EQ(bytes_of(found, found.tensors().at(0).name), tensor.bytes) << tensor.name;
  }
}

// From f32 to each format in bf16: the same bytes of the matrix everywhere, NaN kept NaN, subnormals kept.
TEST(RoundTrip, NarrowedTheSameInEveryFormat) {
  const TemporaryFolder folder;
  const std::string f32 = testing::raw<std::uint32_t>({0x7f800001, 0x00010000, 0x3f808000, 0x80000000});
  const std::string input = write_safetensors(folder.path("in.safetensors"), {{"x", DType::f32, {2, 2}, f32}});
  for (const std::string format : {".safetensors", ".gguf", ".npz", ".pt", ".pth", ".bin", ".ckpt", ".npy", ""}) {
    const std::string output = folder.path("out" + format);
    convert(input, output, to(DType::bf16));
    const Checkpoint found = Checkpoint::open(output);
    EXPECT_EQ(bytes_of(found, found.tensors().at(0).name),
              testing::raw<std::uint16_t>({0x7fc0, 0x0001, 0x3f80, 0x8000}))
        << format;
  }
}

TEST(RoundTrip, ExistingOutputsAreReplacedOnlyWhenForced) {
  const TemporaryFolder folder;
  const std::string input = write_safetensors(folder.path("in.safetensors"), {testing::f32_tensor("x", {1})});
  for (const std::string format : {".gguf", ".npz", ".pt", ".npy"}) {
    const std::string output = folder.put("out" + format, "old");
    error_text<IoError>([&] { convert(input, output, to(DType::f32)); });
    EXPECT_EQ(read_bytes(output), "old");
    ConvertOptions options = to(DType::f32);
    options.overwrite = true;
    convert(input, output, options);
    EXPECT_EQ(Checkpoint::open(output).tensors().size(), 1u);
  }
}

}  // namespace
}  // namespace candor
