// What a conversion may not do without permission.
#pragma once

#include <string>
#include <vector>

#include "candor/convert.h"

namespace candor::convert_internal {

/// Why these changes need permission, with the counts, the tensors and the first place; "" when they need none.
std::string refusal_text(const std::vector<ConvertedTensor>& tensors, const std::string& input);

}  // namespace candor::convert_internal
