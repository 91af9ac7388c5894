#include "candor/error.h"
#include "generate/language_model.h"

namespace candor {

Chat::Chat(Session& session, std::string system) : session_(session), model_(session.model()) {
  model_.tokenizer();  // a model without either cannot chat: say so now
  model_.chat_template();
  if (!system.empty()) history_.push_back({"system", std::move(system)});
}

GenerateResult Chat::say(const std::string& user, const GenerateOptions& options,
                         const std::function<void(std::string_view)>& on_text) {
  const TextSide& text = model_.impl()->text;
  history_.push_back({"user", user});
  try {
    ChatTemplate::Variables variables;
    variables.bos_token = text.bos_token;
    variables.eos_token = text.eos_token;
    const std::string rendered = model_.chat_template().render(history_, variables);
    // The template writes the special tokens itself.
    const std::vector<TokenId> prompt = model_.tokenizer().encode(rendered, false, true);
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
