// A folder of tensors as convert writes it: the names in it, and how it takes its place whole or not at all.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "convert/input_file.h"
#include "io/atomic_file.h"
#include "io/temporary_files.h"

namespace candor::convert_internal {

/// "model.safetensors", or "model-00002-of-00005.safetensors"
std::string shard_name(std::size_t index, std::size_t count);

/// Names of the files in the folder `output`: none when it is not there or empty. Refuses it when it holds anything
/// that convert does not write or when it may not be replaced. When files of the input, `read`, are in it, every other
/// one there is refused, and every one that is not as it was read: it would be lost.
/// errors   IoError
std::vector<std::string> replaceable_files(const std::string& output, bool overwrite,
                                           const std::vector<InputFile>& read);

/// A folder beside its final place. Everything inside is known to remove_temporary_files().
class TemporaryModelFolder {
 public:
  /// errors   IoError (cannot create it, the folder above cannot be opened to flush it)
  explicit TemporaryModelFolder(const std::string& output);

  const std::string& path() const { return folder_.path(); }

  /// Path of a new file inside; removed with the folder unless it moves into place.
  std::string add(const std::string& name);

  /// The folder, flushed by now, gets its name and an old one of that name, as replaceable_files() finds it at this
  /// moment, is removed. Returns the paths of what was added.
  /// errors   IoError: nothing was replaced; PlacedError: the text says where the old one is, if it is still there
  std::vector<std::string> move_into_place(bool overwrite, const std::vector<InputFile>& read);

 private:
  bool place(bool overwrite, const std::vector<InputFile>& read);
  void take_permissions(const std::vector<std::string>& old);
  bool exchange();
  void register_file(const std::string& name);
  void remove_old();
  void forget();

  std::string output_;
  std::optional<mode_t> permissions_;  // of what was there when the work began
  io::OpenFolder parent_;
  io::TemporaryPath folder_;  // declared before its files: they are removed first
  std::vector<io::TemporaryPath> files_;
  std::vector<std::string> names_;
};

}  // namespace candor::convert_internal
