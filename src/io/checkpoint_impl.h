// What a Checkpoint holds. One file per format fills it.
#pragma once

#include <unordered_map>

#include "candor/io.h"
#include "core/storage.h"
#include "io/checkpoint_files.h"
#include "io/inflate_stream.h"

namespace candor {

struct Checkpoint::Impl {
  /// A compressed array: its bytes are behind a header, inflated.
  struct Deflated {
    io::DeflatedBytes place;
    std::uint64_t skip = 0;  // inflated bytes before the elements
  };

  CheckpointFormat format = CheckpointFormat::safetensors;
  std::vector<std::string> files;
  std::string index_file;
  std::vector<std::shared_ptr<Storage>> storages;  // one map per file
  std::vector<TensorEntry> tensors;
  std::vector<std::string> spellings;  // of each tensor's dtype, as its file has it
  std::unordered_map<std::string_view, std::size_t> by_name;
  std::map<std::string, std::string, std::less<>> metadata;
  std::map<std::string, std::uint64_t, std::less<>> unknown_symbols;
  std::unordered_map<std::string, Deflated> deflated;  // by tensor
  GgufMetadata gguf;

  // Each fills an empty Impl. `file` is the map of `path` where it was already opened to see what it is.
  void open_safetensors(const io::CheckpointFiles& found);
  void open_gguf(const std::string& path, std::shared_ptr<Storage> file);
  void add_gguf_part(std::uint64_t part, std::uint64_t count);
  void open_pytorch(const io::CheckpointFiles& found);
  void open_npy(const std::string& path, std::shared_ptr<Storage> file, const OpenOptions& options);
  void open_npz(const std::string& path, std::shared_ptr<Storage> file, const OpenOptions& options);

  void add(std::vector<TensorEntry> entries, std::vector<std::string> names, std::size_t file);
  void index();  // fills by_name. errors: FormatError (a name in two files)
  /// The index and the shards must list the same tensors in the same files.
  void check_index(const io::CheckpointFiles& found) const;
};

}  // namespace candor
