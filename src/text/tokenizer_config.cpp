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

std::optional<bool> read_flag(const JsonFields& config, const char* key) {
  if (!config.has(key)) return std::nullopt;
  return config.flag(key);
}

/// One template, or a list of named ones of which "default" is taken.
void read_template(const JsonFields& config, TokenizerConfig& out) {
  if (!config.has("chat_template")) return;
  if (!config.at("chat_template").is_array()) {
    out.chat_template = config.text("chat_template");
    return;
  }
  for (const nlohmann::json& entry : config.array("chat_template")) {
    const JsonFields named(entry, config.path() + ": chat_template");
    std::string source = named.text("template");
    if (named.text("name") == "default")
      out.chat_template = std::move(source);
    else
      out.other_templates.push_back(named.text("name"));
  }
  if (out.chat_template) out.other_templates.clear();
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
  out.add_bos_token = read_flag(config, "add_bos_token");
  out.add_eos_token = read_flag(config, "add_eos_token");
  read_template(config, out);
  return out;
}

}  // namespace candor
