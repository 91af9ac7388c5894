// GGUF metadata as bytes.
#pragma once

#include <string>

#include "candor/io.h"

namespace candor::io {

/// Every pair, in the order of the keys: what read_gguf_metadata() reads back, types and all. `file` names the output.
/// errors   FormatError (a key that is empty, too long or no UTF-8, a value that its type cannot hold)
std::string gguf_metadata_bytes(const GgufMetadata& metadata, const std::string& file);

/// A length and the bytes.
void append_gguf_string(std::string& out, const std::string& text);

}  // namespace candor::io
