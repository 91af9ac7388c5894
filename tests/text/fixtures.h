// The committed fixtures and the tokenizers they describe.
#pragma once

#include <gtest/gtest.h>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "candor/text.h"
#include "tests/text/description_from_json.h"

namespace candor::test {

inline const nlohmann::json& fixture(const std::string& name) {
  static std::map<std::string, nlohmann::json> cache;
  if (const auto found = cache.find(name); found != cache.end()) return found->second;
  std::ifstream in(std::string(CANDOR_SOURCE_DIR) + "/tests/text/fixtures/" + name);
  EXPECT_TRUE(in.good()) << name;
  return cache[name] = nlohmann::json::parse(in);
}

/// The tokenizer.json of one pipeline: what Hugging Face wrote, with the shared vocabulary put back in.
inline nlohmann::json tokenizer_document(const std::string& pipeline) {
  nlohmann::json document = fixture("tokenizers.json")["documents"][pipeline];
  const nlohmann::json& shared = fixture("vocabulary.json");
  nlohmann::json& vocabulary = document["model"]["vocab"] = nlohmann::json::object();
  for (std::size_t id = 0; id < shared["tokens"].size(); ++id) {
    vocabulary[shared["tokens"][id].get<std::string>()] = id;
  }
  document["model"]["merges"] = shared["merges"];
  return document;
}

inline Tokenizer tokenizer_from_json(const std::string& pipeline) {
  return Tokenizer::from_tokenizer_json(tokenizer_document(pipeline).dump(), pipeline + "/tokenizer.json");
}

inline TokenizerDescription description(const std::string& pre) {
  return description_from_json(tokenizer_document(pre).dump(), pre);
}

/// The message of the exception that `action` throws; empty when it throws none of that kind.
template <class Exception, class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Exception& error) {
    return error.what();
  }
  return {};
}

}  // namespace candor::test
