// Turns a tokenizer.json into what a GGUF file would say about the same tokenizer.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "candor/text.h"

namespace candor::test {

inline TokenizerDescription description_from_json(const std::string& text, const std::string& pre) {
  const nlohmann::json json = nlohmann::json::parse(text);
  TokenizerDescription d;
  d.model = "gpt2";
  d.pre = pre;
  std::size_t size = 0;
  for (const auto& [token, id] : json["model"]["vocab"].items()) size = std::max(size, id.get<std::size_t>() + 1);
  for (const auto& added : json["added_tokens"]) size = std::max(size, added["id"].get<std::size_t>() + 1);
  d.tokens.resize(size);
  d.types.assign(size, 1);
  for (const auto& [token, id] : json["model"]["vocab"].items()) d.tokens[id.get<std::size_t>()] = token;
  for (const auto& added : json["added_tokens"]) {
    const auto id = added["id"].get<std::size_t>();
    d.tokens[id] = added["content"].get<std::string>();
    d.types[id] = added["special"].get<bool>() ? 3 : 4;
    if (d.tokens[id] == "<|begin_of_text|>") d.bos = static_cast<TokenId>(id);
  }
  for (const auto& merge : json["model"]["merges"]) {
    d.merges.push_back(merge.is_string() ? merge.get<std::string>()
                                         : merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  }
  return d;
}

}  // namespace candor::test
