// What the pages share.
#pragma once

#include <string>
#include <string_view>

namespace candor::cli {

/// Text as it may stand in an element or in a quoted attribute.
std::string html_escaped(std::string_view text);

}  // namespace candor::cli
