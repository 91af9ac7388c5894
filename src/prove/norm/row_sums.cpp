#include "prove/norm/row_sums.h"

#include <algorithm>

namespace candor::prove {

std::vector<Arithmetic> row_hypotheses(const Storage3& storage, Questions asked) {
  std::vector<Arithmetic> all = hypotheses(storage, asked, Order::sixteen_lanes);
  const auto add = [&](const Arithmetic& candidate) {
    if (std::find(all.begin(), all.end(), candidate) == all.end()) all.push_back(candidate);
  };
  for (const Arithmetic& h : std::vector<Arithmetic>(all)) {
    Arithmetic narrower = h;
    narrower.accumulate = DType::f32;
    if (h.accumulate == DType::f64 && h.rounding != Rounding::nearest_even) add(narrower);
  }
  for (const Arithmetic& h : std::vector<Arithmetic>(all)) {
    Arithmetic rising = h;
    rising.order = Order::rising;
    add(rising);
  }
  return all;
}

std::vector<Arithmetic> one_change_apart(const std::vector<Arithmetic>& all, Questions asked) {
  std::vector<Arithmetic> near;
  for (const Arithmetic& h : all) {
    Arithmetic start;
    start.order = h.order;
    start.flushes = h.flushes;
    if (h.accumulate == DType::f64) start.accumulate = DType::f64;
    if (h.order == Order::sixteen_lanes && distance(start, h, asked) <= 1) near.push_back(h);
  }
  return near;
}

double row_sum(const Arithmetic& arithmetic, const Values& x, const Values& w) {
  Arithmetic plain;
  plain.accumulate = arithmetic.accumulate;
  plain.order = arithmetic.order;
  return sum_of_products(plain, terms_of(x, w));
}

Prediction hull(const Prediction& x, const Prediction& y) {
  if (std::isnan(x.low) && std::isnan(y.low)) return x;
  if (std::isnan(x.low) || std::isnan(y.low)) return anything();
  return {std::min(x.low, y.low), std::max(x.high, y.high)};
}

Prediction row_result(const Arithmetic& arithmetic, DType out, const ValuePath& path, const Prediction& formed) {
  if (std::isnan(formed.low) || std::isnan(formed.high)) return arithmetic.loses_nan ? anything() : formed;
  const auto end = [&](double value) { return stored(arithmetic, out, path.flushed(arithmetic, value)); };
  const Prediction direct{end(formed.low), end(formed.high)};
  if (out == DType::f32 && arithmetic.before_out == DType::any) return direct;  // a step that rounds rounds to this
  const auto narrow_end = [&](double value) { return end(round_to(DType::f32, value)); };
  return hull(direct, {narrow_end(formed.low), narrow_end(formed.high)});
}

View rows_apart(Operands& memory, DType dtype, std::int64_t rows, std::int64_t gap, const Values& values) {
  const auto columns = static_cast<std::int64_t>(values.size());
  const View view = result_rows_apart(memory, dtype, rows, columns, gap);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c)
      set_code(view, r * view.stride[0] + c, encode(dtype, values[static_cast<std::size_t>(c)]));
  return view;
}

View result_rows_apart(Operands& memory, DType dtype, std::int64_t rows, std::int64_t columns, std::int64_t gap) {
  View view = memory.result(dtype, {rows, columns + gap});
  view.shape[1] = columns;
  return view;
}

void collect_columns(const View& y, const std::vector<std::size_t>& columns, const std::string& place,
                     std::vector<Result>& results) {
  const auto value_at = [&](std::int64_t row, std::size_t column) {
    return decode(y.dtype, code_at(y, row * y.stride[0] + static_cast<std::int64_t>(column)));
  };
  const double first = value_at(0, columns.front());
  results.push_back({place, first});
  for (std::int64_t row = 0; row < y.shape[0]; ++row)
    for (const std::size_t column : columns)
      if (const double value = value_at(row, column); !exactly(first).contains(value))
        return results.push_back({place + ", column " + std::to_string(column), value});
}

}  // namespace candor::prove
