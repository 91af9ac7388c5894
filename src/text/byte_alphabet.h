// GPT-2's byte-to-unicode spelling: every byte has a printable character, so that vocabularies are plain text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace candor::text {

/// The bytes that `spelled` stands for; nothing when a character is outside the alphabet.
std::optional<std::string> bytes_from_spelling(std::string_view spelled);

/// The spelling of raw bytes.
std::string spelling_of_bytes(std::string_view bytes);

}  // namespace candor::text
