// The small text files that lie beside a model's tensors.
#pragma once

#include <optional>
#include <string>

namespace candor::models {

/// The whole file; nothing when there is no such entry. A folder, a pipe, a dangling link or a file that may not be
/// read is there and cannot be used: that is an error, not an absence.
/// errors   IoError naming the file
std::optional<std::string> read_side_file(const std::string& path);

}  // namespace candor::models
