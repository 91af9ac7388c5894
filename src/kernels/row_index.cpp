#include "kernels/row_index.h"

#include <functional>

namespace candor {

RowIndex::RowIndex(std::span<const KernelRow> rows) {
  for (const KernelRow& row : rows) rows_[{row.op, row.precision}].push_back(&row);
}

std::size_t RowIndex::Hash::operator()(const Key& key) const {
  std::size_t packed = 0;
  for (const DType dtype :
       {key.precision.a, key.precision.b, key.precision.out, key.precision.compute, key.precision.accumulate})
    packed = packed << 8 | static_cast<std::size_t>(dtype);
  return std::hash<std::string_view>{}(key.op) ^ packed * 0x9e3779b97f4a7c15u;
}

std::span<const KernelRow* const> RowIndex::find(std::string_view op, const Precision& precision) const {
  const auto found = rows_.find({op, precision});
  return found == rows_.end() ? std::span<const KernelRow* const>{} : std::span<const KernelRow* const>(found->second);
}

}  // namespace candor
