#include "models/side_file.h"

#include <sys/stat.h>

#include <cerrno>

#include "io/strict_json.h"

namespace candor::models {

std::optional<std::string> read_side_file(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 && errno == ENOENT) return std::nullopt;
  return io::read_text_file(path);
}

}  // namespace candor::models
