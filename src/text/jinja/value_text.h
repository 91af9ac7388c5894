// How values become text, and how they compare: Python's str, repr, == and <.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/value.h"

namespace candor::jinja {

/// Throws ValueError when a text under way is longer than any may be.
void charge_text(const std::string& out, Budget& budget);
/// \xhh, \uhhhh or \Uhhhhhhhh
void append_hex_escape(std::string& out, char32_t code, int digits, char letter);

/// What {{ value }} prints.
std::string to_text(const Value& value, Budget& budget);

bool truthy(const Value& value);
bool equal(const Value& a, const Value& b, Budget& budget);
/// -1, 0, 1; nothing when the two have no order.
std::optional<int> compare(const Value& a, const Value& b, Budget& budget);
std::string number_text(double number);  // Python's repr of a float

/// Strings count characters, as Python does; every character starts at one of the offsets, and the last is the length.
std::vector<std::size_t> character_offsets(std::string_view text);
bool is_python_space(char32_t code);
std::string_view strip(std::string_view text, std::optional<std::string_view> characters, bool left, bool right);

}  // namespace candor::jinja
