#include "audit/diff/row_order.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <variant>

#include "audit/diff/values.h"
#include "io/checked.h"
#include "io/head_rows.h"

namespace candor::audit_internal::comparison {
namespace {

/// 0 where there is none, as in files with a list of one for each layer: a comparison does not refuse those.
std::uint64_t extent(const GgufMetadata& metadata, const std::string& key) {
  const GgufValue* found = metadata.find(key);
  if (found == nullptr) return 0;
  if (const auto* number = std::get_if<std::uint64_t>(&found->value)) return *number;
  const auto* number = std::get_if<std::int64_t>(&found->value);
  return number != nullptr && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

std::uint64_t rows_of_head(const GgufMetadata& metadata) {
  const GgufValue* found = metadata.find("general.architecture");
  const auto* name = found == nullptr ? nullptr : std::get_if<std::string>(&found->value);
  if (name == nullptr) return 0;
  std::uint64_t rows = extent(metadata, *name + ".attention.key_length");
  if (const std::uint64_t heads = extent(metadata, *name + ".attention.head_count"); rows == 0 && heads != 0)
    rows = extent(metadata, *name + ".embedding_length") / heads;
  return rows % 2 == 0 ? rows : 0;
}

std::uint64_t row_elements(const TensorEntry& entry) {
  const auto rows = static_cast<std::uint64_t>(entry.shape.front());
  return rows == 0 ? 0 : io::checked_elements(entry.shape).value_or(0) / rows;
}

}  // namespace

std::uint64_t RowOrder::row_in_b(std::uint64_t row_in_a) const {
  return interleaved_b ? io::interleaved_row(row_in_a, head) : io::halves_row(row_in_a, head);
}

bool RowOrder::fits(const TensorEntry& entry) const {
  if (head == 0) return true;
  if (entry.shape.empty() || static_cast<std::uint64_t>(entry.shape.front()) % head != 0) return false;
  return row_elements(entry) % static_cast<std::uint64_t>(dtype_info(entry.dtype).block_elements) == 0;
}

std::uint64_t RowOrder::element_in_b(const TensorEntry& entry, std::uint64_t index) const {
  if (head == 0) return index;
  const std::uint64_t columns = row_elements(entry);
  return row_in_b(index / columns) * columns + index % columns;
}

RowOrder row_order(const Checkpoint& a, const Checkpoint& b) {
  const bool gguf_a = a.format() == CheckpointFormat::gguf, gguf_b = b.format() == CheckpointFormat::gguf;
  if (gguf_a == gguf_b) return {};
  return {rows_of_head((gguf_a ? a : b).gguf()), gguf_b};
}

void gather_rows(const RowOrder& order, const TensorEntry& entry, const std::byte* bytes, std::uint64_t first,
                 std::uint64_t count, std::byte* out) {
  const std::uint64_t columns = row_elements(entry);
  for (std::uint64_t index = first; index < first + count;) {
    const std::uint64_t part = std::min(columns - index % columns, first + count - index);
    const std::uint64_t size = element_offset(entry.dtype, part);
    std::memcpy(out, bytes + element_offset(entry.dtype, order.element_in_b(entry, index)),
                static_cast<std::size_t>(size));
    out += size;
    index += part;
  }
}

}  // namespace candor::audit_internal::comparison
