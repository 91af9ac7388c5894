// What a GGUF file can hold, asked before one is begun.
#pragma once

#include <string>

#include "candor/io.h"

namespace candor::io {

/// errors   FormatError naming `path` and the tensor: its name, rank, dtype or rows have no place in the format
void check_gguf_item(const std::string& path, const TensorItem& item);

}  // namespace candor::io
