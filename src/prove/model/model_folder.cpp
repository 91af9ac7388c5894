#include "prove/model/model_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "candor/error.h"

namespace candor::prove {

TemporaryFolder::TemporaryFolder() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  path_ = (error ? std::filesystem::path("/tmp") : parent) / "candor-prove-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr)
    throw IoError("prove: no folder like " + path_ + " can be made: " + std::strerror(errno) +
                  "; set TMPDIR to a folder that can be written");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // a destructor has nobody to tell
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace candor::prove
