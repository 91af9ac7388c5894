// Lookup over the rows; included by registry.h only.
#pragma once

namespace candor {

namespace detail {
/// True when `row` is for this op and this precision (DType::any in a row matches every storage dtype).
bool row_matches(const KernelRow& row, std::string_view op, const Precision& precision);
std::string explain_missing(const Backend& backend, std::string_view op, const Precision& precision,
                            std::string_view refusal);
}  // namespace detail

/// Why this row cannot take `args` on `isa`; "" when it can.
template <class Op>
std::string_view row_refusal(const KernelRow& row, Isa isa, const Op& args) {
  if (row.isa > isa) return "needs a newer instruction set";
  if (std::get<Launch<Op>>(row.launch) == nullptr) return "this build has the backend off";
  const Refuses<Op> refuses = std::get<Refuses<Op>>(row.refuses);
  return refuses == nullptr ? std::string_view{} : refuses(args);
}

template <class Op>
const KernelRow* find_row(const Backend& backend, const Precision& precision, const Op& args) {
  const Isa isa = backend.active_isa();
  if (backend.index != nullptr) {
    for (const KernelRow* row : backend.index->find(Op::name, precision))
      if (row_refusal(*row, isa, args).empty()) return row;
    return nullptr;
  }
  for (const KernelRow& row : backend.rows)
    if (detail::row_matches(row, Op::name, precision) && row_refusal(row, isa, args).empty()) return &row;
  return nullptr;
}

template <class Op>
std::string explain_missing(const Backend& backend, const Precision& precision, const Op& args) {
  std::string refusal, newer;  // of the first row that has the precision but not the shape; that is for other machines
  const Isa isa = backend.active_isa();
  for (const KernelRow& row : backend.rows) {
    std::string& first = row.isa > isa ? newer : refusal;
    if (first.empty() && detail::row_matches(row, Op::name, precision)) first = row_refusal(row, isa, args);
  }
  return detail::explain_missing(backend, Op::name, precision, refusal.empty() ? newer : refusal);
}

}  // namespace candor
