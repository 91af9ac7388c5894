#include "candor/text.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/parser.h"
#include "text/utf8.h"

namespace candor {

struct ChatTemplate::Impl {
  jinja::Template body;
};

ChatTemplate::ChatTemplate(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

ChatTemplate ChatTemplate::parse(std::string_view source) {
  return ChatTemplate(std::make_shared<const Impl>(Impl{jinja::parse_template(source)}));
}

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages, const Variables& variables) const {
  using jinja::Value;
  std::vector<Value> list;
  for (const ChatMessage& message : messages) {
    text::require_utf8(message.role, "chat template: role of message " + std::to_string(list.size()));
    text::require_utf8(message.content, "chat template: content of message " + std::to_string(list.size()));
    list.push_back(Value::dict({{"role", Value(message.role)}, {"content", Value(message.content)}}));
  }
  const jinja::Variables names = {{"messages", Value::list(std::move(list))},
                                  {"add_generation_prompt", Value(variables.add_generation_prompt)},
                                  {"bos_token", Value(variables.bos_token)},
                                  {"eos_token", Value(variables.eos_token)},
                                  {"tools", Value(jinja::None{})},
                                  {"documents", Value(jinja::None{})}};
  return jinja::render_template(impl_->body, names, variables.date);
}

}  // namespace candor
