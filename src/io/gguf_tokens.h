// Token ids and kinds in GGUF metadata, out of the wide types that a file may give them in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "candor/io.h"

namespace candor::io {

/// The token id under `key`; nothing when the key is absent. `file` names the source in errors.
/// errors   FormatError: not a number that an id can be
std::optional<std::int32_t> gguf_token_id(const GgufMetadata& metadata, std::string_view key, const std::string& file);

/// tokenizer.ggml.token_type; empty when absent. errors: FormatError (an element that is no 32-bit integer)
std::vector<std::int32_t> gguf_token_types(const GgufMetadata& metadata, const std::string& file);

/// Ids that end an answer: those the file names, and control tokens that chat models end their turns with.
/// errors   FormatError, as the two above
std::vector<std::int32_t> gguf_end_tokens(const GgufMetadata& metadata, const std::string& file);

}  // namespace candor::io
