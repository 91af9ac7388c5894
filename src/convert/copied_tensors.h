// Proof that what was to be copied arrived: the payload of each such tensor, hashed as the source gave it, against what
// a reader of the output finds under its name.
#pragma once

#include <atomic>
#include <map>
#include <string>

#include "convert/output_kind.h"
#include "io/content_hash.h"

namespace candor::convert_internal {

class CopiedTensors {
 public:
  /// The hash to feed with the source's bytes of this tensor, which goes by `name` in the output.
  io::ContentHash& add(const std::string& name) { return hashes_[name]; }

  /// Opens what was written as `kind`, which may still have a temporary name, and reads those tensors. A .npy's only
  /// one is named after its file. errors: IoError (cannot be read, one is not there or differs), Cancelled
  void verify(const std::string& written, OutputKind kind, const std::atomic<bool>* cancel) const;

 private:
  std::map<std::string, io::ContentHash> hashes_;
};

}  // namespace candor::convert_internal
