// SHA-256 of a file, as sha256sum and model hubs print it.
#pragma once

#include <cstdint>
#include <string>

#include "candor/generate.h"

namespace candor::cli {

struct FileHash {
  std::uint64_t bytes = 0;
  std::string sha256;  // lower-case hexadecimal
};

/// errors   IoError, Cancelled
FileHash hash_file(const std::string& path, const ProgressCallback& progress = {});

}  // namespace candor::cli
