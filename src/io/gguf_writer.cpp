#include "io/gguf_writer.h"

#include <algorithm>
#include <bit>

#include "candor/error.h"
#include "candor/io.h"
#include "io/checked.h"
#include "io/gguf_header.h"
#include "io/gguf_writer_metadata.h"
#include "io/little_endian.h"
#include "io/refuse.h"
#include "io/sequential_file.h"

namespace candor {
namespace {

constexpr std::string_view kFormat = "gguf";
constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kMaxDims = 4;
constexpr std::string_view kAlignmentKey = "general.alignment";

std::uint64_t alignment_of(const std::string& path, const GgufMetadata& metadata) {
  const GgufValue* value = metadata.find(kAlignmentKey);
  if (value == nullptr) return io::kGgufDefaultAlignment;
  constexpr std::uint64_t kLeast = 8, kMost = 65536;  // more would be zeros by the megabyte after each tensor
  const std::uint64_t alignment = metadata.unsigned_integer(kAlignmentKey).value_or(0);
  const bool sound = alignment >= kLeast && alignment <= kMost && std::has_single_bit(alignment);
  if (value->type != GgufValueType::u32 || !sound)
    throw FormatError("gguf: " + path + ": general.alignment is " + std::to_string(alignment) +
                      "; it must be a u32, a power of two from 8 to 65536");
  return alignment;
}

/// Everything before the tensors' bytes, filled up to the alignment.
std::string header_text(const std::string& path, const std::vector<TensorItem>& items, const GgufMetadata& metadata,
                        std::uint64_t alignment) {
  std::string out = "GGUF";
  io::append_low_bytes(out, kVersion, 4);
  io::append_low_bytes(out, items.size(), 8);
  io::append_low_bytes(out, metadata.values.size(), 8);
  out += io::gguf_metadata_bytes(metadata, path);
  std::uint64_t offset = 0;
  for (const TensorItem& item : items) {
    io::append_gguf_string(out, item.name);
    io::append_low_bytes(out, std::max<std::size_t>(item.shape.size(), 1), 4);
    if (item.shape.empty()) io::append_low_bytes(out, 1, 8);  // readers know no scalars: one element of one dimension
    for (auto extent = item.shape.rbegin(); extent != item.shape.rend(); ++extent)
      io::append_low_bytes(out, static_cast<std::uint64_t>(*extent), 8);
    io::append_low_bytes(out, static_cast<std::uint32_t>(dtype_info(item.dtype).gguf), 4);
    io::append_low_bytes(out, offset, 8);
    const std::optional<std::uint64_t> end = io::checked_add(offset, io::item_bytes(kFormat, path, item));
    const std::optional<std::uint64_t> next = end ? io::checked_align(*end, alignment) : std::nullopt;
    if (!next) io::refuse_item(kFormat, path, item, "ends beyond 2^64 bytes", "write several files");
    offset = *next;
  }
  out.append(static_cast<std::size_t>(*io::checked_align(out.size(), alignment) - out.size()), '\0');
  return out;
}

}  // namespace

void io::check_gguf_item(const std::string& path, const TensorItem& item) {
  const std::string& name = item.name;
  if (name.empty() || name.find('\0') != std::string::npos || !is_utf8(name))
    refuse_item(kFormat, path, item, "has a name that is empty, holds a NUL or is not UTF-8", "rename it");
  if (name.size() > kMaxGgufName)
    refuse_item(
        kFormat, path, item,
        "has a name of " + std::to_string(name.size()) + " bytes, the format allows " + std::to_string(kMaxGgufName),
        "write a .safetensors file");
  if (item.shape.size() > kMaxDims)
    refuse_item(kFormat, path, item, "has " + std::to_string(item.shape.size()) + " dimensions, the format allows 4",
                "write a .safetensors file");
  const DTypeInfo& info = dtype_info(item.dtype);
  if (info.gguf < 0) {
    const bool has_values = info.kind == DTypeKind::floating && !info.storage_only;  // that a cast could read
    refuse_item(
        kFormat, path, item, "is of dtype " + std::string(info.name) + ", which GGUF has no type for",
        has_values ? "convert it to bf16, f16 or f32, or write a .safetensors file" : "write a .safetensors file");
  }
  const std::int64_t inner = item.shape.empty() ? 1 : item.shape.back();
  if (inner % info.block_elements != 0)
    refuse_item(kFormat, path, item,
                "of shape " + shape_text(item.shape) + " in " + std::string(info.name) +
                    " has rows that are no whole blocks of " + std::to_string(info.block_elements),
                "convert it to bf16, f16 or f32");
}

struct GgufWriter::Impl : io::SequentialFile {
  Impl(const std::string& path, std::vector<Item> items, const std::string& header, std::uint64_t alignment,
       bool overwrite)
      : SequentialFile(std::string(kFormat), path, std::move(items), overwrite), alignment_(alignment) {
    file().write(header.data(), header.size());
    start();
  }

 protected:
  // ggml's reader wants the last tensor filled up too.
  void end_item(std::size_t index) override {
    const std::uint64_t bytes = bytes_of(index);
    const std::string zeros(static_cast<std::size_t>(*io::checked_align(bytes, alignment_) - bytes), '\0');
    file().write(zeros.data(), zeros.size());
  }

 private:
  std::uint64_t alignment_;
};

GgufWriter::GgufWriter(const std::string& path, std::vector<Item> items, const GgufMetadata& metadata, bool overwrite) {
  for (const Item& item : items) io::check_gguf_item(path, item);
  io::require_different_names(kFormat, path, items);
  const std::uint64_t alignment = alignment_of(path, metadata);
  const std::string header = header_text(path, items, metadata, alignment);
  impl_ = std::make_unique<Impl>(path, std::move(items), header, alignment, overwrite);
}

GgufWriter::~GgufWriter() = default;

const std::vector<TensorItem>& GgufWriter::order() const { return impl_->order(); }

void GgufWriter::write(const void* data, std::uint64_t bytes) { impl_->write(data, bytes); }

void GgufWriter::finish(const std::atomic<bool>* cancel, const FileCheck& check) { impl_->finish(cancel, check); }

}  // namespace candor
