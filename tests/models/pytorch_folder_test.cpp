// A Hugging Face folder of PyTorch's files gives the same logits as one of safetensors.
#include <gmock/gmock.h>

#include "candor/error.h"
#include "tests/io/archive_builders.h"
#include "tests/models/golden_model.h"

namespace candor {
namespace {

using namespace testing::pickled;

constexpr std::size_t kItem = 2;  // the golden model is bf16

/// The matrix column by column.
std::string transposed(const std::string& data, std::size_t rows, std::size_t columns) {
  std::string other(data.size(), '\0');
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j)
      std::memcpy(&other[(j * rows + i) * kItem], &data[(i * columns + j) * kItem], kItem);
  return other;
}

/// The golden model's weights as torch.save has them; the matrix `by_columns` lies column by column.
std::string pytorch_bytes(const std::string& model, const std::string& by_columns) {
  const Checkpoint file = Checkpoint::open(test::golden_path(model) + "/model.safetensors");
  std::vector<std::pair<std::string, std::string>> pairs, storages;
  for (const TensorEntry& entry : file.tensors()) {
    std::string data(reinterpret_cast<const char*>(file.bytes(entry)), entry.nbytes);
    const std::int64_t rows = entry.shape.front(), columns = entry.shape.back();
    std::vector<std::int64_t> strides =
        entry.shape.size() == 1 ? std::vector<std::int64_t>{1} : std::vector<std::int64_t>{columns, 1};
    if (entry.name == by_columns) {
      data = transposed(data, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns));
      strides = {1, rows};
    }
    const std::string key = std::to_string(storages.size());
    const std::string place = storage("BFloat16Storage", key, static_cast<std::int64_t>(entry.nbytes / kItem));
    pairs.emplace_back(entry.name, tensor(place, 0, entry.shape, strides));
    storages.emplace_back(key, data);
  }
  return testing::pytorch_zip(whole(dict(pairs)), storages).bytes;
}

TEST(PytorchFolder, SameLogitsAsSafetensors) {
  const testing::TemporaryFolder folder;
  const std::string source = test::golden_path("gqa_tied");
  for (const char* name : {"config.json", "tokenizer.json", "tokenizer_config.json"})
    std::filesystem::copy_file(source + "/" + name, folder.path(name));
  folder.put("pytorch_model.bin", pytorch_bytes("gqa_tied", "model.layers.0.mlp.up_proj.weight"));
  const Checkpoint file = Checkpoint::open(folder.folder().string());
  ASSERT_FALSE(file.find("model.layers.0.mlp.up_proj.weight")->strides.empty());
  const LanguageModel expected = test::load(source, "bf16"), model = test::load(folder.folder().string(), "bf16");
  EXPECT_EQ(model.info().format, "pytorch");
  EXPECT_EQ(expected.info().format, "safetensors");
  const std::vector<TokenId> tokens = test::read_golden("gqa_tied").tokens;
  EXPECT_EQ(test::all_logits(model, tokens), test::all_logits(expected, tokens));
}

TEST(PytorchFolder, AnArrayIsNoModel) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.put("x.npy", testing::npy_bytes(testing::npy_dict("<f4", "(1,)"), "1234"));
  const std::string text = testing::error_text<IoError>([&] { test::load(path, "bf16"); });
  EXPECT_NE(text.find("has no config.json; tensors outside GGUF need the one that came with them"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace candor
