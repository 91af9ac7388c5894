// Runs an op on the row that dispatch would choose, and cuts its operands.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "kernels/registry.h"

namespace candor::test {

/// The backend that dispatch would choose.
inline const Backend& device() {
  for (const Backend& backend : installed_backends())
    if (backend.built && !backend.reference) return backend;
  throw std::logic_error("no backend");
}

/// Runs the row that dispatch would choose.
template <class Op>
bool run_chosen(const Precision& precision, const Op& args) {
  const KernelRow* row = find_row(device(), precision, args);
  if (row == nullptr) return false;
  std::get<Launch<Op>>(row->launch)(args, device().stream());
  return true;
}

/// `count` entries from `begin` on of one dimension.
inline ConstView rows_of(const ConstView& view, int axis, std::int64_t begin, std::int64_t count) {
  ConstView part = view;
  part.data = view.as<std::byte>() + begin * view.stride[axis] * dtype_info(view.dtype).block_bytes;
  part.shape[axis] = count;
  return part;
}
inline View rows_of(const View& view, int axis, std::int64_t begin, std::int64_t count) {
  View part;
  static_cast<ConstView&>(part) = rows_of(static_cast<const ConstView&>(view), axis, begin, count);
  return part;
}

/// Every precision that the device has rows of.
inline std::vector<Precision> precisions_of(std::string_view op) {
  std::vector<Precision> all;
  for (const KernelRow& row : device().rows)
    if (row.op == op && std::find(all.begin(), all.end(), row.precision) == all.end()) all.push_back(row.precision);
  return all;
}

}  // namespace candor::test
