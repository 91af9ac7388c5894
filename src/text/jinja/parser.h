#pragma once

#include <string_view>

#include "text/jinja/ast.h"

namespace candor::jinja {

/// errors   FormatError "template, line N: …": a syntax error, or a construct outside the subset, by name
Template parse_template(std::string_view source);

}  // namespace candor::jinja
