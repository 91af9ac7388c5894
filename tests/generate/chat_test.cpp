#include <gmock/gmock.h>

#include "candor/error.h"
#include "tests/models/golden_model.h"

namespace candor::test {
namespace {

using ::testing::HasSubstr;

GenerateOptions short_answer(std::uint64_t seed) {
  GenerateOptions options;
  options.max_tokens = 12;
  options.sampler.seed = seed;
  return options;
}

TEST(ChatTest, HistoryGrowsAndTheCacheIsReused) {
  Session session(load(golden_path("gqa_tied"), "bf16"), 256);
  Chat chat(session, "be kind");
  const GenerateResult first = chat.say("hi", short_answer(1));
  EXPECT_EQ(first.reused_tokens, 0);
  ASSERT_EQ(chat.history().size(), 3u);
  EXPECT_EQ(chat.history()[0].role, "system");
  EXPECT_EQ(chat.history()[2].role, "assistant");
  EXPECT_EQ(chat.history()[2].content, first.text);
  const GenerateResult second = chat.say("and?", short_answer(2));
  EXPECT_GE(second.reused_tokens, first.prompt_tokens);
  EXPECT_EQ(chat.history().size(), 5u);
}

TEST(ChatTest, ReuseDoesNotChangeTheAnswer) {
  const LanguageModel model = load(golden_path("gqa_tied"), "bf16");
  Session session(model, 256);
  Chat chat(session, "");
  chat.say("hi", short_answer(1));
  const GenerateResult second = chat.say("and?", short_answer(2));
  std::vector<ChatMessage> history(chat.history().begin(), chat.history().end() - 1);
  const std::string rendered =
      model.chat_template().render(history, {.bos_token = "<|im_start|>", .eos_token = "<|im_end|>", .date = {}});
  Session fresh(model, 256);
  EXPECT_EQ(generate(fresh, model.tokenizer().encode(rendered, false, true), short_answer(2)).text, second.text);
}

TEST(ChatTest, AnErrorOfRenderingNamesTheFileOfTheTemplate) {
  for (const char* name : {"chat_template.jinja", "tokenizer_config.json"}) {
    const ModelCopy copy("gqa_tied");
    const std::string source = "{{ raise_exception('roles must\x1b alternate') }}";
    const bool json = std::string(name).ends_with(".json");
    copy.write(name, json ? nlohmann::json{{"chat_template", source}}.dump() : source);
    Session session(load(copy.path(), "bf16"), 64);
    Chat chat(session, "");
    EXPECT_THAT(error_text<ValueError>([&] { chat.say("hi", short_answer(1)); }),
                ::testing::AllOf(HasSubstr(copy.file(name) + ": chat template: "), HasSubstr("must\\x1b alternate"),
                                 HasSubstr("--raw")));
    EXPECT_TRUE(chat.history().empty());
  }
}

TEST(ChatTest, TextThatIsNotUtf8IsNotTheTemplatesFault) {
  Session session(load(golden_path("gqa_tied"), "bf16"), 64);
  Chat chat(session, "");
  EXPECT_THAT(error_text<ValueError>([&] { chat.say("a\xff", short_answer(1)); }), HasSubstr("the user's message"));
  EXPECT_TRUE(chat.history().empty());
  EXPECT_THAT(error_text<ValueError>([&] { Chat(session, "\xff"); }), HasSubstr("the system's message"));
}

TEST(ChatTest, AFailedTurnLeavesNoTrace) {
  Session session(load(golden_path("gqa_tied"), "bf16"), 24);
  Chat chat(session, "");
  EXPECT_THROW(chat.say(std::string(200, 'x'), short_answer(1)), ValueError);
  EXPECT_TRUE(chat.history().empty());
  EXPECT_NO_THROW(chat.say("a", short_answer(1)));
}

TEST(ChatTest, ATurnCancelledBeforeItsFirstTokenLeavesNoTrace) {
  Session session(load(golden_path("gqa_tied"), "bf16"), 256);
  Chat chat(session, "be kind");
  std::atomic<bool> cancel = true;
  GenerateOptions options = short_answer(1);
  options.cancel = &cancel;
  EXPECT_EQ(chat.say("hi", options).reason, StopReason::cancelled);
  ASSERT_EQ(chat.history().size(), 1u);  // the system's message: no question without an answer, no empty answer
  cancel = false;
  const GenerateResult answer = chat.say("hi", options);
  Session fresh(session.model(), 256);
  EXPECT_EQ(Chat(fresh, "be kind").say("hi", options).tokens, answer.tokens);
}

TEST(ChatTest, AnAnswerThatWasCutShortStays) {
  Session session(load(golden_path("gqa_tied"), "bf16"), 256);
  Chat chat(session, "");
  std::atomic<bool> cancel = false;
  GenerateOptions options = short_answer(1);
  options.cancel = &cancel;
  const GenerateResult cut = chat.say("hi", options, [&](std::string_view) { cancel = true; });
  ASSERT_EQ(cut.reason, StopReason::cancelled);
  ASSERT_EQ(chat.history().size(), 2u);
  EXPECT_EQ(chat.history()[1].content, cut.text);
}

TEST(ChatTest, AModelWithoutATemplateIsRefusedAtOnce) {
  const ModelCopy copy("gqa_tied");
  copy.write("tokenizer_config.json", "{}");
  Session session(load(copy.path(), "bf16"), 64);
  EXPECT_THAT(error_text<FormatError>([&] { Chat(session, ""); }), HasSubstr("chat template"));
}

TEST(ChatTest, NamedTemplatesAndTemplateFiles) {
  const ModelCopy copy("gqa_tied");
  copy.write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "T"},
                                                            {"name": "default", "template": "D"}]})");
  EXPECT_EQ(load(copy.path(), "bf16").chat_template().render({}, {.bos_token = {}, .eos_token = {}, .date = {}}), "D");
  copy.write("chat_template.jinja", "J");
  EXPECT_EQ(load(copy.path(), "bf16").chat_template().render({}, {.bos_token = {}, .eos_token = {}, .date = {}}), "J");
  copy.remove("chat_template.jinja");
  copy.write("tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "R"}]})");
  const LanguageModel model = load(copy.path(), "bf16");
  EXPECT_THAT(error_text<FormatError>([&] { model.chat_template(); }),
              ::testing::AllOf(HasSubstr(copy.file("tokenizer_config.json")), HasSubstr("'rag'")));
  EXPECT_TRUE(model.has_tokenizer());
}

TEST(ChatTest, GgufAndTokenizerJsonTokenizeAlike) {
  const LanguageModel folder = load(golden_path("gqa_tied"), "bf16"), gguf = load(golden_path("blocks.gguf"), "auto");
  for (const char* text : {"the thing in 2024\n", "<|im_start|>user\nhi<|im_end|>", "ünïcödé 🙂  \t x", ""})
    EXPECT_EQ(folder.tokenizer().encode(text, true, true), gguf.tokenizer().encode(text, true, true)) << text;
  EXPECT_EQ(gguf.end_tokens(), (std::vector<TokenId>{2, 0}));  // <|im_end|> by key, <|endoftext|> as a known turn end
  const ChatTemplate::Variables variables{.bos_token = "b", .eos_token = "e", .date = {}};
  EXPECT_EQ(folder.chat_template().render({{"user", "hi"}}, variables),
            gguf.chat_template().render({{"user", "hi"}}, variables));
}

}  // namespace
}  // namespace candor::test
