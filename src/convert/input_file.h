// A file of the input as it was when it was read, whatever has its name later.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>

namespace candor::convert_internal {

/// What is there, or nothing.
std::optional<struct stat> look_at(const std::string& path);

class InputFile {
 public:
  /// To be made before it is read.
  InputFile(const std::string& path);

  bool is(const std::string& path) const;          // that very file
  bool is_as_read(const std::string& path) const;  // and nobody wrote to it since
  bool was(const std::string& path) const;         // a name that it had

 private:
  std::filesystem::path path_;
  std::optional<struct stat> seen_;
};

}  // namespace candor::convert_internal
