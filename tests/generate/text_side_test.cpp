// Tokenizer and chat template as the files beside a model state them, and what is said when one cannot be used.
#include <gmock/gmock.h>

#include <sys/stat.h>

#include "candor/error.h"
#include "tests/models/gguf_twin.h"

namespace candor::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

// A copy of the model with these fields in its tokenizer_config.json.
void edit_tokenizer_config(const ModelCopy& copy, const Json& fields) {
  std::ifstream in(copy.file("tokenizer_config.json"));
  Json config = Json::parse(in);
  config.update(fields);
  copy.write("tokenizer_config.json", config.dump());
}

std::string no_tokenizer(const ModelCopy& copy) {
  return error_text<FormatError>([&] { load(copy.path(), "bf16").tokenizer(); });
}

TEST(TextSideTest, EndTokenOnlyInTokenizerConfig) {
  const ModelCopy copy("gqa_tied");
  copy.edit_config([](Json& config) { config["eos_token_id"] = nullptr; });
  const LanguageModel model = load(copy.path(), "bf16");
  EXPECT_EQ(model.end_tokens(), std::vector<TokenId>{2});  // "<|im_end|>"
  EXPECT_EQ(model.tokenizer().eos(), 2);
  EXPECT_EQ(model.tokenizer().bos(), 1);
}

TEST(TextSideTest, TokenizerConfigFlagsReachTheTokenizer) {
  const ModelCopy copy("gqa_tied");
  EXPECT_EQ(load(copy.path(), "bf16").tokenizer().encode("a", true, false).size(), 1u);
  edit_tokenizer_config(copy, {{"add_bos_token", true}, {"add_eos_token", true}});
  const std::vector<TokenId> ids = load(copy.path(), "bf16").tokenizer().encode("a", true, false);
  ASSERT_EQ(ids.size(), 3u);
  EXPECT_EQ(ids.front(), 1);
  EXPECT_EQ(ids.back(), 2);
}

TEST(TextSideTest, BrokenTokenizerConfigIsNamedByBoth) {
  const std::pair<std::string, const char*> broken[] = {
      {"{\"bos_token\": ", "not valid JSON"},
      {"{\"bos_token\": 1e999}", "1e999"},
      {"{\"bos_token\": \"a\", \"bos_token\": \"b\"}", "'bos_token' appears twice"},
      {std::string("{}\0{", 4), "NUL"},
      {"{\"bos_token\": 3}", "bos_token"},
      {"[]", "object"},
      {"{\"add_bos_token\": \"yes\"}", "add_bos_token"}};
  for (const auto& [text, said] : broken) {
    const ModelCopy copy("gqa_tied");
    copy.write("tokenizer_config.json", text);
    const LanguageModel model = load(copy.path(), "bf16");  // logits need neither
    for (const std::string& error :
         {error_text<FormatError>([&] { model.tokenizer(); }), error_text<FormatError>([&] { model.chat_template(); })})
      EXPECT_THAT(error, AllOf(HasSubstr(copy.file("tokenizer_config.json")), HasSubstr(said)));
  }
}

TEST(TextSideTest, NamedTokensMustExist) {
  const ModelCopy copy("gqa_tied");
  edit_tokenizer_config(copy, {{"eos_token", "<nothing>"}});
  EXPECT_THAT(no_tokenizer(copy), AllOf(HasSubstr(copy.file("tokenizer.json")), HasSubstr("eos_token \"<nothing>\"")));
}

TEST(TextSideTest, WhatFilesSayIsPrintedSafely) {
  const ModelCopy copy("gqa_tied");
  std::ifstream in(copy.file("tokenizer.json"));
  Json tokenizer = Json::parse(in);
  tokenizer["normalizer"] = {{"type", "\x1b[2JLower\ncase"}};
  copy.write("tokenizer.json", tokenizer.dump());
  EXPECT_THAT(no_tokenizer(copy), HasSubstr("\\x1b[2JLower\\x0acase"));
  copy.write("chat_template.jinja", "{{ 'a' | \x1b[2J }}");
  EXPECT_EQ(error_text<FormatError>([&] { load(copy.path(), "bf16").chat_template(); }).find('\x1b'),
            std::string::npos);
}

TEST(TextSideTest, FilesThatCannotBeReadAreNamedAndNotCalledMissing) {
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"}) {
    const ModelCopy copy("gqa_tied");
    copy.remove(name);
    ASSERT_EQ(mkfifo(copy.file(name).c_str(), 0600), 0);
    EXPECT_THAT(no_tokenizer(copy), AllOf(HasSubstr(copy.file(name)), HasSubstr("not a regular file")));
  }
  const ModelCopy copy("gqa_tied");
  std::filesystem::create_directory(copy.file("chat_template.jinja"));
  EXPECT_THAT(error_text<FormatError>([&] { load(copy.path(), "bf16").chat_template(); }),
              AllOf(HasSubstr(copy.file("chat_template.jinja")), HasSubstr("not a regular file")));
}

TEST(TextSideTest, ATemplateThatCannotBeUsedIsNotAbsent) {
  const ModelCopy copy("gqa_tied");
  copy.write("chat_template.jinja", "{% include 'x' %}");
  const LanguageModel model = load(copy.path(), "bf16");
  EXPECT_TRUE(model.has_chat_template());
  EXPECT_THAT(error_text<FormatError>([&] { model.chat_template(); }),
              AllOf(HasSubstr(copy.file("chat_template.jinja")), HasSubstr("include"), HasSubstr("--raw")));
}

TEST(TextSideTest, GgufWithoutATokenizerSaysSo) {
  const GgufTwin twin("gqa_tied");
  const std::string file = twin.write();
  const LanguageModel model = load(file, "bf16");
  EXPECT_THAT(error_text<FormatError>([&] { model.tokenizer(); }),
              AllOf(HasSubstr(file), HasSubstr("'tokenizer.ggml.model' is missing"), HasSubstr("--tokens"),
                    HasSubstr("take a file")));
}

TEST(TextSideTest, GgufIdsOutsideTheVocabulary) {
  GgufTwin twin("gqa_tied");
  twin.add_tokenizer();
  twin.set_u64("tokenizer.ggml.bos_token_id", (std::uint64_t{1} << 32) + 2);  // would be 2 in 32 bits
  const std::string file = twin.write();
  EXPECT_THAT(error_text<FormatError>([&] { load(file, "bf16").tokenizer(); }),
              AllOf(HasSubstr(file), HasSubstr("tokenizer.ggml.bos_token_id"), HasSubstr("4294967298")));
}

}  // namespace
}  // namespace candor::test
