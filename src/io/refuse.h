// Error texts of the readers: one sentence with the file, the byte of the first violation, the thing, and what to do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace candor::io {

// Remedies that many violations share.
inline constexpr std::string_view kHostile = "the file is damaged or hostile";
inline constexpr std::string_view kGetAgain = "the file is truncated or damaged: get it again";

/// `text` between single quotes, control characters escaped and long texts cut: safe to print whatever a file says.
std::string quote(std::string_view text);

/// "[2, 3]"
std::string shape_text(const std::vector<std::int64_t>& shape);

/// Throws FormatError "FORMAT: FILE: byte OFFSET: WHAT; REMEDY".
[[noreturn]] void refuse(std::string_view format, const std::string& file, std::uint64_t offset,
                         const std::string& what, std::string_view remedy);

/// Throws IoError "OP: FILE: WHAT: <reason of errno>; REMEDY".
[[noreturn]] void refuse_system(std::string_view op, const std::string& file, std::string_view what, int error,
                                std::string_view remedy);

/// Throws ExistsError with the same text and what would be right: `file` is there, or what `what` says beside it.
[[noreturn]] void refuse_existing(std::string_view op, const std::string& file, std::string_view what = "exists");

/// Throws PlacedError with the same text: `file` is in its place.
[[noreturn]] void refuse_placed(std::string_view op, const std::string& file, std::string_view what, int error,
                                std::string_view remedy);

/// True for well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

}  // namespace candor::io
