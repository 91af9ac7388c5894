#include "candor/error.h"
#include "candor/text.h"
#include "text/json_fields.h"

namespace candor {
namespace {

using text::JsonFields;

/// A token is its text, or an object with the text as "content".
std::optional<std::string> read_token(const JsonFields& config, const char* key) {
  if (!config.has(key)) return std::nullopt;
  if (config.at(key).is_object()) return config.object(key).text("content");
  return config.text(key);
}

/// One template, or a list of named ones of which "default" is taken.
std::optional<std::string> read_template(const JsonFields& config) {
  if (!config.has("chat_template")) return std::nullopt;
  if (!config.at("chat_template").is_array()) return config.text("chat_template");
  for (const nlohmann::json& entry : config.array("chat_template")) {
    const JsonFields named(entry, config.path() + ": chat_template");
    if (named.text("name") == "default") return named.text("template");
  }
  config.refuse("chat_template: none of its templates is named \"default\"");
}

}  // namespace

TokenizerConfig TokenizerConfig::parse(std::string_view json, const std::string& file) {
  nlohmann::json document;
  try {
    document = nlohmann::json::parse(json.begin(), json.end());
  } catch (const nlohmann::json::exception&) {
    throw FormatError(file + ": is not valid JSON");
  }
  const JsonFields config(document, file);
  TokenizerConfig out;
  out.bos_token = read_token(config, "bos_token");
  out.eos_token = read_token(config, "eos_token");
  out.unk_token = read_token(config, "unk_token");
  out.pad_token = read_token(config, "pad_token");
  out.chat_template = read_template(config);
  return out;
}

}  // namespace candor
