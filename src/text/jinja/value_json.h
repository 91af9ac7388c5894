// How values become JSON: Python's json.dumps.
#pragma once

#include <optional>
#include <string>

#include "text/jinja/value.h"

namespace candor::jinja {

struct JsonStyle {
  std::optional<std::int64_t> indent;  // none: one line
  std::string item_separator = ", ", key_separator = ": ";
  bool sort_keys = false, ascii = false;
};
/// json.dumps; errors: ValueError for what JSON cannot say
std::string to_json(const Value& value, const JsonStyle& style, Budget& budget);

}  // namespace candor::jinja
