#include "prove/value/value_path.h"

#include <algorithm>
#include <limits>

#include "prove/sum.h"

namespace candor::prove {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::uint64_t quiet_bit(DType dtype) { return std::uint64_t{1} << (format_of(dtype).bits - 2); }

/// In memory, element (row, column) of a view of rank 1 or 2.
std::int64_t index_of(const ConstView& view, std::int64_t i) {
  const std::int64_t columns = view.shape[view.rank - 1];
  return (view.rank == 2 ? i / columns * view.stride[0] : 0) + i % columns * view.stride[view.rank - 1];
}

}  // namespace

ValuePath::ValuePath(const Storage3& storage)
    : storage_(storage),
      smallest_normal_(
          std::ldexp(1.0, std::max(-126, std::min({format_of(storage.a).min_exponent, format_of(storage.b).min_exponent,
                                                   format_of(storage.out).min_exponent})))),
      narrows_(!holds_all(storage.out, DType::f32)) {}

double ValuePath::flushed(const Arithmetic& arithmetic, double value) const {
  return arithmetic.flushes && std::fabs(value) < smallest_normal_ ? std::copysign(0.0, value) : value;
}

double ValuePath::entering(const Arithmetic& arithmetic, DType entry, double value) const {
  return round_to(entry, flushed(arithmetic, value));
}

Prediction ValuePath::leaving(const Arithmetic& arithmetic, const Prediction& formed) const {
  if (std::isnan(formed.low)) return arithmetic.loses_nan ? Prediction{-kInfinity, kInfinity} : formed;
  const auto end = [&](double value) {
    return flushed(arithmetic, narrows_ ? round_to(arithmetic.accumulate, value) : value);
  };
  return stored(arithmetic, storage_.out, Prediction{end(formed.low), end(formed.high)});
}

Prediction ValuePath::moving(const Arithmetic& arithmetic, double value, double kept) const {
  const Prediction one = leaving(arithmetic, exactly(value));
  if (!arithmetic.flushes) return one;
  Arithmetic keeping = arithmetic;
  keeping.flushes = false;
  const Prediction other = leaving(keeping, exactly(kept));
  return {std::min(one.low, other.low), std::max(one.high, other.high)};
}

std::uint64_t sign_bit(DType dtype) { return std::uint64_t{1} << (8 * element_bytes(dtype) - 1); }

std::vector<std::uint64_t> nan_codes(DType dtype) {
  const std::uint64_t quiet = encode(dtype, std::numeric_limits<double>::quiet_NaN());
  if (!format_of(dtype).infinity) return {quiet, quiet | sign_bit(dtype)};
  return {quiet, quiet | sign_bit(dtype), quiet | 1, (quiet ^ quiet_bit(dtype)) | 1};
}

std::uint64_t quieted(DType dtype, std::uint64_t code) { return code | quiet_bit(dtype); }

Prediction nans_kept(const Arithmetic& arithmetic, std::size_t count) {
  const auto all = static_cast<double>(count);
  return arithmetic.loses_nan ? Prediction{0, all - 1} : exactly(all);
}

void collect(const View& y, const std::string& place, std::vector<Result>& results) {
  const std::uint64_t first = code_at(y, 0);
  const double value = decode(y.dtype, first);
  results.push_back({place, value});
  for (std::int64_t i = 1; i < y.elements(); ++i) {
    const std::uint64_t code = code_at(y, index_of(y, i));
    if (code == first) continue;
    const double other = decode(y.dtype, code);
    if (!exactly(value).contains(other)) return results.push_back({place + ", element " + std::to_string(i), other});
  }
}

View filled(Operands& memory, DType dtype, const std::vector<std::int64_t>& shape, std::uint64_t code) {
  const View all = memory.result(dtype, shape);
  for (std::int64_t i = 0; i < all.elements(); ++i) set_code(all, i, code);
  return all;
}

View every_second(Operands& memory, DType dtype, std::int64_t extent, std::uint64_t code) {
  View view = filled(memory, dtype, {2 * extent}, code);
  view.shape[0] = extent;
  view.stride[0] = 2;
  return view;
}

}  // namespace candor::prove
