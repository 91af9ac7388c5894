// The escapes of string literals: Python's.
#pragma once

#include <string>
#include <string_view>

namespace candor::jinja {

/// The characters between the quotes, escapes resolved. errors: FormatError
std::string unescape_literal(std::string_view body, int line);

}  // namespace candor::jinja
