// GGUF's description: what it may say, and what is refused.
#include <gmock/gmock.h>

#include <thread>

#include "candor/error.h"
#include "tests/text/fixtures.h"

namespace candor::test {
namespace {

using testing::HasSubstr;

/// The bytes a, b, c with the merges ab and abc, and one control token.
TokenizerDescription tiny() {
  TokenizerDescription d;
  d.model = "gpt2";
  d.pre = "gpt2";
  d.tokens = {"a", "b", "c", "ab", "abc", "<|end|>", "<tool>"};
  d.types = {1, 1, 1, 1, 1, 3, 4};
  d.merges = {"a b", "ab c"};
  return d;
}

std::string refusal(const TokenizerDescription& d) {
  return message_of<FormatError>([&] { Tokenizer::from_description(d); });
}

TEST(TokenizerDescription, MissingOrUnknownPreListsTheKnownOnes) {
  TokenizerDescription d = tiny();
  d.pre = "";
  EXPECT_THAT(refusal(d),
              testing::AllOf(HasSubstr("tokenizer.ggml.pre: missing"), HasSubstr("smollm"), HasSubstr("llama-bpe")));
  d.pre = "default";
  EXPECT_THAT(refusal(d), testing::AllOf(HasSubstr("\"default\" is not known"), HasSubstr("qwen2")));
}

TEST(TokenizerDescription, Aliases) {
  for (const char* pre : {"llama3", "llama-v3"}) {
    TokenizerDescription d = description("llama-bpe");
    const std::vector<TokenId> expected = Tokenizer::from_description(d).encode("It'S 12345 tests\n\n ok", true, true);
    d.pre = pre;
    EXPECT_EQ(Tokenizer::from_description(d).encode("It'S 12345 tests\n\n ok", true, true), expected);
  }
  TokenizerDescription d = tiny();
  d.pre = "gpt-2";
  EXPECT_EQ(Tokenizer::from_description(d).encode("abc", false, false), std::vector<TokenId>{4});
}

TEST(TokenizerDescription, OtherModelsAreRefused) {
  TokenizerDescription d = tiny();
  d.model = "llama";
  EXPECT_THAT(refusal(d), HasSubstr("tokenizer.ggml.model: is \"llama\""));
}

TEST(TokenizerDescription, HostileLists) {
  TokenizerDescription d = tiny();
  d.tokens[1] = "a";
  EXPECT_THAT(refusal(d), HasSubstr("tokens 0 and 1 are both \"a\""));
  d = tiny();
  d.types.pop_back();
  EXPECT_THAT(refusal(d), HasSubstr("has 6 entries, tokenizer.ggml.tokens has 7"));
  d = tiny();
  d.types[2] = 6;
  EXPECT_THAT(refusal(d), HasSubstr("token 2 has type 6"));
  d = tiny();
  d.types[2] = -1;
  EXPECT_THAT(refusal(d), HasSubstr("type -1"));
  d = tiny();
  d.tokens.clear();
  d.types.clear();
  EXPECT_THAT(refusal(d), HasSubstr("vocabulary is empty"));
  d = tiny();
  d.tokens[6] = d.tokens[5];
  EXPECT_THAT(refusal(d), HasSubstr("repeats the text of token 5"));
  d = tiny();
  d.tokens[5] = "\xff\xfe";
  EXPECT_THAT(refusal(d), HasSubstr("is not UTF-8"));
  d = tiny();
  d.tokens[5] = std::string(5000, 'x');
  EXPECT_THAT(refusal(d), HasSubstr("has 5000 bytes, at most 1024"));
}

TEST(TokenizerDescription, HostileMerges) {
  TokenizerDescription d = tiny();
  d.merges.push_back("ab d");
  EXPECT_THAT(refusal(d), testing::AllOf(HasSubstr("merge 2"), HasSubstr("names \"d\"")));
  d = tiny();
  d.merges.push_back("b c");  // both known, the result is not
  EXPECT_THAT(refusal(d), HasSubstr("names \"bc\""));
  for (const char* merge : {"", "a", "a b c", "a  b", "ab"}) {
    d = tiny();
    d.merges.push_back(merge);
    EXPECT_THAT(refusal(d), HasSubstr("expected two tokens with one space")) << merge;
  }
}

TEST(TokenizerDescription, IdsOutOfRange) {
  TokenizerDescription d = tiny();
  d.bos = 7;
  EXPECT_THAT(refusal(d), HasSubstr("tokenizer.ggml.bos_token_id: is 7"));
  d = tiny();
  d.eos = -1;
  EXPECT_THAT(refusal(d), HasSubstr("eos_token_id: is -1"));
  d = tiny();
  d.unk = 1 << 30;
  EXPECT_THAT(refusal(d), HasSubstr("unknown_token_id"));
  d = tiny();
  d.pad = 100;
  EXPECT_THAT(refusal(d), HasSubstr("padding_token_id"));
  d = tiny();
  d.add_bos = true;
  EXPECT_THAT(refusal(d), HasSubstr("tokenizer.ggml.add_bos_token: is true"));
}

TEST(TokenizerDescription, BosAndEosAreAddedWhenTheFileSaysSo) {
  TokenizerDescription d = tiny();
  d.bos = 5;
  d.eos = 6;
  d.add_bos = d.add_eos = true;
  const Tokenizer tokenizer = Tokenizer::from_description(d);
  EXPECT_EQ(tokenizer.encode("ab", true, false), (std::vector<TokenId>{5, 3, 6}));
  EXPECT_EQ(tokenizer.encode("ab", false, false), (std::vector<TokenId>{3}));
  EXPECT_EQ(tokenizer.bos(), 5);
  EXPECT_EQ(tokenizer.eos(), 6);
}

TEST(TokenizerDescription, LlamaAddsBosUnlessToldNotTo) {
  TokenizerDescription d = tiny();
  d.pre = "llama-bpe";
  d.bos = 5;
  EXPECT_EQ(Tokenizer::from_description(d).encode("ab", true, false), (std::vector<TokenId>{5, 3}));
  d.add_bos = false;
  EXPECT_EQ(Tokenizer::from_description(d).encode("ab", true, false), (std::vector<TokenId>{3}));
}

TEST(TokenizerDescription, ControlTokensOnlyOnRequestUserDefinedAlways) {
  const Tokenizer tokenizer = Tokenizer::from_description(tiny());
  EXPECT_EQ(tokenizer.encode("a<|end|>b", false, true), (std::vector<TokenId>{0, 5, 1}));
  EXPECT_EQ(tokenizer.encode("a<|end|>b", false, false), (std::vector<TokenId>{0, 1}));  // other bytes have no token
  EXPECT_EQ(tokenizer.encode("a<tool>b", false, false), (std::vector<TokenId>{0, 6, 1}));
  EXPECT_TRUE(tokenizer.is_special(5));
  EXPECT_FALSE(tokenizer.is_special(6));
  EXPECT_FALSE(tokenizer.is_special(-1));
  EXPECT_FALSE(tokenizer.is_special(1000));
}

TEST(TokenizerDescription, WholeWordsNeverBecomeControlTokens) {
  TokenizerDescription d = tiny();
  d.pre = "llama-bpe";
  d.add_bos = false;
  d.tokens[5] = "bca";  // a control token that looks like a word
  EXPECT_EQ(Tokenizer::from_description(d).encode("bca", false, false), (std::vector<TokenId>{1, 2, 0}));
  EXPECT_EQ(Tokenizer::from_description(d).encode("bca", false, true), (std::vector<TokenId>{5}));
}

TEST(TokenizerDescription, FindAndBytes) {
  const Tokenizer tokenizer = Tokenizer::from_description(tiny());
  EXPECT_EQ(tokenizer.vocabulary_size(), 7u);
  EXPECT_EQ(tokenizer.find("<|end|>"), 5);
  EXPECT_EQ(tokenizer.find("abc"), 4);
  EXPECT_EQ(tokenizer.find("zzz"), std::nullopt);
  EXPECT_EQ(tokenizer.token_bytes(4), "abc");
  EXPECT_THAT(message_of<ValueError>([&] { tokenizer.token_bytes(7); }),
              HasSubstr("token 7 is outside the vocabulary of 7"));
  EXPECT_THAT(message_of<ValueError>([&] { tokenizer.decode(std::vector<TokenId>{0, -3}); }), HasSubstr("token -3"));
}

TEST(TokenizerText, MalformedUtf8IsRefusedWithItsOffset) {
  const Tokenizer tokenizer = Tokenizer::from_description(tiny());
  for (const std::string tail :
       {"\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\x80"}) {
    EXPECT_THAT(message_of<ValueError>([&] { tokenizer.encode("abc" + tail, false, true); }), HasSubstr("offset 3 of"));
  }
}

TEST(TokenizerText, AMillionCharacters) {  // quadratic work would take hours, not seconds
  const Tokenizer qwen = tokenizer_from_json("qwen2"), smollm = tokenizer_from_json("smollm");
  std::string marks;
  for (int i = 0; i < 250000; ++i) marks += i % 2 ? "\u0301" : "\u0323";
  const std::string texts[] = {std::string(1000000, 'a'), std::string(1000000, ' '), std::string(1000000, '\n'),
                               std::string(1000000, '<'), std::string(1000000, '1'), "e" + marks};
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    EXPECT_GT((i % 2 ? qwen : smollm).encode(texts[i], true, true).size(), 1000u);
  }
}

TEST(TokenizerText, OneTokenizerServesSeveralThreads) {
  const Tokenizer tokenizer = tokenizer_from_json("o200k");  // by PCRE2, which keeps its state per match
  std::string text;
  for (const nlohmann::json& test : fixture("tokenizers.json")["cases"]) text += test["text"].get<std::string>();
  const std::vector<TokenId> expected = tokenizer.encode(text, true, true);
  std::vector<std::vector<TokenId>> got(4);
  std::vector<std::thread> threads;
  for (auto& ids : got) threads.emplace_back([&] { ids = tokenizer.encode(text, true, true); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& ids : got) EXPECT_EQ(ids, expected);
}

TEST(StreamingDetokenizer, NeverSplitsACharacter) {
  TokenizerDescription d = description("gpt2");
  const Tokenizer tokenizer = Tokenizer::from_description(d);
  // One token per byte: U+1F600 is F0 9F 98 80.
  StreamingDetokenizer stream(tokenizer);
  const std::vector<TokenId> bytes = {*tokenizer.find("\xf0"), *tokenizer.find("\x9f"), *tokenizer.find("\x98"),
                                      *tokenizer.find("\x80")};
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(stream.push(bytes[i]), "");
  EXPECT_EQ(stream.push(bytes[3]), "\U0001f600");
  EXPECT_EQ(stream.push(bytes[0]), "");
  EXPECT_EQ(stream.push(*tokenizer.find("a")), "\ufffda");  // the character can no longer be completed
  EXPECT_EQ(stream.push(bytes[1]), "\ufffd");               // a continuation byte starts nothing
  EXPECT_EQ(stream.push(bytes[0]), "");
  EXPECT_EQ(stream.flush(), "\ufffd");
  EXPECT_EQ(stream.flush(), "");
}

}  // namespace
}  // namespace candor::test
