// Runs a template.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/ast.h"

namespace candor::jinja {

using Variables = std::vector<std::pair<std::string, Value>>;

/// errors   ValueError "template, line N: …": what the template raised, an operation Python would refuse, or a limit
std::string render_template(const Template& source, const Variables& variables, const std::string& date);

}  // namespace candor::jinja
