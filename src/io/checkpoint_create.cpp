// Which writer a file's name asks for: the one table of suffixes.
#include "candor/error.h"
#include "io/checked.h"
#include "io/checkpoint_writers.h"
#include "io/sequential_file.h"

namespace candor {

void io::require_rank(std::string_view format, const std::string& path, const TensorItem& item) {
  constexpr std::size_t kHighestRank = 64;
  if (item.shape.size() > kHighestRank)
    refuse_item(format, path, item, "has " + std::to_string(item.shape.size()) + " dimensions; the format has 64",
                "reshape it");
}

void io::require_total_bytes(std::string_view format, const std::string& path, const std::vector<TensorItem>& items) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  std::uint64_t total = 0;
  for (const TensorItem& item : items) {
    const std::optional<std::uint64_t> sum = checked_add(total, item_bytes(format, path, item));
    if (!sum || *sum >= kMost) refuse_item(format, path, item, "ends beyond 2^62 bytes", "write several files");
    total = *sum;
  }
}

namespace {

using Create = std::unique_ptr<CheckpointWriter> (*)(const std::string&, std::vector<TensorItem>, const io::Metadata&,
                                                     bool);

std::unique_ptr<CheckpointWriter> create_safetensors(const std::string& path, std::vector<TensorItem> items,
                                                     const io::Metadata& metadata, bool overwrite) {
  return std::make_unique<SafetensorsWriter>(path, std::move(items), metadata, overwrite);
}

/// Metadata become strings under their own keys.
std::unique_ptr<CheckpointWriter> create_gguf(const std::string& path, std::vector<TensorItem> items,
                                              const io::Metadata& metadata, bool overwrite) {
  GgufMetadata values;
  for (const auto& [key, value] : metadata) values.values[key].value = value;
  return std::make_unique<GgufWriter>(path, std::move(items), values, overwrite);
}

struct Row {
  std::string_view suffix;
  Create create;
};
constexpr Row kRows[] = {
    {".safetensors", create_safetensors},
    {".gguf", create_gguf},
    {".npy", io::create_npy},
    {".npz", io::create_npz},
    {".pt", io::create_pytorch},
    {".pth", io::create_pytorch},
    {".bin", io::create_pytorch},
    {".ckpt", io::create_pytorch},
};

}  // namespace

std::vector<std::string_view> checkpoint_suffixes() {
  std::vector<std::string_view> suffixes;
  for (const Row& row : kRows) suffixes.push_back(row.suffix);
  return suffixes;
}

std::unique_ptr<CheckpointWriter> create_checkpoint(const std::string& path, std::vector<TensorItem> items,
                                                    const std::map<std::string, std::string>& metadata,
                                                    bool overwrite) {
  std::string known;
  for (const Row& row : kRows) {
    if (path.ends_with(row.suffix)) return row.create(path, std::move(items), metadata, overwrite);
    known.append(known.empty() ? "" : ", ").append(row.suffix);
  }
  throw FormatError("write: " + path + ": the name's suffix says the format and is none that is written; one of " +
                    known + " would be");
}

}  // namespace candor
