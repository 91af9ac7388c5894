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
  if (error)
    throw IoError("prove: the folder for temporary files is not there (" + error.message() +
                  "); set TMPDIR to a folder that can be written");
  path_ = parent / "candor-prove-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr)
    throw IoError("prove: no folder like " + path_ + " can be made: " + std::strerror(errno) +
                  "; set TMPDIR to a folder that can be written");
  using Kind = io::TemporaryPath::Kind;
  parts_.emplace_back(path_, Kind::folder);
  for (const char* file : {"/config.json", "/model.safetensors"}) parts_.emplace_back(path_ + file, Kind::file);
}

TemporaryFolder::~TemporaryFolder() {
  while (!parts_.empty()) parts_.pop_back();  // the files before their folder
}

}  // namespace candor::prove
