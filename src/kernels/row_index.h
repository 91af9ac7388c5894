// Rows by op and precision: a decode step asks for hundreds of kernels, and a table has a thousand rows.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernels/kernel_row.h"

namespace candor {

/// Made of a table once. Only for tables whose rows name their storage dtypes: DType::any in a, b or out would be
/// looked up as a dtype of its own.
class RowIndex {
 public:
  explicit RowIndex(std::span<const KernelRow> rows);

  /// The rows that have `op` and `precision`, in the table's order.
  std::span<const KernelRow* const> find(std::string_view op, const Precision& precision) const;

 private:
  struct Key {
    std::string_view op;
    Precision precision;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  std::unordered_map<Key, std::vector<const KernelRow*>, Hash> rows_;
};

}  // namespace candor
