// A folder for one proof, gone with the files that were named to it when the proof ends, however it ends.
#pragma once

#include <string>
#include <vector>

#include "io/temporary_files.h"

namespace candor::prove {

class TemporaryFolder {
 public:
  TemporaryFolder();  // errors: IoError
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::vector<io::TemporaryPath> parts_;  // those that remove_temporary_files() must know: a second Ctrl-C ends here
};

}  // namespace candor::prove
