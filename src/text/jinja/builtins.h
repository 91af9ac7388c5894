// The filters, tests, methods and functions of the subset; docs/chat-templates.md lists them.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace candor::jinja {

/// The arguments of one call, evaluated.
struct Arguments {
  std::string_view callee;
  int line = 0;
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  /// In the order of `names`; absent ones are undefined. errors: ValueError for arguments that fit none
  std::vector<Value> bind(std::initializer_list<std::string_view> names) const;
};

/// What every builtin may use.
struct Runtime {
  Budget& budget;
  std::string date;  // for strftime_now
};

using Builtin = Value (*)(Runtime&, const Value& object, const Arguments&);

/// nullptr: not in the subset
Builtin find_filter(std::string_view name);
Builtin find_test(std::string_view name);
bool is_method(std::string_view name);
bool is_function(std::string_view name);

Value call_method(Runtime&, const Value& object, std::string_view name, const Arguments&);
Value call_function(Runtime&, std::string_view name, const Arguments&);
/// Whether the type of `object` has that method, as opposed to a member of that name.
bool has_method(const Value& object, std::string_view name);

}  // namespace candor::jinja
