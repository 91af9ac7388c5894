#include "io/gguf_tokens.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "candor/error.h"
#include "io/refuse.h"

namespace candor::io {
namespace {

constexpr std::string_view kTypes = "tokenizer.ggml.token_type";
constexpr std::int32_t kControl = 3;
constexpr std::string_view kTurnEnds[] = {"<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<|endoftext|>", "<|eom_id|>"};

std::string number_text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

bool ends_turns(const std::string& token) {
  return std::find(std::begin(kTurnEnds), std::end(kTurnEnds), token) != std::end(kTurnEnds);
}

}  // namespace

std::optional<std::int32_t> gguf_token_id(const GgufMetadata& metadata, std::string_view key, const std::string& file) {
  constexpr std::uint64_t kHighest = std::numeric_limits<std::int32_t>::max();
  const std::optional<std::uint64_t> id = metadata.unsigned_integer(key);
  if (!id) return std::nullopt;
  if (*id > kHighest)
    throw FormatError("gguf: " + file + ": metadata key " + quote(key) + " is " + std::to_string(*id) +
                      "; a token id is at most " + std::to_string(kHighest));
  return static_cast<std::int32_t>(*id);
}

std::vector<std::int32_t> gguf_token_types(const GgufMetadata& metadata, const std::string& file) {
  constexpr double kLowest = std::numeric_limits<std::int32_t>::min(), kHighest = -(kLowest + 1);
  std::vector<std::int32_t> types;
  const std::optional<std::vector<double>> numbers = metadata.numbers(kTypes);
  if (!numbers) return types;
  types.reserve(numbers->size());
  for (const double number : *numbers) {
    if (!(number >= kLowest && number <= kHighest) || number != std::floor(number))
      throw FormatError("gguf: " + file + ": metadata key " + quote(kTypes) + " gives token " +
                        std::to_string(types.size()) + " the type " + number_text(number) +
                        "; a type is a small integer");
    types.push_back(static_cast<std::int32_t>(number));
  }
  return types;
}

std::vector<std::int32_t> gguf_end_tokens(const GgufMetadata& metadata, const std::string& file) {
  std::vector<std::int32_t> ids;
  const auto add = [&ids](std::int32_t id) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  };
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"})
    if (const std::optional<std::int32_t> id = gguf_token_id(metadata, key, file)) add(*id);
  const std::vector<std::string>* tokens = metadata.strings("tokenizer.ggml.tokens");
  const std::vector<std::int32_t> types = gguf_token_types(metadata, file);
  if (tokens == nullptr || types.size() != tokens->size()) return ids;
  for (std::size_t id = 0; id < tokens->size(); ++id)
    if (types[id] == kControl && ends_turns((*tokens)[id])) add(static_cast<std::int32_t>(id));
  return ids;
}

}  // namespace candor::io
