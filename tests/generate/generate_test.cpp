#include <gmock/gmock.h>

#include "candor/error.h"
#include "tests/models/golden_model.h"

namespace candor::test {
namespace {

using ::testing::HasSubstr;

class GenerateTest : public ::testing::Test {
 protected:
  GenerateResult run(const GenerateOptions& options, std::vector<std::string>* pieces = nullptr) {
    Session session(model_, 200);
    return generate(session, prompt_, options, [&](std::string_view piece) {
      if (pieces != nullptr) pieces->emplace_back(piece);
    });
  }
  static GenerateOptions sampled(std::uint64_t seed, std::int64_t count) {
    GenerateOptions options;
    options.max_tokens = count;
    options.sampler.seed = seed;
    options.sampler.temperature = 1.5f;
    return options;
  }
  const LanguageModel model_ = load(golden_path("gqa_tied"), "bf16");
  const std::vector<TokenId> prompt_ = model_.tokenizer().encode("the thing in", false, false);
};

TEST_F(GenerateTest, SameSeedSameText) {
  const GenerateResult one = run(sampled(7, 40)), two = run(sampled(7, 40)), other = run(sampled(8, 40));
  EXPECT_EQ(one.text, two.text);
  EXPECT_EQ(one.tokens, two.tokens);
  EXPECT_NE(one.tokens, other.tokens);
}

TEST_F(GenerateTest, PiecesMakeUpTheText) {
  std::vector<std::string> pieces;
  const GenerateResult result = run(sampled(3, 60), &pieces);
  std::string joined;
  for (const std::string& piece : pieces) joined += piece;
  EXPECT_EQ(joined, result.text);
}

TEST_F(GenerateTest, MaxTokensIsExact) {
  for (const std::int64_t count : {0, 1, 5}) {
    const GenerateResult result = run(sampled(11, count));
    ASSERT_EQ(result.reason, StopReason::max_tokens);
    EXPECT_EQ(std::ssize(result.tokens), count);
    EXPECT_EQ(result.prompt_tokens, std::ssize(prompt_));
  }
}

TEST_F(GenerateTest, EveryPossibleStopStringCutsThere) {
  const std::string whole = run(sampled(5, 30)).text;
  ASSERT_GT(whole.size(), 10u);
  for (std::size_t begin = 0; begin + 4 <= whole.size(); ++begin) {
    GenerateOptions options = sampled(5, 30);
    options.stop = {whole.substr(begin, 4)};  // crosses tokens: most tokens here are one byte
    const GenerateResult result = run(options);
    EXPECT_EQ(result.reason, StopReason::stop_string);
    EXPECT_EQ(result.text, whole.substr(0, whole.find(options.stop[0])));
  }
}

TEST_F(GenerateTest, EndTokensEndAndAreNotShown) {
  const Golden golden = read_golden("gqa_tied");  // its greedy continuation is 19, 2, …, and 2 is the end token
  const LanguageModel f32 = load(golden_path("gqa_tied"), "f32");
  ASSERT_EQ(f32.end_tokens(), std::vector<TokenId>{2});
  Session session(f32, 64);
  GenerateOptions options;
  options.sampler.temperature = 0;
  const GenerateResult result = generate(session, golden.tokens, options);
  EXPECT_EQ(result.reason, StopReason::end_token);
  EXPECT_EQ(result.tokens, std::vector<TokenId>{19});
}

TEST_F(GenerateTest, AllEndTokensOfBothConfigsCount) {
  const ModelCopy copy("gqa_tied");
  copy.write("generation_config.json", "{\"eos_token_id\": [2, 19]}");
  EXPECT_EQ(load(copy.path(), "bf16").end_tokens(), (std::vector<TokenId>{2, 19}));
}

TEST_F(GenerateTest, FullContextStops) {
  Session session(model_, std::ssize(prompt_) + 4);
  GenerateOptions options = sampled(11, -1);
  options.sampler.temperature = 3;
  const GenerateResult result = generate(session, prompt_, options);
  ASSERT_EQ(result.reason, StopReason::context_full);
  EXPECT_EQ(result.tokens.size(), 5u);  // four that were fed and one that would not fit
}

TEST_F(GenerateTest, TooLongAPromptIsRefused) {
  Session session(model_, 3);
  EXPECT_THAT(error_text<ValueError>([&] { generate(session, std::vector<TokenId>(4, 5), {}); }),
              HasSubstr("4 tokens"));
  EXPECT_THROW(generate(session, {}, {}), ValueError);
}

TEST_F(GenerateTest, CacheIsReusedAndChangesNothing) {
  Session session(model_, 200);
  const GenerateResult first = generate(session, prompt_, sampled(5, 20));
  std::vector<TokenId> longer = prompt_;
  longer.insert(longer.end(), first.tokens.begin(), first.tokens.begin() + 10);
  longer.push_back(40);
  const GenerateResult second = generate(session, longer, sampled(6, 20));
  EXPECT_EQ(second.reused_tokens, std::ssize(longer) - 1);
  Session fresh(model_, 200);
  const GenerateResult expected = generate(fresh, longer, sampled(6, 20));
  EXPECT_EQ(expected.reused_tokens, 0);
  EXPECT_EQ(second.tokens, expected.tokens);
  EXPECT_EQ(generate(session, prompt_, sampled(5, 20)).text, first.text);  // back to a shorter prompt
}

TEST_F(GenerateTest, CancelIsAReasonNotAnError) {
  std::atomic<bool> cancel = false;
  GenerateOptions options = sampled(5, 50);
  options.cancel = &cancel;
  Session session(model_, 200);
  std::size_t shown = 0;
  const GenerateResult result = generate(session, prompt_, options, [&](std::string_view) { cancel = ++shown >= 3; });
  EXPECT_EQ(result.reason, StopReason::cancelled);
  EXPECT_LT(result.tokens.size(), 30u);
  EXPECT_EQ(generate(session, prompt_, options).reason, StopReason::cancelled);  // already during the prompt
}

TEST_F(GenerateTest, DecodeStepsAreThoseThatWereFinished) {
  for (const std::int64_t count : {0, 1, 5}) {  // the prompt's own logits give the first token
    EXPECT_EQ(run(sampled(11, count)).decode_steps, std::max<std::int64_t>(0, count - 1));
  }
  Session session(model_, 200);
  std::atomic<bool> cancel = false;
  GenerateOptions options = sampled(5, 50);
  options.cancel = &cancel;
  const GenerateResult result = generate(session, prompt_, options, [&](std::string_view) { cancel = true; });
  ASSERT_EQ(result.reason, StopReason::cancelled);
  EXPECT_EQ(result.decode_steps, std::ssize(result.tokens) - 1);  // feeding the last one was broken off
  EXPECT_EQ(std::ssize(session.tokens()), result.prompt_tokens + result.decode_steps);
}

TEST_F(GenerateTest, ModelWithoutATokenizerSaysWhichFileIsMissing) {
  const LanguageModel model = load(golden_path("qwen2"), "bf16");
  EXPECT_FALSE(model.has_tokenizer());
  EXPECT_THAT(error_text<FormatError>([&] { model.tokenizer(); }), HasSubstr("tokenizer.json"));
  EXPECT_THAT(error_text<FormatError>([&] { model.chat_template(); }), HasSubstr("chat_template"));
}

}  // namespace
}  // namespace candor::test
