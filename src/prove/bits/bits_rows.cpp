// Ops on rows in several ways: norms, softmax, rope, embedding, argmax, top_k.
#include "prove/bits/bits_case.h"

namespace candor::prove {
namespace {

struct RowSize {
  std::int64_t rows, columns;
  Drawn drawn;
};
constexpr RowSize kSizes[] = {
    {5, 67, Drawn::ordinary}, {3, 67, Drawn::special}, {18, 577, Drawn::wide}, {40, 1000, Drawn::ordinary}};

std::string text_of_size(const RowSize& size, const char* more) {
  std::string text = "[";
  text.append(std::to_string(size.rows)).append(", ").append(std::to_string(size.columns)).append("]");
  return text + more;
}

/// make(memory, size) for every size.
template <class Op, class Make>
void add_sizes(BitsCases& cases, const BitsPlan& plan, const char* more, Make&& make) {
  for (const RowSize& size : std::span(kSizes).first(plan.quick ? 3 : 4))
    add_case<Op>(cases, plan, text_of_size(size, more), size.drawn,
                 [&](RandomOperands& memory) { return make(memory, size); });
}

template <class Op>
Calls<Op> norm_calls(RandomOperands& memory, const Storage3& storage, const RowSize& size, bool residual) {
  Op whole{};
  whole.x = memory.rows_apart(storage.a, size.rows, size.columns);
  whole.weight = memory.operand(storage.b, {size.columns});
  if constexpr (requires { whole.bias; }) {
    whole.bias = memory.operand(storage.b, {size.columns});
  }
  if (residual) {
    whole.residual = memory.rows_apart(storage.a, size.rows, size.columns);
    whole.sum = memory.result(storage.a, {size.rows, size.columns});
  }
  whole.y = memory.result(storage.out, {size.rows, size.columns});
  return row_by_row(whole, size.rows, [](Op& one, std::int64_t r) {
    one.x = only(one.x, r);
    one.residual = only(one.residual, r);
    one.sum = only(one.sum, r);
    one.y = only(one.y, r);
  });
}

template <class Op>
BitsCases norm_cases(const BitsPlan& plan) {
  BitsCases cases;
  for (const bool residual : {false, true})
    add_sizes<Op>(cases, plan, residual ? " with a residual" : "", [&](RandomOperands& memory, const RowSize& size) {
      return norm_calls<Op>(memory, plan.storage, size, residual);
    });
  return cases;
}

}  // namespace

template <>
BitsCases bits_cases<RmsNorm>(const BitsPlan& plan) {
  return norm_cases<RmsNorm>(plan);
}
template <>
BitsCases bits_cases<LayerNorm>(const BitsPlan& plan) {
  return norm_cases<LayerNorm>(plan);
}

template <>
BitsCases bits_cases<Softmax>(const BitsPlan& plan) {
  BitsCases cases;
  add_sizes<Softmax>(cases, plan, "", [&](RandomOperands& memory, const RowSize& size) {
    const Softmax whole{.x = memory.rows_apart(plan.storage.a, size.rows, size.columns),
                        .y = memory.result(plan.storage.out, {size.rows, size.columns})};
    return row_by_row(whole, size.rows, [](Softmax& one, std::int64_t r) {
      one.x = only(one.x, r);
      one.y = only(one.y, r);
    });
  });
  return cases;
}

template <>
BitsCases bits_cases<Rope>(const BitsPlan& plan) {
  BitsCases cases;
  const auto calls = [&](RandomOperands& memory, const RowSize& size, RopeStyle style) {
    const std::int64_t dim = size.columns / 2 * 2, pairs = dim / 2 - 3;  // the last six elements are copied
    const Rope whole{.x = memory.operand(plan.storage.a, {size.rows, 3, dim}),
                     .cos = memory.operand(DType::f32, {size.rows, pairs}),
                     .sin = memory.operand(DType::f32, {size.rows, pairs}),
                     .y = memory.result(plan.storage.out, {size.rows, 3, dim}),
                     .style = style};
    return row_by_row(whole, size.rows, [](Rope& one, std::int64_t r) {
      one.x = only(one.x, r);
      one.cos = only(one.cos, r);
      one.sin = only(one.sin, r);
      one.y = only(one.y, r);
    });
  };
  for (const RopeStyle style : {RopeStyle::half_split, RopeStyle::interleaved})
    add_sizes<Rope>(cases, plan, style == RopeStyle::half_split ? ", halves" : ", interleaved",
                    [&](RandomOperands& memory, const RowSize& size) { return calls(memory, size, style); });
  return cases;
}

template <>
BitsCases bits_cases<Embedding>(const BitsPlan& plan) {
  BitsCases cases;
  const DType stored = plan.storage.a;
  const bool packable = stored == DType::f32 || stored == DType::f16 || stored == DType::bf16;
  for (const Layout layout : {Layout::strided, Layout::packed_tiles}) {
    const bool packed = layout == Layout::packed_tiles;
    if (packed && !packable) continue;
    add_sizes<Embedding>(cases, plan, packed ? ", packed table" : "", [&](RandomOperands& memory, const RowSize& size) {
      const std::int64_t columns = in_whole_blocks(stored, size.columns);
      const Embedding whole{
          .ids = memory.indices(size.rows, 37),
          .table = packed ? memory.operand(stored, {37, columns}, layout) : memory.rows_apart(stored, 37, columns),
          .y = memory.result(plan.storage.out, {size.rows, columns})};
      return row_by_row(whole, size.rows, [](Embedding& one, std::int64_t r) {
        one.ids = only(one.ids, r);
        one.y = only(one.y, r);
      });
    });
  }
  return cases;
}

template <>
BitsCases bits_cases<Argmax>(const BitsPlan& plan) {
  BitsCases cases;
  add_sizes<Argmax>(cases, plan, "", [&](RandomOperands& memory, const RowSize& size) {
    const Argmax whole{.x = memory.rows_apart(plan.storage.a, size.rows, size.columns),
                       .indices = memory.result(DType::i32, {size.rows})};
    return row_by_row(whole, size.rows, [](Argmax& one, std::int64_t r) {
      one.x = only(one.x, r);
      one.indices = only(one.indices, r);
    });
  });
  return cases;
}

template <>
BitsCases bits_cases<TopK>(const BitsPlan& plan) {
  BitsCases cases;
  add_sizes<TopK>(cases, plan, "", [&](RandomOperands& memory, const RowSize& size) {
    const TopK whole{.x = memory.rows_apart(plan.storage.a, size.rows, size.columns),
                     .values = memory.result(plan.storage.a, {size.rows, 9}),
                     .indices = memory.result(DType::i32, {size.rows, 9})};
    return row_by_row(whole, size.rows, [](TopK& one, std::int64_t r) {
      one.x = only(one.x, r);
      one.values = only(one.values, r);
      one.indices = only(one.indices, r);
    });
  });
  return cases;
}

}  // namespace candor::prove
