// tokenizer.json: what is refused, and how it says so.
#include <gmock/gmock.h>

#include "candor/error.h"
#include "tests/text/fixtures.h"
#include "text/pre_tokenizer.h"
#include "text/split_regex.h"

namespace candor::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

json tiny() {
  return json::parse(R"({
    "added_tokens": [{"id": 5, "content": "<|end|>", "single_word": false, "lstrip": false, "rstrip": false,
                      "normalized": false, "special": true}],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "post_processor": null,
    "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
              "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
              "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4}, "merges": [["a", "b"], ["ab", "c"]]}})");
}

std::string refusal(const json& document) {
  return message_of<FormatError>([&] { Tokenizer::from_tokenizer_json(document.dump(), "t.json"); });
}

/// The refusal after the value at `pointer` became `value`.
std::string refusal_with(const std::string& pointer, const json& value) {
  json document = tiny();
  document[json::json_pointer(pointer)] = value;
  return refusal(document);
}

TEST(TokenizerJson, TheTinyOneWorks) {
  const Tokenizer tokenizer = Tokenizer::from_tokenizer_json(tiny().dump(), "t.json");
  EXPECT_EQ(tokenizer.encode("abc<|end|>cab", false, true), (std::vector<TokenId>{4, 5, 2, 3}));
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{4, 5, 2, 3}), "abc<|end|>cab");
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{4, 5, 2, 3}, true), "abccab");
}

TEST(TokenizerJson, BothSpellingsOfMerges) {
  json document = tiny();
  document["model"]["merges"] = {"a b", "ab c"};
  EXPECT_EQ(Tokenizer::from_tokenizer_json(document.dump(), "t.json").encode("abc", false, true),
            std::vector<TokenId>{4});
}

TEST(TokenizerJson, NotJson) {
  const auto parse = [](const std::string& text) {
    return message_of<FormatError>([&] { Tokenizer::from_tokenizer_json(text, "t.json"); });
  };
  EXPECT_THAT(parse(""), HasSubstr("t.json: not valid JSON"));
  EXPECT_THAT(parse("{\"model\": "), HasSubstr("not valid JSON at byte"));
  EXPECT_THAT(parse("[]"), HasSubstr("is not a JSON object"));
  EXPECT_THAT(parse("{}"), HasSubstr("lacks the field \"model\""));
  EXPECT_THAT(parse(std::string(100000, '[')), HasSubstr("nested deeper"));
  EXPECT_THAT(parse("{\"model\":{\"vocab\":{\"a\":1e999}}}"), HasSubstr("t.json"));
}

TEST(TokenizerJson, OtherModelsAndOptions) {
  EXPECT_THAT(refusal_with("/model/type", "WordPiece"),
              AllOf(HasSubstr("is a WordPiece model, only BPE"), HasSubstr("--tokens")));
  EXPECT_THAT(refusal_with("/model/dropout", 0.1),
              HasSubstr("dropout is 0.1, which makes encoding random; write null"));
  EXPECT_THAT(
      refusal_with("/model/byte_fallback", true),
      AllOf(HasSubstr("byte_fallback is true, as in SentencePiece's"), HasSubstr("only byte-level BPE is supported"),
            HasSubstr("use a model with a byte-level BPE tokenizer"), HasSubstr("candor logits --tokens")));
  EXPECT_THAT(refusal_with("/model/end_of_word_suffix", "</w>"),
              AllOf(HasSubstr("end_of_word_suffix \"</w>\""), HasSubstr("--tokens")));
  EXPECT_THAT(refusal_with("/model/continuing_subword_prefix", "##"), HasSubstr("continuing_subword_prefix"));
  EXPECT_THAT(refusal_with("/model/unk_token", "<unk>"),
              AllOf(HasSubstr("\"<unk>\" is not in the vocabulary"), HasSubstr("get it again")));
  EXPECT_THAT(refusal_with("/model/novelty", 1), HasSubstr("\"novelty\", whose meaning is not known"));
  EXPECT_EQ(refusal_with("/model/dropout", 0.0), "");
}

TEST(TokenizerJson, OtherComponents) {
  EXPECT_THAT(refusal_with("/normalizer", {{"type", "Lowercase"}}),
              HasSubstr("the normalizer Lowercase is not supported"));
  EXPECT_THAT(refusal_with("/pre_tokenizer", {{"type", "Metaspace"}}), HasSubstr("the pre-tokenizer Metaspace"));
  EXPECT_THAT(refusal_with("/pre_tokenizer", nullptr), HasSubstr("has no ByteLevel"));
  EXPECT_THAT(refusal_with("/pre_tokenizer/add_prefix_space", true), HasSubstr("add_prefix_space"));
  EXPECT_THAT(refusal_with("/decoder", {{"type", "WordPiece"}}), HasSubstr("the decoder WordPiece"));
  EXPECT_THAT(refusal_with("/decoder", nullptr), HasSubstr("decoder"));
  EXPECT_THAT(refusal_with("/post_processor", {{"type", "RobertaProcessing"}}),
              HasSubstr("the post-processor RobertaProcessing"));
  const json split = {{"type", "Split"}, {"pattern", {{"Regex", "a"}}}, {"behavior", "Sideways"}, {"invert", false}};
  EXPECT_THAT(refusal_with("/pre_tokenizer", split), HasSubstr("\"Sideways\" is not known"));
}

TEST(TokenizerJson, HostileIds) {
  EXPECT_THAT(refusal_with("/model/vocab/a", 1), AllOf(HasSubstr("id 1 belongs to both"), HasSubstr("get it again")));
  EXPECT_THAT(refusal_with("/model/vocab/a", -1), HasSubstr("\"a\": id -1 is out of range, ids lie in [0, "));
  EXPECT_THAT(refusal_with("/model/vocab/a", 2147483648), HasSubstr("is out of range"));
  EXPECT_THAT(refusal_with("/model/vocab/a", 4000000), HasSubstr("unused ids"));
  EXPECT_THAT(refusal_with("/model/vocab/a", "0"), HasSubstr("the id of \"a\" is not an integer"));
  EXPECT_THAT(refusal_with("/added_tokens/0/id", 3), HasSubstr("id 3 belongs to both \"ab\" and \"<|end|>\""));
  EXPECT_THAT(refusal_with("/added_tokens/0/id", -5), HasSubstr("out of range"));
  EXPECT_THAT(refusal_with("/added_tokens/0/content", ""), AllOf(HasSubstr("is empty"), HasSubstr("get it again")));
  EXPECT_THAT(refusal_with("/added_tokens/0/content", 3), HasSubstr("\"content\" is not a string"));
  EXPECT_THAT(refusal_with("/model/merges/0", json::array({"a", "q"})), HasSubstr("names \"q\""));
  EXPECT_THAT(refusal_with("/model/merges/0", json::array({"a", "b", "c"})), HasSubstr("merge 0 is neither"));
  EXPECT_THAT(refusal_with("/model/merges/0", json::array({"a b", "c"})), HasSubstr("one space"));
  EXPECT_THAT(refusal_with("/model/merges", "a b"), HasSubstr("\"merges\" is not an array"));
  EXPECT_THAT(refusal_with("/model/vocab", json::array({0, 1})), HasSubstr("vocab: is not a JSON object"));
}

TEST(TokenizerJson, TemplateIdsAreChecked) {
  json post = {{"type", "TemplateProcessing"},
               {"single", json::array({{{"SpecialToken", {{"id", "<|end|>"}, {"type_id", 0}}}},
                                       {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}})},
               {"pair", json::array()},
               {"special_tokens", {{"<|end|>", {{"id", "<|end|>"}, {"ids", {5}}, {"tokens", {"<|end|>"}}}}}}};
  json document = tiny();
  document["post_processor"] = post;
  const Tokenizer tokenizer = Tokenizer::from_tokenizer_json(document.dump(), "t.json");
  EXPECT_EQ(tokenizer.encode("a", true, true), (std::vector<TokenId>{5, 0}));
  EXPECT_EQ(tokenizer.bos(), 5);
  EXPECT_EQ(tokenizer.eos(), std::nullopt);
  post["special_tokens"]["<|end|>"]["ids"] = {6};
  EXPECT_THAT(refusal_with("/post_processor", post), HasSubstr("the id 6 is outside the vocabulary of 6"));
  post["single"] = json::array();
  EXPECT_THAT(refusal_with("/post_processor", post), HasSubstr("lacks the sequence A"));
}

TEST(TokenizerJson, ConfigNamesBosAndEos) {
  const TokenizerConfig config = TokenizerConfig::parse(
      R"({"bos_token": {"content": "<|end|>", "lstrip": false}, "eos_token": "abc", "pad_token": null,
          "chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]})",
      "c.json");
  EXPECT_EQ(config.chat_template, "D");
  EXPECT_EQ(config.pad_token, std::nullopt);
  EXPECT_EQ(config.other_templates, std::vector<std::string>{});
  const Tokenizer tokenizer = Tokenizer::from_tokenizer_json(tiny().dump(), "t.json", config);
  EXPECT_EQ(tokenizer.bos(), 5);
  EXPECT_EQ(tokenizer.eos(), 4);
  TokenizerConfig unknown;
  unknown.eos_token = "<nothing>";
  EXPECT_THAT(message_of<FormatError>([&] { Tokenizer::from_tokenizer_json(tiny().dump(), "t.json", unknown); }),
              AllOf(HasSubstr("the eos_token \"<nothing>\""), HasSubstr("from one model")));
  EXPECT_THAT(message_of<FormatError>([] { TokenizerConfig::parse("{\"bos_token\": 3}", "c.json"); }),
              HasSubstr("\"bos_token\" is not a string"));
  EXPECT_THAT(message_of<FormatError>([] { TokenizerConfig::parse("nonsense", "c.json"); }),
              HasSubstr("c.json: is not valid JSON"));
}

TEST(TokenizerJson, ConfigListsTemplatesWithoutADefault) {
  const TokenizerConfig config = TokenizerConfig::parse(
      R"({"chat_template": [{"name": "rag", "template": "R"}, {"name": "tool_use", "template": "T"}]})", "c.json");
  EXPECT_EQ(config.chat_template, std::nullopt);
  EXPECT_EQ(config.other_templates, (std::vector<std::string>{"rag", "tool_use"}));
  EXPECT_THAT(
      message_of<FormatError>([] { TokenizerConfig::parse(R"({"chat_template": [{"name": "x"}]})", "c.json"); }),
      AllOf(HasSubstr("c.json"), HasSubstr("\"template\"")));
}

TEST(TokenizerJson, ConfigFlagsActWhereThePostProcessorIsSilent) {
  TokenizerConfig config = TokenizerConfig::parse(
      R"({"bos_token": "<|end|>", "eos_token": "abc", "add_bos_token": true, "add_eos_token": false})", "c.json");
  const auto ids = [&] {
    return Tokenizer::from_tokenizer_json(tiny().dump(), "t.json", config).encode("a", true, false);
  };
  EXPECT_EQ(ids(), (std::vector<TokenId>{5, 0}));
  config.add_eos_token = true;
  EXPECT_EQ(ids(), (std::vector<TokenId>{5, 0, 4}));
  config.add_bos_token = config.add_eos_token = false;
  EXPECT_EQ(ids(), std::vector<TokenId>{0});
  config.bos_token.reset();
  config.add_bos_token = true;
  EXPECT_THAT(message_of<FormatError>(ids), AllOf(HasSubstr("add_bos_token"), HasSubstr("bos_token is missing")));
}

TEST(TokenizerJson, ConfigFlagsMustNotContradictThePostProcessor) {
  json document = tiny();
  document["post_processor"] = {{"type", "TemplateProcessing"},
                                {"single", json::array({{{"SpecialToken", {{"id", "<|end|>"}, {"type_id", 0}}}},
                                                        {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}})},
                                {"pair", json::array()},
                                {"special_tokens", {{"<|end|>", {{"id", "<|end|>"}, {"ids", {5}}}}}}};
  TokenizerConfig config;
  const auto load = [&] { return Tokenizer::from_tokenizer_json(document.dump(), "t.json", config); };
  config.bos_token = "<|end|>";
  config.add_bos_token = true;
  EXPECT_EQ(load().encode("a", true, false), (std::vector<TokenId>{5, 0}));
  config.add_bos_token = false;
  EXPECT_THAT(message_of<FormatError>(load), AllOf(HasSubstr("t.json: add_bos_token of tokenizer_config.json is false"),
                                                   HasSubstr("adds that token"), HasSubstr("must agree")));
  config.add_bos_token.reset();
  config.eos_token = "abc";
  config.add_eos_token = true;
  EXPECT_THAT(message_of<FormatError>(load), AllOf(HasSubstr("add_eos_token"), HasSubstr("does not add that token")));
  EXPECT_THAT(message_of<FormatError>([] { TokenizerConfig::parse("{\"add_bos_token\": 1}", "c.json"); }),
              AllOf(HasSubstr("c.json"), HasSubstr("\"add_bos_token\"")));
}

TEST(TokenizerJson, NothingHidesBehindANulByte) {
  const std::string hidden = tiny().dump() + std::string(1, '\0') + "{";
  EXPECT_THAT(message_of<FormatError>([&] { Tokenizer::from_tokenizer_json(hidden, "t.json"); }),
              AllOf(HasSubstr("t.json"), HasSubstr("NUL")));
}

TEST(AddedTokens, BlanksBeforeATokenAreLookedAtOnce) {  // a square of this length would take hours
  json document = tiny();
  document["added_tokens"].push_back({{"id", 6}, {"content", "\n"}, {"lstrip", true}, {"special", false}});
  const Tokenizer tokenizer = Tokenizer::from_tokenizer_json(document.dump(), "t.json");
  EXPECT_EQ(tokenizer.encode(std::string(2000000, '\n'), false, false), std::vector<TokenId>(2000000, 6));
  EXPECT_EQ(tokenizer.encode("a \t\n \nb", false, false), (std::vector<TokenId>{0, 6, 6, 1}));
}

TEST(SplitRegex, ConstructsOnWhichEnginesDifferAreRefusedByName) {
  const auto refuse = [](const char* pattern) {
    return message_of<FormatError>([&] { text::SplitRegex(pattern, "t.json: Split"); });
  };
  EXPECT_THAT(refuse("\\h"), HasSubstr("uses \\h at offset 0"));
  EXPECT_THAT(refuse("a\\bc"), HasSubstr("uses \\b at offset 1"));
  EXPECT_THAT(refuse("[a&&b]"), HasSubstr("class intersection"));
  EXPECT_THAT(refuse("[a[b]]"), HasSubstr("class within a class"));
  EXPECT_THAT(refuse("(?m:a)"), HasSubstr("the group (?m:"));
  EXPECT_THAT(refuse("(?<name>a)"), HasSubstr("the group (?<n"));
  EXPECT_THAT(refuse("a{2}+"), HasSubstr("repeat count followed by"));
  EXPECT_THAT(refuse("a{,2}"), HasSubstr("no repeat count"));
  EXPECT_THAT(refuse("\\1"), HasSubstr("uses \\1"));
  EXPECT_THAT(refuse("(a"), HasSubstr("does not compile"));
  EXPECT_THAT(refuse("[a"), HasSubstr("class without its end"));
  EXPECT_THAT(refuse("a\\"), HasSubstr("backslash at its end"));
  EXPECT_THAT(refuse("\\p{Nonsense}"), HasSubstr("does not compile"));
  EXPECT_EQ(refuse("\\s+(?!\\S)|[^\\s\\p{L}]?\\w++|\\x{3000}\\u0041"), "");
}

TEST(SplitRegex, EndlessBacktrackingIsAnError) {
  const text::SplitRegex regex("(?:a|aa|aaa)+[bc]", "t.json: Split");
  std::vector<text::Segment> segments;
  text::StepBudget budget;
  EXPECT_THAT(message_of<ValueError>([&] { regex.match(std::string(200, 'a'), segments, budget); }),
              AllOf(HasSubstr("gave up"), HasSubstr("200 bytes")));
}

TEST(SplitRegex, CostlyMatchesShareOneBudgetPerText) {
  text::PreTokenizer words;
  words.add(text::LiteralMatcher{"\n"});  // as many texts for the expression as there are lines
  words.add(text::SplitRegex("(?:a|aa|aaa)+[bc]|.", "t.json: Split"));
  const auto split = [&](int lines) {
    std::string text;
    for (int i = 0; i < lines; ++i) text += std::string(14, 'a') + "\n";
    std::vector<std::string_view> out;
    text::StepBudget budget;
    words.split(text, out, budget);
    return out.size();
  };
  EXPECT_EQ(split(20), 20u * 15);
  EXPECT_THAT(message_of<ValueError>([&] { split(2000); }), HasSubstr("gave up"));
}

TEST(SplitRegex, CostlyPositionsChangeNoMatch) {  // those before, at and after one, and where it matches late
  const text::SplitRegex regex("(?:a|aa|aaa)+b|c+|\\d", "t.json: Split");
  const std::string run(15, 'a');
  std::vector<text::Segment> segments;
  text::StepBudget budget;
  regex.match("xcc" + run + "x1" + run + "bc", segments, budget);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> matches;
  for (const text::Segment& s : segments)
    if (s.match) matches.emplace_back(s.span.begin, s.span.end);
  EXPECT_EQ(matches, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{1, 3}, {19, 20}, {20, 36}, {36, 37}}));
  EXPECT_LT(budget.left, text::StepBudget().left);
}

}  // namespace
}  // namespace candor::test
