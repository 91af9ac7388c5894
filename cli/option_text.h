// How options are read and shown: strict numbers, and help without noise.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

namespace candor::cli {

/// A whole number in [low, high]. The parser's own conversion saturates instead of refusing.
CLI::Validator whole_number(std::int64_t low, std::int64_t high = std::numeric_limits<std::int64_t>::max());
/// A whole number in [0, 2^64).
CLI::Validator unsigned_number();
/// A finite decimal number.
CLI::Validator finite_number();
/// One above 0, as wide as a double.
CLI::Validator positive_number();
/// Not "": what a shell variable that is not set becomes.
CLI::Validator file_name();

/// What needs less memory, as far as `command` has options for it: "less is needed with a narrower --precision, …".
std::string memory_advice(const CLI::App& command);

/// Help texts: "-n,--max-tokens N", then the description with its default in brackets.
std::shared_ptr<CLI::FormatterBase> help_formatter();

}  // namespace candor::cli
