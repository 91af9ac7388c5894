// How values become text, and how they compare: Python's str, repr, json.dumps, == and <.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/value.h"

namespace candor::jinja {

/// What {{ value }} prints.
std::string to_text(const Value& value, Budget& budget);

struct JsonStyle {
  std::optional<std::int64_t> indent;  // none: one line
  std::string item_separator = ", ", key_separator = ": ";
  bool sort_keys = false, ascii = false;
};
/// json.dumps; errors: ValueError for what JSON cannot say
std::string to_json(const Value& value, const JsonStyle& style, Budget& budget);

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
