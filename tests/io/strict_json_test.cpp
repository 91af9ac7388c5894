#include "io/strict_json.h"

#include "candor/error.h"
#include "tests/io/file_builders.h"

namespace candor::io {
namespace {

using testing::error_text;

TEST(StrictJson, KeepsValuesAndOrder) {
  const auto json = parse_strict_json(R"({"b": [1, -2, 0.5, true, null], "a": {"x": "y"}})", "f");
  EXPECT_EQ(json.dump(), R"({"b":[1,-2,0.5,true,null],"a":{"x":"y"}})");
  EXPECT_EQ(json.at("a").at("x"), "y");
  EXPECT_EQ(json.at("b").at(1), -2);
}

TEST(StrictJson, RefusesWithFileAndPosition) {
  const struct {
    std::string text;
    const char* what;
  } cases[] = {{R"({"a": 1, "a": 2})", "byte 9: key 'a' appears twice"},
               {R"({"x": {"a": 1, "a": 2}})", "byte 15: key 'a' appears twice"},
               {R"({"a\"": 1, "a\"": 2})", "byte 11: key 'a\"' appears twice"},
               {R"({"a": 1} x)", "byte 9: not valid JSON"},
               {R"({"a": 1,})", "byte 8: not valid JSON"},
               {"{\"a\": \"\xff\"}", "byte 7: not valid JSON"},
               {"", "byte 0: not valid JSON"},
               {std::string("{}\0{", 4), "byte 2: a NUL byte"},
               {std::string(65, '['), "byte 64: nested deeper than 64"},
               {std::string(2000000, '['), "byte 64: nested deeper than 64"}};
  for (const auto& test : cases) {
    const std::string text = error_text<FormatError>([&] { parse_strict_json(test.text, "some.json"); });
    EXPECT_NE(text.find(test.what), std::string::npos) << text;
    EXPECT_NE(text.find("some.json: "), std::string::npos) << text;
  }
}

TEST(StrictJson, ReadsSmallFilesOnly) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(read_text_file(folder.put("a", "text")), "text");
  EXPECT_NE(error_text<IoError>([&] { read_text_file(folder.path("a"), 3); }).find("4 bytes"), std::string::npos);
  error_text<IoError>([&] { read_text_file(folder.path("absent")); });
  error_text<IoError>([&] { read_text_file(folder.folder().string()); });
}

}  // namespace
}  // namespace candor::io
