// Indices that lie about their shards or point elsewhere.
#include "candor/error.h"
#include "candor/io.h"
#include "tests/io/file_builders.h"

namespace candor {
namespace {

using testing::error_text;
using testing::TemporaryFolder;

const std::string kX = testing::safetensors_bytes(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "!");

struct Case {
  const char* name;
  std::string index;
  const char* what;
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

class IndexHostile : public ::testing::TestWithParam<Case> {};

TEST_P(IndexHostile, IsRefusedByName) {
  const TemporaryFolder folder;
  folder.put("a.safetensors", kX);
  folder.put("b.safetensors", kX);
  folder.put("model.safetensors.index.json", GetParam().index);
  std::string text;
  try {
    Checkpoint::open(folder.folder().string());
    FAIL() << "accepted";
  } catch (const Error& error) {
    text = error.what();
  }
  EXPECT_NE(text.find(GetParam().what), std::string::npos) << text;
  EXPECT_NE(text.find(folder.folder().string()), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Files, IndexHostile,
    ::testing::Values(Case{"empty", "", "not valid JSON"}, Case{"no_object", "[]", "no object 'weight_map'"},
                      Case{"no_map", R"({"metadata":{}})", "no object 'weight_map'"},
                      Case{"empty_map", R"({"weight_map":{}})", "names no tensor"},
                      Case{"map_is_array", R"({"weight_map":[]})", "no object 'weight_map'"},
                      Case{"duplicate", R"({"weight_map":{"x":"a.safetensors","x":"b.safetensors"}})",
                           "byte 35: key 'x' appears twice"},
                      Case{"number", R"({"weight_map":{"x":1}})", "'x' no file name"},
                      Case{"parent", R"({"weight_map":{"x":"../a.safetensors"}})", "no plain file name"},
                      Case{"absolute", R"({"weight_map":{"x":"/etc/passwd"}})", "no plain file name"},
                      Case{"dots", R"({"weight_map":{"x":".."}})", "no plain file name"},
                      Case{"nul", R"({"weight_map":{"x":"a\u0000.safetensors"}})", "no plain file name"},
                      Case{"missing_shard", R"({"weight_map":{"x":"c.safetensors"}})", "c.safetensors: this shard"},
                      Case{"missing_tensor", R"({"weight_map":{"x":"a.safetensors","y":"a.safetensors"}})",
                           "'y' should be in a.safetensors"},
                      Case{"unlisted_tensor", R"({"weight_map":{"y":"a.safetensors"}})", "'y'"},
                      Case{"twice", R"({"weight_map":{"x":"a.safetensors","y":"b.safetensors"}})", "again in"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(IndexHostile, AShardThatIsNotTheSaidOne) {
  const TemporaryFolder folder;
  folder.put("a.safetensors", kX);
  folder.put("b.safetensors",
             testing::safetensors_bytes(R"({"y":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "!"));
  folder.put("model.safetensors.index.json", R"({"weight_map":{"x":"b.safetensors","y":"a.safetensors"}})");
  const std::string text = error_text<FormatError>([&] { Checkpoint::open(folder.folder().string()); });
  EXPECT_NE(text.find("'x' should be in b.safetensors but is in a.safetensors"), std::string::npos) << text;
}

}  // namespace
}  // namespace candor
