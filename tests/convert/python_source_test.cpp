// PyTorch and NumPy files as sources: strided, tied and deflated tensors become plain ones.
#include <cmath>

#include "candor/convert.h"
#include "candor/error.h"
#include "candor/receipt.h"
#include "tests/convert/checkpoints.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using testing::bytes_of;
using testing::error_text;
using testing::TemporaryFolder;
using testing::to;

std::string io_golden(const std::string& name) { return std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden/" + name; }

TEST(PythonSource, AStateDict) {
  for (const char* name : {"state_dict.pt", "state_dict_legacy.pt"}) {
    const TemporaryFolder folder;
    convert(io_golden(name), folder.path("o.safetensors"), to(DType::bf16));
    const Checkpoint before = Checkpoint::open(io_golden(name)), after = Checkpoint::open(folder.path("o.safetensors"));
    ASSERT_EQ(after.tensors().size(), before.tensors().size());
    EXPECT_EQ(after.tensor("c.transposed").to_f32(), (std::vector<float>{0, 3, 1, 4, 2, 5}));
    EXPECT_EQ(after.tensor("c.expanded").to_f32(), std::vector<float>(6, 5.0f));
    EXPECT_EQ(bytes_of(after, "c.tied"), bytes_of(after, "c.f32"));
    EXPECT_EQ(bytes_of(after, "a.bf16"), bytes_of(before, "a.bf16"));
    EXPECT_EQ(bytes_of(after, "d.i64"), bytes_of(before, "d.i64"));
    for (const TensorEntry& entry : after.tensors()) EXPECT_EQ(entry.shape, before.find(entry.name)->shape);
  }
}

TEST(PythonSource, AFolderOfShardsBecomesAFolder) {
  const TemporaryFolder folder;
  convert(io_golden("pytorch_sharded"), folder.path("out"), to(DType::f32));
  const Checkpoint after = Checkpoint::open(folder.path("out"));
  EXPECT_EQ(after.format(), CheckpointFormat::safetensors);
  EXPECT_EQ(after.tensor("first").to_f32(), (std::vector<float>{0, 1, 2, 3}));
}

/// More than one piece of a conversion.
constexpr std::int64_t kRows = 1100, kColumns = 1000;

std::vector<float> many_values() {
  std::vector<float> values(static_cast<std::size_t>(kRows * kColumns));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 251) - 125.0f;
  return values;
}

void expect_many(const std::string& input, const TemporaryFolder& folder, const std::string& name, DType dtype) {
  ConvertOptions options = to(dtype);
  options.overwrite = true;
  Recorder recorder;
  convert(input, folder.path("o.safetensors"), options);
  recorder.stop();
  EXPECT_EQ(recorder.casts().empty(), dtype == DType::f32) << "f32 is copied as bytes";
  const Tensor tensor = Checkpoint::open(folder.path("o.safetensors")).tensor(name);
  EXPECT_EQ(tensor.shape(), (Shape{kRows, kColumns}));
  EXPECT_TRUE(tensor.to_f32() == many_values()) << input << ": whole numbers below 256 are exact in every dtype";
}

TEST(PythonSource, DeflatedArraysOfSeveralPieces) {
  const TemporaryFolder folder;
  const std::string data = testing::raw(many_values());
  const std::string array = testing::npy_bytes(testing::npy_dict("<f4", "(1100, 1000)"), data);
  const std::string input = folder.put("x.npz", testing::ZipBytes({testing::compressed("w.npy", array)}).bytes);
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16}) expect_many(input, folder, "w", dtype);
}

TEST(PythonSource, TransposedTensorsOfSeveralPieces) {
  using namespace testing::pickled;
  const TemporaryFolder folder;
  const std::vector<float> values = many_values();
  std::vector<float> transposed(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) transposed[i % kColumns * kRows + i / kColumns] = values[i];
  const std::string pickle =
      whole(dict({{"w", tensor(storage("FloatStorage", "0", kRows * kColumns), 0, {kRows, kColumns}, {1, kRows})}}));
  const std::string input = folder.put("x.pt", testing::pytorch_zip(pickle, {{"0", testing::raw(transposed)}}).bytes);
  for (const DType dtype : {DType::f32, DType::bf16}) expect_many(input, folder, "w", dtype);
  const std::string fortran =
      testing::npy_bytes(testing::npy_dict("<f4", "(1100, 1000)", true), testing::raw(transposed));
  expect_many(folder.put("w.npy", fortran), folder, "w", DType::bf16);
  expect_many(folder.put("y.npz", testing::ZipBytes({testing::compressed("w.npy", fortran)}).bytes), folder, "w",
              DType::bf16);
}

TEST(PythonSource, WhatHasNoNumberFormatIsRefusedByName) {
  const TemporaryFolder folder;
  const std::string text =
      error_text<FormatError>([&] { convert(io_golden("bf16.npy"), folder.path("o.safetensors"), to(DType::bf16)); });
  EXPECT_NE(text.find("'bf16' is of type V2, which cannot be converted"), std::string::npos) << text;
  convert(io_golden("bf16_sidecar.npy"), folder.path("o.safetensors"), to(DType::bf16));
  EXPECT_EQ(Checkpoint::open(folder.path("o.safetensors")).find("bf16_sidecar")->dtype, DType::bf16);
}

}  // namespace
}  // namespace candor
