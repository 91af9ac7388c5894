// The chat templates of public models against transformers' renderer (make_template_fixtures.py).
#include <gmock/gmock.h>

#include "candor/error.h"
#include "tests/text/fixtures.h"

namespace candor::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

ChatTemplate::Variables variables(bool prompt) { return {prompt, "<s>", "</s>", "2024-07-26 15:04:09"}; }

TEST(ChatTemplate, EveryConversationWithEveryTemplate) {
  const json& table = fixture("chat_templates.json");
  for (const json& test : table["cases"]) {
    const std::string name = test["template"];
    SCOPED_TRACE(name + " " + test["messages"].dump());
    const ChatTemplate chat = ChatTemplate::parse(table["templates"][name].get<std::string>());
    std::vector<ChatMessage> messages;
    for (const json& message : test["messages"]) messages.push_back({message["role"], message["content"]});
    if (test["text"].is_null()) {
      EXPECT_THROW(chat.render(messages, variables(test["prompt"])), ValueError);
    } else {
      EXPECT_EQ(chat.render(messages, variables(test["prompt"])), test["text"].get<std::string>());
    }
  }
}

TEST(ChatTemplate, TheTemplatesOwnErrorComesThrough) {
  const ChatTemplate chat =
      ChatTemplate::parse(fixture("chat_templates.json")["templates"]["alternating"].get<std::string>());
  EXPECT_THAT(message_of<ValueError>([&] {
                chat.render({{"user", "a"}, {"user", "b"}}, variables(true));
              }),
              HasSubstr("user and assistant must take turns: user at 2"));
}

TEST(ChatTemplate, Dates) {
  const ChatTemplate chat = ChatTemplate::parse("{{ strftime_now('%d %b %Y') }}");
  ChatTemplate::Variables v;
  v.date = "2000-02-29";
  EXPECT_EQ(chat.render({}, v), "29 Feb 2000");
  for (const char* bad :
       {"2001-02-29", "2024-13-01", "2024-00-10", "2024-1-1", "yesterday", "2024-07-26 25:00:00", "0000-01-01"}) {
    v.date = bad;
    EXPECT_THAT(message_of<ValueError>([&] { chat.render({}, v); }), HasSubstr("expected YYYY-MM-DD")) << bad;
  }
  v.date.clear();
  EXPECT_EQ(chat.render({}, v).size(), 11u);  // today
}

TEST(ChatTemplate, MessagesMustBeUtf8) {
  const ChatTemplate chat = ChatTemplate::parse("{{ messages[0].content }}");
  EXPECT_THAT(message_of<ValueError>([&] {
                chat.render({{"user", "ok"}, {"user", "ab\xff"}}, {});
              }),
              HasSubstr("content of message 1: the text is not UTF-8, the byte at offset 2"));
}

}  // namespace
}  // namespace candor::test
