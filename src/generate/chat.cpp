#include "candor/error.h"
#include "generate/language_model.h"
#include "text/utf8.h"

namespace candor {
namespace {

std::string rendered(const LanguageModel& model, const std::vector<ChatMessage>& history) {
  const TextSide& text = model.impl()->text;
  ChatTemplate::Variables variables;
  variables.bos_token = text.bos_token;
  variables.eos_token = text.eos_token;
  try {
    return model.chat_template().render(history, variables);
  } catch (const ValueError& error) {
    throw ValueError(generation::template_error(text.template_file, error));
  }
}

}  // namespace

Chat::Chat(Session& session, std::string system) : session_(session), model_(session.model()) {
  model_.tokenizer();  // a model without either cannot chat: say so now
  model_.chat_template();
  text::require_utf8(system, "chat: the system's message");
  if (!system.empty()) history_.push_back({"system", std::move(system)});
}

GenerateResult Chat::say(const std::string& user, const GenerateOptions& options,
                         const std::function<void(std::string_view)>& on_text) {
  text::require_utf8(user, "chat: the user's message");  // otherwise rendering would blame the template
  history_.push_back({"user", user});
  try {
    // The template writes the special tokens itself.
    const std::vector<TokenId> prompt = model_.tokenizer().encode(rendered(model_, history_), false, true);
    GenerateResult result = generate(session_, prompt, options, on_text);
    if (result.reason == StopReason::cancelled && result.tokens.empty()) {
      history_.pop_back();  // nobody answered: an empty answer would be a lie to the model
    } else {
      history_.push_back({"assistant", result.text});
    }
    return result;
  } catch (...) {
    history_.pop_back();  // the turn never happened
    throw;
  }
}

}  // namespace candor
