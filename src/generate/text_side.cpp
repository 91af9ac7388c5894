// Tokenizer and chat template from the files that carry a model.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "candor/error.h"
#include "candor/io.h"
#include "generate/language_model.h"

namespace candor::generation {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::optional<std::string> read_text(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::nullopt;
  return std::string((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
}

// "<s>" or {"content": "<s>", …}; empty when absent.
std::string special_token(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  if (found->is_object() && found->contains("content") && (*found)["content"].is_string())
    return (*found)["content"].get<std::string>();
  return {};
}

// One template, or a list of named ones of which "default" is meant.
std::optional<std::string> template_source(const Json& json) {
  const auto found = json.find("chat_template");
  if (found == json.end() || found->is_null()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  if (!found->is_array()) throw FormatError("'chat_template' is neither a string nor a list");
  std::string names;
  for (const Json& item : *found) {
    if (!item.is_object() || !item.value("name", Json()).is_string() || !item.value("template", Json()).is_string())
      throw FormatError("'chat_template' lists something that has no name and template");
    if (item["name"] == "default") return item["template"].get<std::string>();
    names += (names.empty() ? "'" : ", '") + item["name"].get<std::string>() + "'";
  }
  throw FormatError("'chat_template' lists " + (names.empty() ? "nothing" : names) + " and no 'default'");
}

void set_template(TextSide& text, const std::string& source, const std::string& file) {
  try {
    text.chat_template = ChatTemplate::parse(source);
  } catch (const Error& error) {
    text.no_chat_template = file + ": chat template: " + error.what();
  }
}

std::optional<TokenId> token_id(const GgufMetadata& metadata, const char* key) {
  const std::optional<std::uint64_t> id = metadata.unsigned_integer(key);
  if (!id) return std::nullopt;
  return static_cast<TokenId>(*id);
}

TokenizerDescription describe(const GgufMetadata& metadata) {
  TokenizerDescription d;
  d.model = metadata.string("tokenizer.ggml.model").value_or("");
  d.pre = metadata.string("tokenizer.ggml.pre").value_or("");
  if (const std::vector<std::string>* tokens = metadata.strings("tokenizer.ggml.tokens")) d.tokens = *tokens;
  if (const std::vector<std::string>* merges = metadata.strings("tokenizer.ggml.merges")) d.merges = *merges;
  if (const std::optional<std::vector<double>> types = metadata.numbers("tokenizer.ggml.token_type"))
    for (const double type : *types) d.types.push_back(static_cast<std::int32_t>(type));
  d.bos = token_id(metadata, "tokenizer.ggml.bos_token_id");
  d.eos = token_id(metadata, "tokenizer.ggml.eos_token_id");
  d.unk = token_id(metadata, "tokenizer.ggml.unknown_token_id");
  d.pad = token_id(metadata, "tokenizer.ggml.padding_token_id");
  d.add_bos = metadata.boolean("tokenizer.ggml.add_bos_token");
  d.add_eos = metadata.boolean("tokenizer.ggml.add_eos_token");
  return d;
}

// Text of a token in the vocabulary list; empty when there is none.
std::string token_text(const TokenizerDescription& d, const std::optional<TokenId>& id) {
  if (!id || *id < 0 || static_cast<std::size_t>(*id) >= d.tokens.size()) return {};
  return d.tokens[static_cast<std::size_t>(*id)];
}

void read_tokenizer_json(TextSide& text, const fs::path& folder) {
  const fs::path path = folder / "tokenizer.json";
  const std::optional<std::string> json = read_text(path);
  if (!json) {
    text.no_tokenizer = folder.string() + " has no tokenizer.json; text needs the one that came with the model";
    return;
  }
  try {
    text.tokenizer = Tokenizer::from_tokenizer_json(*json, path.string());
  } catch (const Error& error) {
    text.no_tokenizer = error.what();
  }
}

void read_tokenizer_config(TextSide& text, const fs::path& folder) {
  const fs::path path = folder / "tokenizer_config.json", jinja = folder / "chat_template.jinja";
  text.no_chat_template = folder.string() +
                          " has no chat template: neither chat_template.jinja nor 'chat_template' in "
                          "tokenizer_config.json";
  std::optional<std::string> source = read_text(jinja);
  std::string file = jinja.string();
  if (const std::optional<std::string> config = read_text(path)) {
    try {
      const Json json = Json::parse(*config);
      text.bos_token = special_token(json, "bos_token");
      text.eos_token = special_token(json, "eos_token");
      if (!source) {
        file = path.string();
        source = template_source(json);
      }
    } catch (const Json::exception&) {
      text.no_chat_template = path.string() + ": not valid JSON";
    } catch (const Error& error) {
      text.no_chat_template = path.string() + ": " + error.what();
    }
  }
  if (source) set_template(text, *source, file);
}

}  // namespace

TextSide text_side_from_gguf(const Checkpoint& checkpoint) {
  const std::string& file = checkpoint.files().front();
  const GgufMetadata& metadata = checkpoint.gguf();
  TextSide text;
  try {
    const TokenizerDescription description = describe(metadata);
    text.bos_token = token_text(description, description.bos);
    text.eos_token = token_text(description, description.eos);
    text.tokenizer = Tokenizer::from_description(description);
  } catch (const Error& error) {
    text.no_tokenizer = file + ": " + error.what();
  }
  try {
    const std::optional<std::string> source = metadata.string("tokenizer.chat_template");
    if (source) {
      set_template(text, *source, file);
    } else {
      text.no_chat_template = file + " has no chat template: metadata key 'tokenizer.chat_template' is missing";
    }
  } catch (const Error& error) {
    text.no_chat_template = file + ": " + error.what();
  }
  return text;
}

TextSide text_side_from_folder(const std::string& folder) {
  const fs::path path = folder.empty() ? fs::path(".") : fs::path(folder);
  TextSide text;
  read_tokenizer_json(text, path);
  read_tokenizer_config(text, path);
  return text;
}

}  // namespace candor::generation
