// A folder for one proof, gone with everything in it when the proof ends, however it ends.
#pragma once

#include <string>

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
};

}  // namespace candor::prove
