#include <algorithm>
#include <nlohmann/json.hpp>

#include "candor/error.h"
#include "candor/io.h"
#include "io/checked.h"
#include "io/little_endian.h"
#include "io/refuse.h"
#include "io/safetensors_header.h"
#include "io/sequential_file.h"

namespace candor {
namespace {

constexpr std::string_view kFormat = "safetensors";
constexpr std::uint64_t kDataAlignment = 64;

// The reference writer's order of dtypes, narrowest alignment first; tensors are written from its end.
constexpr std::string_view kRank[] = {
    "BOOL", "F4",  "F6_E2M3", "F6_E3M2", "U8",  "I8",  "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ",
    "I16",  "U16", "F16",     "BF16",    "I32", "U32", "F32",     "C64",     "F64",     "I64",         "U64"};

std::ptrdiff_t rank_of(DType dtype) {
  return std::find(std::begin(kRank), std::end(kRank), dtype_info(dtype).safetensors) - std::begin(kRank);
}

void check_text(const std::string& path, const std::string& what, const std::string& text) {
  if (text.find('\0') != std::string::npos || !io::is_utf8(text))
    throw FormatError("safetensors: " + path + ": " + what + " " + io::quote(text) +
                      " contains a NUL character or is not UTF-8; the format allows neither");
}

void check_items(const std::string& path, const std::vector<TensorItem>& items) {
  for (const TensorItem& item : items) {
    check_text(path, "the tensor name", item.name);
    if (item.name == "__metadata__")
      io::refuse_item(kFormat, path, item, "has the name that the format reserves", "rename it");
    if (dtype_info(item.dtype).safetensors.empty())
      io::refuse_item(kFormat, path, item,
                      "is of dtype " + std::string(dtype_name(item.dtype)) + ", which safetensors has no name for",
                      "convert it to bf16, f16 or f32");
  }
  io::require_different_names(kFormat, path, items);
}

/// The writers' order: by falling alignment, then by name.
std::vector<TensorItem> in_order(std::vector<TensorItem> items) {
  std::sort(items.begin(), items.end(), [](const TensorItem& x, const TensorItem& y) {
    const std::ptrdiff_t rank_x = rank_of(x.dtype), rank_y = rank_of(y.dtype);
    return rank_x != rank_y ? rank_x > rank_y : x.name < y.name;
  });
  return items;
}

/// The 8 bytes of length and the JSON, padded with spaces so that data start at a multiple of 64.
std::string header_text(const std::string& path, const std::vector<TensorItem>& items,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!metadata.empty()) json["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const TensorItem& item : items) {
    const std::optional<std::uint64_t> end = io::checked_add(offset, io::item_bytes(kFormat, path, item));
    if (!end) io::refuse_item(kFormat, path, item, "ends beyond 2^64 bytes", "write several files");
    // Appended, not looked up: names are known to be unique, and a search would be quadratic.
    nlohmann::ordered_json entry = {
        {"dtype", dtype_info(item.dtype).safetensors}, {"shape", item.shape}, {"data_offsets", {offset, *end}}};
    json.get_ref<nlohmann::ordered_json::object_t&>().push_back({item.name, std::move(entry)});
    offset = *end;
  }
  std::string text = json.dump();
  const std::uint64_t padded = *io::checked_align(8 + text.size(), kDataAlignment) - 8;
  text.append(static_cast<std::size_t>(padded - text.size()), ' ');
  if (text.size() > io::kMaxSafetensorsHeader)
    throw FormatError("safetensors: " + path + ": the header of " + std::to_string(items.size()) + " tensors takes " +
                      std::to_string(text.size()) + " bytes, the format allows 100000000; write several files");
  std::string length;
  io::append_little_endian(length, std::uint64_t{text.size()});
  return length + text;
}

}  // namespace

struct SafetensorsWriter::Impl : io::SequentialFile {
  Impl(const std::string& path, std::vector<Item> items, const std::string& header, bool overwrite)
      : SequentialFile(std::string(kFormat), path, std::move(items), overwrite) {
    file().write(header.data(), header.size());
    start();
  }
};

SafetensorsWriter::SafetensorsWriter(const std::string& path, std::vector<Item> items,
                                     const std::map<std::string, std::string>& metadata, bool overwrite) {
  check_items(path, items);
  for (const auto& [key, value] : metadata) {
    check_text(path, "the metadata key", key);
    check_text(path, "the value of metadata key " + io::quote(key) + ",", value);
  }
  items = in_order(std::move(items));
  const std::string header = header_text(path, items, metadata);
  impl_ = std::make_unique<Impl>(path, std::move(items), header, overwrite);
}

SafetensorsWriter::~SafetensorsWriter() = default;

const std::vector<TensorItem>& SafetensorsWriter::order() const { return impl_->order(); }

void SafetensorsWriter::write(const void* data, std::uint64_t bytes) { impl_->write(data, bytes); }

void SafetensorsWriter::finish(const std::atomic<bool>* cancel, const FileCheck& check) {
  impl_->finish(cancel, check);
}

}  // namespace candor
