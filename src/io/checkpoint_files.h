// Which files are behind a path, before any of them is opened.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace candor::io {

struct CheckpointFiles {
  bool pytorch = false;                                        // what a folder or an index holds; else safetensors
  std::vector<std::string> paths;                              // in order of name
  std::map<std::string, std::string, std::less<>> weight_map;  // tensor -> file name; empty without an index
  std::string index;                                           // path of the index; empty without one

  std::string_view kind() const { return pytorch ? "pytorch" : "safetensors"; }
};

/// An index (*.safetensors.index.json, *.bin.index.json), a folder that holds one or a .safetensors file or, where
/// there is no safetensors at all, pytorch_model.bin or its index; else the path itself, whatever it is.
/// errors   IoError (missing), FormatError (index), naming what was looked for
CheckpointFiles find_checkpoint(const std::string& path);

/// Paths of a split GGUF set ("NAME-00001-of-00003.gguf") from that of its first file.
/// errors   FormatError (the name does not say so)
std::vector<std::string> gguf_split_paths(const std::string& first, std::uint64_t count);

}  // namespace candor::io
