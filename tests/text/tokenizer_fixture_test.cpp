// Every torture text through every pipeline, against the ids that Hugging Face's tokenizers gave
// (make_tokenizer_fixtures.py).
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/text/fixtures.h"
#include "text/known_patterns.h"

namespace candor::test {
namespace {

constexpr const char* kNamedByGguf[] = {"smollm", "gpt2", "qwen2", "llama-bpe"};

std::vector<std::string> pipelines() {
  std::vector<std::string> names;
  for (const auto& [name, document] : fixture("tokenizers.json")["documents"].items()) names.push_back(name);
  return names;
}

void expect_ids(const Tokenizer& tokenizer, const std::string& pipeline) {
  for (const nlohmann::json& test : fixture("tokenizers.json")["cases"]) {
    const std::string text = test["text"];
    const auto special = test["ids"][pipeline].get<std::vector<TokenId>>();
    EXPECT_EQ(tokenizer.encode(text, true, true), special) << testing::PrintToString(text);
    const auto plain = test["plain"].contains(pipeline) ? test["plain"][pipeline].get<std::vector<TokenId>>() : special;
    EXPECT_EQ(tokenizer.encode(text, true, false), plain) << "control tokens as text: " << testing::PrintToString(text);
  }
}

class TokenizerFixture : public testing::TestWithParam<std::string> {};

TEST_P(TokenizerFixture, FromTokenizerJson) { expect_ids(tokenizer_from_json(GetParam()), GetParam()); }

TEST_P(TokenizerFixture, StreamingGivesTheTextOfDecode) {
  const Tokenizer tokenizer = tokenizer_from_json(GetParam());
  for (const nlohmann::json& test : fixture("tokenizers.json")["cases"]) {
    const std::vector<TokenId> ids = tokenizer.encode(test["text"].get<std::string>(), false, true);
    for (const bool skip_special : {false, true}) {
      StreamingDetokenizer stream(tokenizer, skip_special);
      std::string text;
      for (const TokenId id : ids) text += stream.push(id);
      EXPECT_EQ(text + stream.flush(), tokenizer.decode(ids, skip_special));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Pipelines, TokenizerFixture, testing::ValuesIn(pipelines()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

TEST(KnownPattern, CutsWhereHuggingFaceDoes) {  // also where no token of the vocabulary would show it
  using text::KnownPattern;
  const std::map<std::string, KnownPattern> patterns = {
      {"gpt2", KnownPattern::gpt2}, {"qwen2", KnownPattern::qwen2}, {"llama3", KnownPattern::llama3}};
  for (const nlohmann::json& test : fixture("tokenizers.json")["cases"]) {
    const std::string text = test["text"];
    for (const auto& [name, pattern] : patterns) {
      std::vector<text::Segment> segments;
      text::match_known_pattern(pattern, text, segments);
      std::vector<int> lengths;
      for (const text::Segment& segment : segments) {
        const auto begin = text.begin() + segment.span.begin, end = text.begin() + segment.span.end;
        lengths.push_back(static_cast<int>(std::count_if(begin, end, [](char c) { return (c & 0xc0) != 0x80; })));
      }
      EXPECT_EQ(lengths, test["splits"][name].get<std::vector<int>>()) << name << " " << testing::PrintToString(text);
    }
  }
}

TEST(TokenizerFixture, FromDescription) {
  for (const char* pre : kNamedByGguf) {
    SCOPED_TRACE(pre);
    expect_ids(Tokenizer::from_description(description(pre)), pre);
  }
}

TEST(TokenizerFixture, DecodingGivesTheTextBack) {
  const Tokenizer tokenizer = tokenizer_from_json("gpt2");
  for (const nlohmann::json& test : fixture("tokenizers.json")["cases"]) {
    const std::string text = test["text"];
    if (text.find('\x06') != std::string::npos) continue;  // the vocabulary lacks that byte
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text, false, true)), text);
  }
}

TEST(TokenizerFixture, FixturesTellThePipelinesApart) {  // a fixture on which all agree would test nothing
  for (const std::string& a : pipelines()) {
    for (const std::string& b : pipelines()) {
      if (a == b || (a == "qwen2" && b == "qwen2-regex") || (b == "qwen2" && a == "qwen2-regex")) continue;
      int differing = 0;
      for (const nlohmann::json& test : fixture("tokenizers.json")["cases"]) {
        differing += test["ids"][a] != test["ids"][b];
      }
      EXPECT_GT(differing, 0) << a << " and " << b;
    }
  }
}

}  // namespace
}  // namespace candor::test
