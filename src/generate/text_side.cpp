// Tokenizer and chat template from the files that carry a model.
#include <filesystem>

#include "candor/error.h"
#include "candor/io.h"
#include "generate/language_model.h"
#include "io/gguf_tokens.h"
#include "io/model_files.h"
#include "io/refuse.h"
#include "io/strict_json.h"
#include "models/side_file.h"
#include "text/utf8.h"

namespace candor::generation {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWithoutTemplate = "; --raw sends the prompt without a template";

void refuse_template(TextSide& text, const std::string& why) {
  text.no_chat_template = why + kWithoutTemplate;
  text.template_refused = true;
}

void set_template(TextSide& text, const std::string& source, const std::string& file) {
  text.template_file = file;
  try {
    text.chat_template = ChatTemplate::parse(source);
  } catch (const Error& error) {
    text.no_chat_template = template_error(file, error);
    text.template_refused = true;
  }
}

// The text layer repeats what a file says, and about metadata it names the key but not the file.
std::string with_file(const std::string& file, const Error& error) {
  const std::string text = candor::text::printable(error.what());
  return text.find(file) == std::string::npos ? file + ": " + text : text;
}

TokenizerDescription describe(const GgufMetadata& metadata, const std::string& file) {
  TokenizerDescription d;
  d.model = metadata.string("tokenizer.ggml.model").value_or("");
  d.pre = metadata.string("tokenizer.ggml.pre").value_or("");
  if (const std::vector<std::string>* tokens = metadata.strings("tokenizer.ggml.tokens")) d.tokens = *tokens;
  if (const std::vector<std::string>* merges = metadata.strings("tokenizer.ggml.merges")) d.merges = *merges;
  d.types = io::gguf_token_types(metadata, file);
  d.bos = io::gguf_token_id(metadata, "tokenizer.ggml.bos_token_id", file);
  d.eos = io::gguf_token_id(metadata, "tokenizer.ggml.eos_token_id", file);
  d.unk = io::gguf_token_id(metadata, "tokenizer.ggml.unknown_token_id", file);
  d.pad = io::gguf_token_id(metadata, "tokenizer.ggml.padding_token_id", file);
  d.add_bos = metadata.boolean("tokenizer.ggml.add_bos_token");
  d.add_eos = metadata.boolean("tokenizer.ggml.add_eos_token");
  return d;
}

// Text of a token in the vocabulary list; empty when there is none.
std::string token_text(const TokenizerDescription& d, const std::optional<TokenId>& id) {
  if (!id || *id < 0 || static_cast<std::size_t>(*id) >= d.tokens.size()) return {};
  return d.tokens[static_cast<std::size_t>(*id)];
}

// tokenizer_config.json, which both the tokenizer and the template need.
TokenizerConfig read_tokenizer_config(const fs::path& folder) {
  const std::string file = (folder / io::kTokenizerConfigFile).string();
  const std::optional<std::string> json = models::read_side_file(file);
  if (!json) return {};
  io::parse_strict_json(*json, file);  // what the text layer's own parser would let pass
  return TokenizerConfig::parse(*json, file);
}

void read_tokenizer_json(TextSide& text, const fs::path& folder, const TokenizerConfig& config) {
  try {
    const std::string file = (folder / io::kTokenizerFile).string();
    const std::optional<std::string> json = models::read_side_file(file);
    if (!json) {
      text.no_tokenizer = folder.string() + " has no tokenizer.json; text needs the one that came with the model";
      return;
    }
    text.tokenizer = Tokenizer::from_tokenizer_json(*json, file, config);
  } catch (const Error& error) {
    text.no_tokenizer = candor::text::printable(error.what());
  }
}

std::string no_template_reason(const fs::path& folder, const TokenizerConfig& config) {
  if (config.other_templates.empty())
    return folder.string() +
           " has no chat template: neither chat_template.jinja nor 'chat_template' in tokenizer_config.json";
  std::string names;
  for (const std::string& name : config.other_templates) names += (names.empty() ? "" : ", ") + io::quote(name);
  return (folder / io::kTokenizerConfigFile).string() + ": 'chat_template' lists " + names +
         " and no 'default'; write the one that is meant to chat_template.jinja";
}

void read_template(TextSide& text, const fs::path& folder, const TokenizerConfig& config) {
  try {
    const std::string jinja = (folder / io::kChatTemplateFile).string();
    if (const std::optional<std::string> source = models::read_side_file(jinja)) {
      set_template(text, *source, jinja);
    } else if (config.chat_template) {
      set_template(text, *config.chat_template, (folder / io::kTokenizerConfigFile).string());
    } else {
      text.no_chat_template = no_template_reason(folder, config);
      text.template_refused = !config.other_templates.empty();
    }
  } catch (const Error& error) {
    refuse_template(text, candor::text::printable(error.what()));
  }
}

// A file without a tokenizer at all, as model converters can write it.
std::string no_tokenizer_reason(const std::string& file) {
  return file +
         " has no tokenizer: metadata key 'tokenizer.ggml.model' is missing; give token ids instead of text "
         "(candor logits --tokens), or take a file that holds the model's tokenizer";
}

}  // namespace

std::string template_error(const std::string& file, const Error& error) {
  return file + ": chat template: " + candor::text::printable(error.what()) + kWithoutTemplate;
}

TextSide text_side_from_gguf(const Checkpoint& checkpoint) {
  const std::string& file = checkpoint.files().front();
  const GgufMetadata& metadata = checkpoint.gguf();
  TextSide text;
  try {
    if (metadata.find("tokenizer.ggml.model") == nullptr) throw FormatError(no_tokenizer_reason(file));
    const TokenizerDescription description = describe(metadata, file);
    text.bos_token = token_text(description, description.bos);
    text.eos_token = token_text(description, description.eos);
    text.tokenizer = Tokenizer::from_description(description);
  } catch (const Error& error) {
    text.no_tokenizer = with_file(file, error);
  }
  try {
    const std::optional<std::string> source = metadata.string("tokenizer.chat_template");
    if (source) {
      set_template(text, *source, file);
    } else {
      text.no_chat_template = file + " has no chat template: metadata key 'tokenizer.chat_template' is missing";
    }
  } catch (const Error& error) {
    refuse_template(text, with_file(file, error));
  }
  return text;
}

TextSide text_side_from_folder(const std::string& folder) {
  const fs::path path = folder.empty() ? fs::path(".") : fs::path(folder);
  TextSide text;
  try {
    const TokenizerConfig config = read_tokenizer_config(path);
    text.bos_token = config.bos_token.value_or("");
    text.eos_token = config.eos_token.value_or("");
    read_tokenizer_json(text, path, config);
    read_template(text, path, config);
  } catch (const Error& error) {  // neither can be trusted without it
    text.no_tokenizer = text.no_chat_template = candor::text::printable(error.what());
  }
  return text;
}

}  // namespace candor::generation
