// f32 tensors among 16-bit ones are f32 by design: they stay f32 unless told.
#include "candor/convert.h"
#include "candor/error.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::f32_tensor;
using testing::NamedBytes;
using testing::TemporaryFolder;
using testing::to;
using testing::write_safetensors;

NamedBytes bf16_tensor(const std::string& name, std::int64_t elements) {
  return {name, DType::bf16, {elements}, testing::raw(std::vector<std::uint16_t>(static_cast<std::size_t>(elements)))};
}

std::string put(const TemporaryFolder& folder, const std::vector<NamedBytes>& tensors) {
  return write_safetensors(folder.path("in.safetensors"), tensors);
}

TEST(F32Islands, StayF32AndAreNamed) {
  const TemporaryFolder folder;
  const float only_in_f32 = 1.0f + 0x1p-20f;
  const std::string input =
      put(folder, {bf16_tensor("big", 100), f32_tensor("router", {only_in_f32, 2}), f32_tensor("norm", {3})});
  for (const DType dtype : {DType::bf16, DType::f16}) {
    ConvertOptions options = to(dtype);
    options.overwrite = true;
    const ConvertReport report = convert(input, folder.path("o.safetensors"), options);
    const Checkpoint found = Checkpoint::open(folder.path("o.safetensors"));
    EXPECT_EQ(found.find("big")->dtype, dtype);
    EXPECT_EQ(found.find("norm")->dtype, DType::f32);
    EXPECT_EQ(found.tensor("router").to_f32(), (std::vector<float>{only_in_f32, 2}));
    ASSERT_EQ(report.notes.size(), 1u);
    EXPECT_NE(report.notes[0].find("2 tensors of f32 or f64 among narrower ones stay as they are: 'norm', 'router'"),
              std::string::npos)
        << report.notes[0];
  }
}

TEST(F32Islands, AreNarrowedWhenTold) {
  const TemporaryFolder folder;
  const std::string input = put(folder, {bf16_tensor("big", 100), f32_tensor("router", {1, 2})});
  EXPECT_EQ(
      convert_plan(input, folder.path("o.safetensors"), to(DType::bf16)).notes,
      std::vector<std::string>{"1 tensor of f32 or f64 among narrower ones stays as it is: 'router'; --narrow-f32 "
                               "converts it too"});
  ConvertOptions options = to(DType::bf16);
  options.narrow_f32 = true;
  EXPECT_TRUE(convert(input, folder.path("o.safetensors"), options).notes.empty());
  EXPECT_EQ(Checkpoint::open(folder.path("o.safetensors")).find("router")->dtype, DType::bf16);
}

// An f32 checkpoint with a few narrow tensors is an f32 checkpoint.
TEST(F32Islands, AnF32CheckpointIsConvertedWhole) {
  const TemporaryFolder folder;
  const std::string input = put(folder, {bf16_tensor("small", 2), f32_tensor("big", {1, 2})});
  EXPECT_TRUE(convert(input, folder.path("o.safetensors"), to(DType::bf16)).notes.empty());
  EXPECT_EQ(Checkpoint::open(folder.path("o.safetensors")).find("big")->dtype, DType::bf16);
}

TEST(F32Islands, AskingForF32WidensAll) {
  const TemporaryFolder folder;
  const std::string input = put(folder, {bf16_tensor("big", 100), f32_tensor("router", {1, 2})});
  EXPECT_TRUE(convert(input, folder.path("o.safetensors"), to(DType::f32)).notes.empty());
}

// GGUF keeps vectors in f32 whatever the model had, so a folder gets them in its dtype; matrices in f32 are chosen.
TEST(F32Islands, OfGgufOnlyMatricesCount) {
  const TemporaryFolder folder;
  testing::GgufBytes bytes;
  bytes.infos = {testing::gguf_info("w", {32, 4}, 30, 0), testing::gguf_info("b", {8}, 0, 256),
                 testing::gguf_info("router", {4, 2}, 0, 288)};
  bytes.data = std::string(320, '\0');
  const std::string input = folder.put("in.gguf", bytes.bytes());
  convert(input, folder.path("o.safetensors"), to(DType::bf16));
  const Checkpoint found = Checkpoint::open(folder.path("o.safetensors"));
  EXPECT_EQ(found.find("b")->dtype, DType::bf16);
  EXPECT_EQ(found.find("router")->dtype, DType::f32);
}

}  // namespace
}  // namespace candor
