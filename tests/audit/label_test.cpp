#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/label/label.h"
#include "tests/io/file_builders.h"

namespace candor::audit_internal {
namespace {

using candor::testing::TemporaryFolder;
using ::testing::HasSubstr;

struct Item {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;
};

void write_safetensors(const std::string& path, const std::vector<Item>& items,
                       const std::map<std::string, std::string>& metadata = {}) {
  std::vector<SafetensorsWriter::Item> list;
  for (const Item& item : items) list.push_back({item.name, item.dtype, item.shape});
  SafetensorsWriter writer(path, list, metadata, true);
  for (const SafetensorsWriter::Item& item : writer.order()) {
    std::uint64_t elements = 1;
    for (const std::int64_t d : item.shape) elements *= static_cast<std::uint64_t>(d);
    const std::string zeros(dtype_bytes(item.dtype, elements).value(), '\0');
    writer.write(zeros.data(), zeros.size());
  }
  writer.finish();
}

std::string gguf(std::uint32_t file_type, std::uint32_t tensor_type, std::uint64_t bytes) {
  using namespace candor::testing;
  std::string out = "GGUF" + little_endian<std::uint32_t>(3) + little_endian<std::uint64_t>(1) +
                    little_endian<std::uint64_t>(1) + gguf_pair("general.file_type", kU32, little_endian(file_type)) +
                    gguf_info("blk.0.ffn_up.weight", {32, 4}, tensor_type, 0);
  out.resize((out.size() + 31) / 32 * 32, '\0');
  return out + std::string(bytes, '\0');
}

struct Read {
  Checkpoint checkpoint;
  CheckpointLabels labels;

  LabelFacts facts(const std::string& name) const { return label_facts(labels, *checkpoint.find(name)); }
};

Read read(const std::string& path) {
  Checkpoint checkpoint = Checkpoint::open(path);
  CheckpointLabels labels = read_labels(checkpoint, path);
  return {std::move(checkpoint), std::move(labels)};
}

std::vector<Item> model(DType matrices, DType norms = DType::f32) {
  return {{"embed", matrices, {16, 8}}, {"up", matrices, {8, 16}}, {"down", matrices, {16, 8}},
          {"norm", norms, {8}},         {"bias", norms, {16}},     {"scale", norms, {}}};
}

/// What config.json and the tensors of a folder say of each other.
Read folder_read(const TemporaryFolder& folder, const std::string& config, const std::vector<Item>& items) {
  folder.put("config.json", config);
  write_safetensors(folder.path("model.safetensors"), items);
  return read(folder.folder().string());
}

TEST(Label, ConfigAgainstHeader) {
  for (const char* config : {R"({"torch_dtype": "bfloat16"})", R"({"dtype": "torch.bfloat16"})",
                             R"({"text_config": {"dtype": "bfloat16"}})"}) {
    const TemporaryFolder folder;
    const Read found = folder_read(folder, config, model(DType::f32));
    const LabelFacts up = found.facts("up");
    EXPECT_EQ(up.sub, "label-vs-config");
    EXPECT_THAT(up.contradiction, HasSubstr("config.json says"));
    EXPECT_THAT(up.contradiction, HasSubstr("bfloat16"));
    EXPECT_THAT(up.contradiction, HasSubstr("the header F32 (3 of 3 weight matrices differ)"));
    EXPECT_EQ(found.facts("norm").contradiction, "") << "norms are kept in f32 by design";
    EXPECT_EQ(found.facts("scale").contradiction, "");
  }
}

TEST(Label, ConfigThatAgreesOrSaysNothing) {
  for (const char* config :
       {R"({"torch_dtype": "bfloat16"})", R"({"torch_dtype": "float32", "text_config": {"torch_dtype": "bfloat16"}})",
        R"({"torch_dtype": "auto"})", R"({"torch_dtype": null})", "{}", "[]"}) {
    const TemporaryFolder folder;
    const Read found = folder_read(folder, config, model(DType::bf16));
    EXPECT_TRUE(found.labels.contradictions.empty()) << config;
    EXPECT_TRUE(found.labels.notes.empty()) << config;
  }
}

/// Routers and the like stay in f32: at least half of the elements must differ.
TEST(Label, IslandsAreNoContradiction) {
  const TemporaryFolder folder;
  std::vector<Item> items = model(DType::bf16);
  items.push_back({"router", DType::f32, {8, 47}});
  EXPECT_EQ(folder_read(folder, R"({"dtype": "bfloat16"})", items).facts("router").contradiction, "");
  items.back().shape = {8, 48};  // 384 of 768
  const Read half = folder_read(folder, R"({"dtype": "bfloat16"})", items);
  EXPECT_NE(half.facts("router").contradiction, "");
  EXPECT_EQ(half.facts("up").contradiction, "") << "only what differs is contradicted";
}

TEST(Label, QuantisedInName) {
  const TemporaryFolder folder;
  const char* config = R"({"torch_dtype": "bfloat16", "quantization_config": {"quant_method": "fp8"}})";
  const Read none = folder_read(folder, config, model(DType::bf16));
  EXPECT_EQ(none.facts("up").sub, "label-vs-config");
  EXPECT_THAT(none.facts("up").contradiction, HasSubstr("announces quantised tensors (fp8), the header BF16"));
  std::vector<Item> items = model(DType::bf16);
  items[0].dtype = DType::f8_e4m3;
  EXPECT_EQ(folder_read(folder, config, items).facts("up").contradiction, "");
  const Read all = folder_read(folder, config, model(DType::f8_e4m3));
  EXPECT_TRUE(all.labels.contradictions.empty()) << "torch_dtype is of what is not quantised";
  items = model(DType::f32);
  items[0].dtype = DType::i32;  // packed
  EXPECT_THAT(folder_read(folder, config, items).facts("up").contradiction, HasSubstr("says bfloat16"));
}

// What a pruned cache leaves: links to nothing.
TEST(Label, AConfigThatIsALinkToNothingIsANote) {
  const TemporaryFolder folder;
  write_safetensors(folder.path("model.safetensors"), model(DType::f32));
  std::filesystem::create_symlink(folder.path("nothing"), folder.path("config.json"));
  const Read found = read(folder.folder().string());
  ASSERT_EQ(found.labels.notes.size(), 1u);
  EXPECT_THAT(found.labels.notes[0], HasSubstr("config.json could not be read"));
}

TEST(Label, DamagedConfigIsANote) {
  const TemporaryFolder folder;
  for (const char* config : {"{\"torch_dtype\": ", "{\"a\": 1, \"a\": 2}", ""}) {
    const Read found = folder_read(folder, config, model(DType::f32));
    EXPECT_TRUE(found.labels.contradictions.empty());
    ASSERT_EQ(found.labels.notes.size(), 1u);
    EXPECT_THAT(found.labels.notes[0], HasSubstr("config.json"));
  }
}

TEST(Label, ConfigIsOfTheModelOnly) {
  const TemporaryFolder folder;
  folder.put("config.json", R"({"torch_dtype": "bfloat16"})");
  write_safetensors(folder.path("optimizer.safetensors"), model(DType::f32));
  write_safetensors(folder.path("model.safetensors"), model(DType::f32));
  EXPECT_TRUE(read(folder.path("optimizer.safetensors")).labels.contradictions.empty());
  EXPECT_FALSE(read(folder.path("model.safetensors")).labels.contradictions.empty());
}

TEST(Label, FileNames) {
  struct Case {
    const char* name;
    DType dtype;
    bool contradicted;
  };
  for (const Case& c : {Case{"llama-3-bf16.safetensors", DType::f16, true},
                        {"llama-3-bf16.safetensors", DType::bf16, false},
                        {"sd_xl.FP16.safetensors", DType::bf16, true},
                        {"sd_xl_fp16.safetensors", DType::f16, false},
                        {"t5-f32.safetensors", DType::bf16, true},
                        {"t5xxl_fp8_e4m3fn.safetensors", DType::f8_e4m3, false},
                        {"flux_fp8.safetensors", DType::bf16, true},
                        {"flux_fp8.safetensors", DType::f8_e5m2, false},
                        {"model-q4_k.safetensors", DType::bf16, true},
                        {"model-int8.safetensors", DType::i8, false},
                        {"bf16-from-fp16.safetensors", DType::f16, true},
                        {"bf16-from-fp16.safetensors", DType::bf16, false},
                        {"via_f16.safetensors", DType::bf16, false},
                        {"bf16-through-fp16.safetensors", DType::bf16, false},
                        {"model-trained-in-fp16.safetensors", DType::bf16, false},
                        {"model-stored-in-fp16.safetensors", DType::bf16, true},
                        {"converted_from_fp16.safetensors", DType::bf16, false},
                        {"vae-fp16-fix.safetensors", DType::f32, false},
                        {"from-us-fp16.safetensors", DType::bf16, true},
                        {"half-life.safetensors", DType::f32, false},
                        {"model-00001-of-00002.safetensors", DType::f32, false}}) {
    const TemporaryFolder folder;
    write_safetensors(folder.path(c.name), model(c.dtype));
    const LabelFacts facts = read(folder.path(c.name)).facts("up");
    EXPECT_EQ(!facts.contradiction.empty(), c.contradicted) << c.name << ": " << facts.contradiction;
    EXPECT_EQ(facts.sub, c.contradicted ? "label-vs-name" : "") << c.name;
  }
}

TEST(Label, Metadata) {
  const TemporaryFolder folder;
  write_safetensors(folder.path("a.safetensors"), model(DType::f32), {{"dtype", "bfloat16"}, {"format", "pt"}});
  EXPECT_THAT(read(folder.path("a.safetensors")).facts("up").contradiction, HasSubstr("metadata say dtype bfloat16"));
  write_safetensors(folder.path("a.safetensors"), model(DType::bf16), {{"dtype", "bfloat16"}});
  EXPECT_EQ(read(folder.path("a.safetensors")).facts("up").contradiction, "");
}

TEST(Label, Gguf) {
  struct Case {
    const char* name;
    std::uint32_t file_type, tensor_type;
    std::uint64_t bytes;
    const char* sub;
  };
  for (const Case& c : {Case{"a.gguf", 32, 30, 256, ""}, Case{"a.gguf", 32, 1, 256, "label-vs-config"},
                        Case{"a.gguf", 1, 30, 256, "label-vs-config"}, Case{"a.gguf", 2, 2, 72, ""},
                        Case{"a.gguf", 2 + 1024, 30, 256, "label-vs-config"}, Case{"a.gguf", 0, 0, 512, ""},
                        Case{"a-BF16.gguf", 0, 0, 512, "label-vs-name"}, Case{"a-Q4_0.gguf", 2, 2, 72, ""},
                        Case{"a-BF16.gguf", 32, 30, 256, ""}}) {
    const TemporaryFolder folder;
    folder.put(c.name, gguf(c.file_type, c.tensor_type, c.bytes));
    const Read found = read(folder.path(c.name));
    EXPECT_EQ(found.facts("blk.0.ffn_up.weight").sub, c.sub) << c.name << " " << c.file_type << " " << c.tensor_type;
  }
}

TEST(Label, Spellings) {
  EXPECT_EQ(dtype_from_label("torch.BFloat16"), DType::bf16);
  EXPECT_EQ(dtype_from_label("half"), DType::f16);
  EXPECT_EQ(dtype_from_label("float8_e4m3fn"), DType::f8_e4m3);
  EXPECT_FALSE(dtype_from_label("auto"));
  EXPECT_FALSE(dtype_from_label(""));
}

}  // namespace
}  // namespace candor::audit_internal
