// Which files are behind a path, before any of them is opened.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace candor::io {

struct SafetensorsFiles {
  std::vector<std::string> paths;                              // in order of name
  std::map<std::string, std::string, std::less<>> weight_map;  // tensor -> file name; empty without an index
  std::string index;                                           // path of the index; empty without one
};

/// A .safetensors file, an index (*.safetensors.index.json), or a folder that holds one of them.
/// errors   IoError (missing), FormatError (index), naming what was looked for
SafetensorsFiles find_safetensors(const std::string& path);

/// Paths of a split GGUF set ("NAME-00001-of-00003.gguf") from that of its first file.
/// errors   FormatError (the name does not say so)
std::vector<std::string> gguf_split_paths(const std::string& first, std::uint64_t count);

}  // namespace candor::io
