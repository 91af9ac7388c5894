// SHA-256 of a file, as sha256sum and model hubs print it.
#pragma once

#include <string>

#include "candor/generate.h"

namespace candor::cli {

/// Lower-case hexadecimal. errors: IoError, Cancelled
std::string sha256_of_file(const std::string& path, const ProgressCallback& progress = {});

}  // namespace candor::cli
