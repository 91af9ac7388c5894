// Where in a JSON text a value stands: documents that are parsed have forgotten, errors need it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace candor::audit_internal {

/// Keys of objects and indices of arrays, outermost first.
using JsonPath = std::vector<std::variant<std::string, std::size_t>>;

/// First byte of the value at `path` in `json`, which must be valid; of the innermost one around it that is there.
std::size_t json_place(std::string_view json, const JsonPath& path);

}  // namespace candor::audit_internal
