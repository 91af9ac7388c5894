// Ops on elements in several ways: unary, binary, cast, copy, fill, pack_tiles.
#include "prove/bits/bits_case.h"
#include "prove/value/unary_function.h"

namespace candor::prove {
namespace {

struct Area {
  std::int64_t rows, columns;
  Drawn drawn;
};
constexpr Area kSmall{5, 67, Drawn::ordinary}, kSpecial{3, 131, Drawn::special}, kLarge{23, 1031, Drawn::wide};
constexpr Area kAreas[] = {kSmall, kSpecial, kLarge};
constexpr BinaryKind kBinaryKinds[] = {BinaryKind::add, BinaryKind::sub, BinaryKind::mul,
                                       BinaryKind::div, BinaryKind::max, BinaryKind::min};
constexpr const char* kBinaryNames[] = {"add", "sub", "mul", "div", "max", "min"};

std::string text_of_area(const Area& area) {
  std::string text = "[";
  return text.append(std::to_string(area.rows)).append(", ").append(std::to_string(area.columns)).append("]");
}

template <class Op>
Calls<Op> x_to_y(const Op& whole, std::int64_t rows) {
  return row_by_row(whole, rows, [](Op& one, std::int64_t r) {
    one.x = only(one.x, r);
    one.y = only(one.y, r);
  });
}

/// An operand that is repeated along the rows or along the columns.
View repeated(RandomOperands& memory, DType dtype, const Area& area, bool rows) {
  View view = memory.operand(dtype, {rows ? 1 : area.rows, rows ? area.columns : 1});
  view.stride[0] = rows ? 0 : 1;
  view.stride[1] = rows ? 1 : 0;
  view.shape[0] = area.rows;
  view.shape[1] = area.columns;
  return view;
}

void add_binary(BitsCases& cases, const BitsPlan& plan, std::size_t kind, const Area& area, int operand) {
  constexpr const char* kPlaces[] = {"", ", z is one row", ", z is one column"};
  const std::string text = std::string(kBinaryNames[kind]) + " " + text_of_area(area) + kPlaces[operand];
  add_case<Binary>(cases, plan, text, area.drawn, [&](RandomOperands& memory) {
    const Storage3& s = plan.storage;
    const View x = memory.rows_apart(s.a, area.rows, area.columns);
    const View z =
        operand == 0 ? memory.rows_apart(s.b, area.rows, area.columns) : repeated(memory, s.b, area, operand == 1);
    const Binary whole{
        .x = x, .z = z, .y = memory.result(s.out, {area.rows, area.columns}), .kind = kBinaryKinds[kind]};
    return row_by_row(whole, area.rows, [](Binary& one, std::int64_t r) {
      one.x = only(one.x, r);
      one.z = only(one.z, r);
      one.y = only(one.y, r);
    });
  });
}

/// Blocks: of whole rows without gaps, which is all that casts take.
View source(RandomOperands& memory, DType dtype, const Area& area) {
  const std::int64_t columns = in_whole_blocks(dtype, area.columns);
  return is_block(dtype) ? memory.operand(dtype, {area.rows, columns}) : memory.rows_apart(dtype, area.rows, columns);
}

template <class Op>
BitsCases moving_cases(const BitsPlan& plan) {
  BitsCases cases;
  for (const Area& area : kAreas)
    add_case<Op>(cases, plan, text_of_area(area), area.drawn, [&](RandomOperands& memory) {
      const View x = source(memory, plan.storage.a, area);
      const Op whole{.x = x, .y = memory.result(plan.storage.out, {area.rows, x.shape[1]})};
      return x_to_y(whole, area.rows);
    });
  return cases;
}

}  // namespace

template <>
BitsCases bits_cases<Unary>(const BitsPlan& plan) {
  BitsCases cases;
  for (const UnaryKind kind : kUnaryKinds)
    for (const Area& area : kAreas) {
      if (plan.quick && area.rows == kLarge.rows && kind != UnaryKind::silu) continue;
      add_case<Unary>(cases, plan, name_of(kind) + " " + text_of_area(area), area.drawn, [&](RandomOperands& memory) {
        const Unary whole{.x = memory.rows_apart(plan.storage.a, area.rows, area.columns),
                          .y = memory.result(plan.storage.out, {area.rows, area.columns}),
                          .kind = kind};
        return x_to_y(whole, area.rows);
      });
    }
  return cases;
}

template <>
BitsCases bits_cases<Binary>(const BitsPlan& plan) {
  BitsCases cases;
  for (std::size_t kind = 0; kind < std::size(kBinaryKinds); ++kind) {
    for (const int operand : {0, 1, 2}) add_binary(cases, plan, kind, operand == 1 ? kSpecial : kSmall, operand);
    if (!plan.quick || kind == 0) add_binary(cases, plan, kind, kLarge, 0);
  }
  return cases;
}

template <>
BitsCases bits_cases<Cast>(const BitsPlan& plan) {
  return moving_cases<Cast>(plan);
}
template <>
BitsCases bits_cases<Copy>(const BitsPlan& plan) {
  return moving_cases<Copy>(plan);
}

template <>
BitsCases bits_cases<Fill>(const BitsPlan& plan) {
  BitsCases cases;
  for (const double value : {1.23456789, 100.0, 0x1p-130})
    add_case<Fill>(cases, plan, text_of_area(kLarge), Drawn::ordinary, [&](RandomOperands& memory) {
      const Fill whole{.y = memory.result(plan.storage.out, {kLarge.rows, kLarge.columns}), .value = value};
      return row_by_row(whole, kLarge.rows, [](Fill& one, std::int64_t r) { one.y = only(one.y, r); });
    });
  return cases;
}

/// The rows of a tile lie between each other: none can be packed alone.
template <>
BitsCases bits_cases<PackTiles>(const BitsPlan& plan) {
  BitsCases cases;
  for (const Area& area : kAreas)
    add_case<PackTiles>(cases, plan, text_of_area(area), area.drawn, [&](RandomOperands& memory) {
      const View x = memory.rows_apart(plan.storage.a, area.rows, area.columns);
      const View y = memory.result(plan.storage.out, {area.rows, area.columns}, Layout::packed_tiles);
      return Calls<PackTiles>{{.x = x, .y = y}, {}};
    });
  return cases;
}

}  // namespace candor::prove
