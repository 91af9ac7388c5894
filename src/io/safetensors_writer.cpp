#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "candor/error.h"
#include "candor/io.h"
#include "io/atomic_file.h"
#include "io/checked.h"
#include "io/refuse.h"
#include "io/safetensors_header.h"

namespace candor {
namespace {

constexpr std::uint64_t kDataAlignment = 64;

// The reference writer's order of dtypes, narrowest alignment first; tensors are written from its end.
constexpr std::string_view kRank[] = {
    "BOOL", "F4",  "F6_E2M3", "F6_E3M2", "U8",  "I8",  "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ",
    "I16",  "U16", "F16",     "BF16",    "I32", "U32", "F32",     "C64",     "F64",     "I64",         "U64"};

std::ptrdiff_t rank_of(DType dtype) {
  return std::find(std::begin(kRank), std::end(kRank), dtype_info(dtype).safetensors) - std::begin(kRank);
}

[[noreturn]] void refuse_item(const std::string& path, const SafetensorsWriter::Item& item, const std::string& what,
                              std::string_view remedy) {
  throw FormatError("safetensors: " + path + ": tensor " + io::quote(item.name) + " " + what + "; " +
                    std::string(remedy));
}

void check_text(const std::string& path, const std::string& what, const std::string& text) {
  if (text.find('\0') != std::string::npos || !io::is_utf8(text))
    throw FormatError("safetensors: " + path + ": " + what + " " + io::quote(text) +
                      " contains a NUL character or is not UTF-8; the format allows neither");
}

std::uint64_t item_bytes(const std::string& path, const SafetensorsWriter::Item& item) {
  if (dtype_info(item.dtype).safetensors.empty())
    refuse_item(path, item,
                "is of dtype " + std::string(dtype_name(item.dtype)) + ", which safetensors has no name for",
                "convert it to bf16, f16 or f32");
  const std::optional<std::uint64_t> elements = io::checked_elements(item.shape);
  const std::optional<std::uint64_t> bytes = elements ? dtype_bytes(item.dtype, *elements) : std::nullopt;
  if (!bytes) {
    refuse_item(path, item,
                "of shape " + io::shape_text(item.shape) + " in " + std::string(dtype_name(item.dtype)) +
                    " is not a whole number of bytes below 2^63",
                "correct the shape");
  }
  return *bytes;
}

void check_items(const std::string& path, const std::vector<SafetensorsWriter::Item>& items) {
  std::unordered_set<std::string_view> names;
  for (const SafetensorsWriter::Item& item : items) {
    check_text(path, "the tensor name", item.name);
    if (item.name == "__metadata__") refuse_item(path, item, "has the name that the format reserves", "rename it");
    if (!names.insert(item.name).second) refuse_item(path, item, "appears twice", "every name may appear once");
  }
}

/// The 8 bytes of length and the JSON, padded with spaces so that data start at a multiple of 64.
std::string header_text(const std::string& path, const std::vector<SafetensorsWriter::Item>& items,
                        const std::vector<std::uint64_t>& bytes, const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!metadata.empty()) json["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::optional<std::uint64_t> end = io::checked_add(offset, bytes[i]);
    if (!end) refuse_item(path, items[i], "ends beyond 2^64 bytes", "write several files");
    // Appended, not looked up: names are known to be unique, and a search would be quadratic.
    nlohmann::ordered_json entry = {
        {"dtype", dtype_info(items[i].dtype).safetensors}, {"shape", items[i].shape}, {"data_offsets", {offset, *end}}};
    json.get_ref<nlohmann::ordered_json::object_t&>().push_back({items[i].name, std::move(entry)});
    offset = *end;
  }
  std::string text = json.dump();
  const std::uint64_t padded = *io::checked_align(8 + text.size(), kDataAlignment) - 8;
  text.append(static_cast<std::size_t>(padded - text.size()), ' ');
  if (text.size() > io::kMaxSafetensorsHeader)
    throw FormatError("safetensors: " + path + ": the header of " + std::to_string(items.size()) + " tensors takes " +
                      std::to_string(text.size()) + " bytes, the format allows 100000000; write several files");
  std::string length(8, '\0');
  for (int i = 0; i < 8; ++i) length[i] = static_cast<char>(text.size() >> (8 * i) & 0xff);
  return length + text;
}

}  // namespace

struct SafetensorsWriter::Impl {
  std::string path;
  std::vector<Item> items;
  std::vector<std::uint64_t> bytes;    // of each item
  std::size_t current = 0;             // item that write() fills
  std::uint64_t filled = 0;            // bytes of it that are there
  std::optional<io::AtomicFile> file;  // empty after finish()

  void skip_full() {
    while (current < items.size() && filled == bytes[current]) {
      ++current;
      filled = 0;
    }
  }
};

SafetensorsWriter::SafetensorsWriter(const std::string& path, std::vector<Item> items,
                                     const std::map<std::string, std::string>& metadata, bool overwrite)
    : impl_(std::make_unique<Impl>()) {
  check_items(path, items);
  for (const auto& [key, value] : metadata) {
    check_text(path, "the metadata key", key);
    check_text(path, "the value of metadata key " + io::quote(key) + ",", value);
  }
  for (const Item& item : items) item_bytes(path, item);  // refuses dtypes without a rank before they are compared
  std::sort(items.begin(), items.end(), [](const Item& x, const Item& y) {
    const std::ptrdiff_t rank_x = rank_of(x.dtype), rank_y = rank_of(y.dtype);
    return rank_x != rank_y ? rank_x > rank_y : x.name < y.name;
  });
  for (const Item& item : items) impl_->bytes.push_back(item_bytes(path, item));
  const std::string header = header_text(path, items, impl_->bytes, metadata);
  impl_->path = path;
  impl_->items = std::move(items);
  impl_->file.emplace(path, overwrite);
  impl_->file->write(header.data(), header.size());
  impl_->skip_full();
}

SafetensorsWriter::~SafetensorsWriter() = default;

const std::vector<SafetensorsWriter::Item>& SafetensorsWriter::order() const { return impl_->items; }

void SafetensorsWriter::write(const void* data, std::uint64_t bytes) {
  const std::byte* p = static_cast<const std::byte*>(data);
  while (bytes > 0) {
    if (!impl_->file || impl_->current == impl_->items.size())
      throw Error("safetensors: " + impl_->path + ": " + std::to_string(bytes) +
                  " bytes more than the tensors declared");
    const std::uint64_t count = std::min(bytes, impl_->bytes[impl_->current] - impl_->filled);
    impl_->file->write(p, count);
    p += count;
    bytes -= count;
    impl_->filled += count;
    impl_->skip_full();
  }
}

void SafetensorsWriter::finish(const std::atomic<bool>* cancel) {
  if (!impl_->file) throw Error("safetensors: " + impl_->path + ": finish() was already called");
  if (impl_->current != impl_->items.size()) {
    throw Error("safetensors: " + impl_->path + ": tensor " + io::quote(impl_->items[impl_->current].name) + " got " +
                std::to_string(impl_->filled) + " of " + std::to_string(impl_->bytes[impl_->current]) +
                " bytes; write all tensors before finish()");
  }
  impl_->file->commit(cancel);
  impl_->file.reset();
}

}  // namespace candor
