// JSON as a document, with what nlohmann would let pass refused: duplicate keys, NUL characters, great depth.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace candor::io {

/// `file` names the source in errors, in which `text` begins at byte `start`.
/// errors   FormatError with the byte of the first violation
nlohmann::ordered_json parse_strict_json(std::string_view text, const std::string& file, std::uint64_t start = 0);

/// A whole small file. errors: IoError (cannot read, larger than `limit`)
std::string read_text_file(const std::string& path, std::uint64_t limit = 256u << 20);

}  // namespace candor::io
