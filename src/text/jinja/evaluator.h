// Runs a template.
#pragma once

#include <string>

#include "text/jinja/ast.h"

namespace candor::jinja {

/// errors   ValueError "template, line N: …": what the template raised, an operation Python would refuse, or a limit
std::string render_template(const Template& source, const Variables& variables, const std::string& date);

}  // namespace candor::jinja
