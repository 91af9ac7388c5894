// Upper and lower case, one character to one character (Python's upper() also makes "SS" of "ß"; this does not).
#pragma once

#include <string>
#include <string_view>

namespace candor::jinja {

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_capitalized(std::string_view text);  // the first character in title case, the others lower
std::string to_title(std::string_view text);        // str.title(): every run of letters capitalised
std::string to_jinja_title(std::string_view text);  // the filter: words after white space, "-", "(", "{", "[", "<"

}  // namespace candor::jinja
