// Reads tokenizer.json without ever holding its vocabulary and merges as a JSON tree, which would take ten times their
// size in memory.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace candor::text {

struct TokenizerJson {
  nlohmann::json rest;                                           // everything but the two below
  std::vector<std::pair<std::string, std::int64_t>> vocabulary;  // model.vocab, in the file's order
  std::vector<std::string> merges;                               // model.merges as "left right"
};

/// errors   FormatError: not JSON (with the byte offset), or a vocabulary or merge that is not what it should be
TokenizerJson read_tokenizer_json(std::string_view json, const std::string& file);

}  // namespace candor::text
