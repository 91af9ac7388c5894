// Folders appear whole or not at all; shards and their index; what --force may and may not replace.
#include <nlohmann/json.hpp>

#include "candor/convert.h"
#include "candor/error.h"
#include "convert/output.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::error_text;
using testing::f32_tensor;
using testing::read_bytes;
using testing::TemporaryFolder;
using testing::to;
using testing::write_safetensors;

ConvertOptions forced() {
  ConvertOptions options = to(DType::bf16);
  options.overwrite = true;
  return options;
}

std::string small_input(const TemporaryFolder& folder, float value = 1.0f) {
  return write_safetensors(folder.path("in.safetensors"), {f32_tensor("x", {value})});
}

TEST(OutputFolder, SameInputSameBytes) {
  const TemporaryFolder folder;
  convert(testing::golden("smollm.gguf"), folder.path("a"), to(DType::bf16));
  convert(testing::golden("smollm.gguf"), folder.path("b"), to(DType::bf16));
  for (const char* name :
       {"model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"})
    EXPECT_EQ(read_bytes(folder.path(std::string("a/") + name)), read_bytes(folder.path(std::string("b/") + name)))
        << name;
}

TEST(OutputFolder, ASideFileThatIsALinkToNothingIsNotLeftOut) {
  const TemporaryFolder folder;
  const std::string input = small_input(folder);
  std::filesystem::create_symlink(folder.path("nothing"), folder.path("tokenizer.json"));
  const std::string text = testing::error_text<IoError>([&] { convert(input, folder.path("out"), ConvertOptions{}); });
  EXPECT_NE(text.find("tokenizer.json is there, but no file that can be read"), std::string::npos) << text;
  EXPECT_FALSE(std::filesystem::exists(folder.path("out")));
}

TEST(OutputFolder, ReplacesAsAWholeWhenForced) {
  const TemporaryFolder folder;
  convert(small_input(folder, 1.0f), folder.path("out"), to(DType::bf16));
  folder.put("out/tokenizer.json", "{}");  // of the old model: it must not survive
  const std::string input = small_input(folder, 2.0f);
  EXPECT_NE(error_text<IoError>([&] { convert(input, folder.path("out"), to(DType::bf16)); }).find("not empty"),
            std::string::npos);
  convert(input, folder.path("out/"), forced());
  EXPECT_EQ(Checkpoint::open(folder.path("out")).tensor("x").to_f32(), std::vector<float>{2.0f});
  EXPECT_FALSE(std::filesystem::exists(folder.path("out/tokenizer.json")));
  EXPECT_EQ(folder.names().size(), 2u);
}

TEST(OutputFolder, AFolderMayBeConvertedOntoItself) {
  const TemporaryFolder folder;
  convert(small_input(folder, 3.0f), folder.path("m"), to(DType::f32));
  convert(folder.path("m"), folder.path("m"), forced());
  EXPECT_EQ(Checkpoint::open(folder.path("m")).find("x")->dtype, DType::bf16);
}

TEST(OutputFolder, EmptyFoldersAreFilled) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("out"));
  convert(small_input(folder), folder.path("out"), to(DType::bf16));
  EXPECT_TRUE(std::filesystem::exists(folder.path("out/model.safetensors")));
}

// Somebody's folder with other things in it is never swept away, not even by force.
TEST(OutputFolder, FoldersWithOtherThingsAreRefused) {
  const TemporaryFolder folder;
  const std::string input = small_input(folder);
  std::filesystem::create_directory(folder.path("home"));
  folder.put("home/thesis.tex", "years of work");
  EXPECT_NE(error_text<IoError>([&] { convert(input, folder.path("home"), forced()); }).find("'thesis.tex'"),
            std::string::npos);
  std::filesystem::create_directories(folder.path("clone/.git"));
  EXPECT_NE(error_text<IoError>([&] { convert(input, folder.path("clone"), forced()); }).find("'.git'"),
            std::string::npos);
  EXPECT_EQ(read_bytes(folder.path("home/thesis.tex")), "years of work");
  convert(input, folder.path("download"), to(DType::bf16));
  folder.put("download/README.md", "of the one who made the model");  // as every downloaded folder has
  EXPECT_NE(error_text<IoError>([&] {
              convert(input, folder.path("download"), forced());
            }).find("'README.md', which convert does not write"),
            std::string::npos);
}

TEST(OutputFolder, ImpossibleOutputsAreNamedBeforeAnyWork) {
  const TemporaryFolder folder;
  const std::string input = small_input(folder);
  folder.put("file", "x");
  folder.put("one.safetensors", "x");
  std::filesystem::create_directory(folder.path("dir.safetensors"));
  const struct {
    std::string output;
    const char* what;
  } cases[] = {{folder.path("file"), "is not a folder"},
               {folder.path("absent/out"), "does not exist"},
               {folder.path("one.safetensors"), "exists"},
               {folder.path("dir.safetensors"), "is a folder"},
               {"", "no output"}};
  for (const auto& test : cases) {
    const std::string text = error_text<IoError>([&] { convert(input, test.output, to(DType::bf16)); });
    EXPECT_NE(text.find(test.what), std::string::npos) << text;
  }
}

TEST(OutputFolder, ShardsHaveAnIndex) {
  using namespace convert_internal;
  const TemporaryFolder folder;
  const std::string input = write_safetensors(folder.path("in.safetensors"),
                                              {f32_tensor("a", {1, 2}), f32_tensor("b", {3, 4}), f32_tensor("c", {5})});
  const Checkpoint source = Checkpoint::open(input);
  Plan plan;
  for (const TensorEntry& entry : source.tensors()) plan.tensors.push_back({entry, entry.name, DType::f32});
  const std::vector<std::string> files = write_output(plan, {folder.path("out"), false, {{"format", "pt"}}, 16},
                                                      [&](const TensorPlan& tensor, CheckpointWriter& writer) {
                                                        writer.write(source.bytes(tensor.source), tensor.source.nbytes);
                                                      });
  EXPECT_EQ(files.size(), 3u);
  const Checkpoint out = Checkpoint::open(folder.path("out"));
  ASSERT_EQ(out.files().size(), 2u);
  EXPECT_EQ(out.find("b")->file, 0u);
  EXPECT_EQ(out.tensor("c").to_f32(), std::vector<float>{5});
  const auto index = nlohmann::json::parse(read_bytes(folder.path("out/model.safetensors.index.json")));
  EXPECT_EQ(index.at("metadata").at("total_size"), 20);
  EXPECT_EQ(index.at("weight_map").at("c"), "model-00002-of-00002.safetensors");
}

TEST(OutputFolder, AFailureInsideLeavesNothing) {
  using namespace convert_internal;
  const TemporaryFolder folder;
  const std::string input =
      write_safetensors(folder.path("in.safetensors"), {f32_tensor("a", {1}), f32_tensor("b", {2})});
  const Checkpoint source = Checkpoint::open(input);
  Plan plan;
  for (const TensorEntry& entry : source.tensors()) plan.tensors.push_back({entry, entry.name, DType::f32});
  int calls = 0;
  error_text<Cancelled>([&] {
    write_output(plan, {folder.path("out"), false, {}, 4}, [&](const TensorPlan& tensor, CheckpointWriter& writer) {
      if (++calls == 2) throw Cancelled("stop");  // the first shard is finished and renamed inside
      writer.write(source.bytes(tensor.source), tensor.source.nbytes);
    });
  });
  EXPECT_EQ(folder.names(), std::vector<std::string>{"in.safetensors"});
}

TEST(OutputFolder, WhatDoesNotReadBackReplacesNothing) {
  using namespace convert_internal;
  for (const std::string name : {"out", "out.safetensors", "out.npy", "out.npz", "out.pt", "out.gguf"}) {
    const TemporaryFolder folder;
    const std::string output = folder.path(name);
    convert(small_input(folder, 1), output, to(DType::bf16));
    const auto first_value = [](const std::string& path) {
      const Checkpoint checkpoint = Checkpoint::open(path);
      return checkpoint.tensor(checkpoint.tensors().front().name).to_f32();
    };
    const Checkpoint source = Checkpoint::open(small_input(folder, 2));
    Plan plan;
    plan.tensors.push_back({source.tensors().front(), "x", DType::f32});
    const auto verify = [&](const std::string& written) {
      EXPECT_EQ(first_value(written), std::vector<float>{2}) << name;
      EXPECT_EQ(first_value(output), std::vector<float>{1}) << name;
      throw IoError(written + ": one byte is wrong");
    };
    const std::string text = error_text<IoError>([&] {
      write_output(plan, {output, true, {}, kShardBytes, verify}, [&](const TensorPlan& tensor, CheckpointWriter& to) {
        to.write(source.bytes(tensor.source), tensor.source.nbytes);
      });
    });
    EXPECT_EQ(text, output + ": one byte is wrong");
    EXPECT_EQ(first_value(output), std::vector<float>{1}) << name;
  }
}

}  // namespace
}  // namespace candor
