#include "prove/value/binary_table.h"

#include "prove/operands.h"
#include "prove/random.h"
#include "prove/value/binary_function.h"
#include "prove/value/value_path.h"

namespace candor::prove {
namespace {

struct Place {
  bool x_rows, x_columns, z_rows, z_columns;  // false: one for all
  const char* text;
};
constexpr std::int64_t kRows = 31, kTableColumns = 67;
constexpr Place kPlaces[] = {
    {true, true, true, true, "both are whole"},   {true, true, false, true, "z is one row"},
    {true, true, true, false, "z is one column"}, {false, true, true, true, "x is one row"},
    {true, false, true, true, "x is one column"},
};

/// Of all bits of the storage and like size: no result is subnormal or overflows.
View drawn_operand(Operands& memory, DType dtype, Random& random, bool rows, bool columns) {
  View view = memory.result(dtype, {rows ? kRows : 1, columns ? kTableColumns : 1});
  for (std::int64_t i = 0; i < view.elements(); ++i) {
    const double mantissa = 1 + std::ldexp(static_cast<double>(random.bits() >> 12), -52);
    const double value = round_to(dtype, std::ldexp(mantissa, random.between(-3, 2)), Rounding::toward_zero);
    set_code(view, i, encode(dtype, random.bits() & 1 ? -value : value));
  }
  view.shape[0] = kRows;
  view.shape[1] = kTableColumns;
  view.stride[0] = !rows ? 0 : columns ? kTableColumns : 1;
  view.stride[1] = columns ? 1 : 0;
  return view;
}

/// Formed in f32 or wider: what that changes other canaries show.
bool is_right(const ValuePath& path, double formed, double value) {
  Arithmetic wide;
  wide.accumulate = DType::f64;
  return path.leaving({}, exactly(formed)).contains(value) || path.leaving(wide, exactly(formed)).contains(value);
}

/// How many elements of y are wrong.
int wrong_elements(const ValuePath& path, const Binary& args) {
  int wrong = 0;
  for (std::int64_t r = 0; r < kRows; ++r)
    for (std::int64_t c = 0; c < kTableColumns; ++c) {
      const auto at = [&](const ConstView& view) {
        return decode(view.dtype, code_at(view, r * view.stride[0] + c * view.stride[1]));
      };
      wrong += is_right(path, value_of(args.kind, at(args.x), at(args.z)), at(args.y)) ? 0 : 1;
    }
  return wrong;
}

}  // namespace

std::string binary_table_input() {
  return "x and z of [31, 67] numbers drawn at random, whole and with one row or column each; the result is how many "
         "elements are wrong";
}

std::vector<Result> wrong_in_tables(const Storage3& storage, BinaryKind kind, const KernelRow& row, Stream& stream) {
  const ValuePath path(storage);
  Random random(storage.seed, "table of " + name_of(kind));
  int wrong = 0, runs = 0;
  std::string places;
  for (const Place& place : kPlaces) {
    Operands memory;
    const Binary args{.x = drawn_operand(memory, storage.a, random, place.x_rows, place.x_columns),
                      .z = drawn_operand(memory, storage.b, random, place.z_rows, place.z_columns),
                      .y = memory.result(storage.out, {kRows, kTableColumns}),
                      .kind = kind};
    if (!launch(row, stream, args)) continue;
    ++runs;
    const int here = wrong_elements(path, args);
    if (here > 0) places.append(places.empty() ? "where " : ", ").append(place.text);
    wrong += here;
  }
  if (runs == 0) return {};
  return {{places, static_cast<double>(wrong)}};
}

}  // namespace candor::prove
