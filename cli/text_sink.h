// Where a text goes that is made in parts, so that it never has to be held as a whole.
#pragma once

#include <functional>
#include <string_view>

namespace candor::cli {

/// Takes the parts of one text in their order. errors: IoError, BrokenPipe
using TextSink = std::function<void(std::string_view part)>;

}  // namespace candor::cli
