// What stands behind a LanguageModel handle.
#pragma once

#include <optional>
#include <string>

#include "candor/error.h"
#include "candor/generate.h"
#include "models/llama/forward.h"

namespace candor {

/// Tokenizer and chat template of a model, each with the reason when there is none.
struct TextSide {
  std::optional<Tokenizer> tokenizer;
  std::string no_tokenizer;  // full error text
  std::optional<ChatTemplate> chat_template;
  std::string no_chat_template;
  bool template_refused = false;     // there is one, which cannot be used
  std::string template_file;         // where it is written
  std::string bos_token, eos_token;  // as templates see them
};

struct LanguageModel::Impl {
  models::LlamaModel model;
  ModelInfo info;
  TextSide text;
};

namespace generation {

/// Tokens that one forward pass takes: bounds what a long prompt needs beside the weights and the cache.
inline constexpr std::int64_t kChunk = 512;

/// errors   ValueError: an id outside the vocabulary, with its position
void check_tokens(const char* op, std::span<const TokenId> tokens, std::int64_t vocabulary);

/// Bytes this machine can still give while `held` of them belong to weights: those that lie in mapped files count as
/// free to the system, and are needed all the same.
std::uint64_t free_memory(std::uint64_t held);

/// errors   OutOfMemory: a cache of this shape takes more than `free_bytes`
void require_memory(const nn::KvCacheShape& shape, std::uint64_t free_bytes);

/// Cache for `capacity` positions, after checking its bytes. errors: ValueError, OutOfMemory
nn::KvCache make_cache(const LanguageModel::Impl& model, std::int64_t capacity);

/// Full text of an error of the template in `file`, whether parsing or rendering met it.
std::string template_error(const std::string& file, const Error& error);

/// Reads what a GGUF file or a Hugging Face folder says about text. Never throws for a missing or unsupported part.
TextSide text_side_from_gguf(const Checkpoint& checkpoint);
TextSide text_side_from_folder(const std::string& folder);

}  // namespace generation
}  // namespace candor
