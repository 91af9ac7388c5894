// Taking strings apart and replacing in them, as Python's methods do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/value.h"

namespace candor::jinja {

/// At most `limit` cuts, all when negative; from the right end when `from_right`.
std::vector<std::string_view> split_at(std::string_view text, std::string_view separator, std::int64_t limit,
                                       bool from_right);
std::vector<std::string_view> split_at_space(std::string_view text, std::int64_t limit, bool from_right);
std::vector<std::string_view> split_lines(std::string_view text);  // at \n, \r\n, \r and the other line ends of Python

/// The first `count` occurrences, all when negative. errors: ValueError: the result is too long
std::string replace_all(std::string_view text, std::string_view old_text, std::string_view new_text, std::int64_t count,
                        int line, Budget& budget);

}  // namespace candor::jinja
