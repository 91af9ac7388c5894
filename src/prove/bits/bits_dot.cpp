// matmul, qkv_projection and gated_linear in several ways.
#include "prove/bits/bits_case.h"

namespace candor::prove {
namespace {

struct DotSize {
  std::int64_t rows, depth, columns;  // M, K, N
  Drawn drawn;
  bool quick;
};
constexpr DotSize kSizes[] = {
    {7, 67, 35, Drawn::ordinary, true},    {17, 264, 144, Drawn::wide, true}, {5, 67, 35, Drawn::special, true},
    {2, 1100, 33, Drawn::ordinary, false},  // a decode step long enough to be worth cutting along K
    {40, 131, 51, Drawn::ordinary, false},
};

bool packable(DType dtype) { return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16; }

/// x, and weights and biases of its depth.
class DotOperandsAtRandom {
 public:
  DotOperandsAtRandom(RandomOperands& memory, const Storage3& storage, const DotSize& size, Layout layout)
      : memory_(memory),
        storage_(storage),
        layout_(layout),
        depth_(in_whole_blocks(storage.b, size.depth)),
        x(memory.rows_apart(storage.a, size.rows, depth_)) {}
  View weight(std::int64_t columns) {
    const bool packed = layout_ == Layout::packed_tiles;
    return packed ? memory_.operand(storage_.b, {columns, depth_}, layout_)
                  : memory_.rows_apart(storage_.b, columns, depth_);
  }
  View bias(std::int64_t columns) { return memory_.operand(DType::f32, {columns}); }
  View result(std::int64_t columns) { return memory_.result(storage_.out, {x.shape[0], columns}); }

 private:
  RandomOperands& memory_;
  Storage3 storage_;
  Layout layout_;
  std::int64_t depth_;

 public:
  View x;
};

/// make(operands, size) for every size and layout.
template <class Op, class Make>
BitsCases dot_cases(const BitsPlan& plan, Make make) {
  BitsCases cases;
  for (const DotSize& size : kSizes)
    for (const Layout layout : {Layout::strided, Layout::packed_tiles}) {
      if ((plan.quick && !size.quick) || (layout == Layout::packed_tiles && !packable(plan.storage.b))) continue;
      const std::string text =
          "M=" + std::to_string(size.rows) + " K=" + std::to_string(in_whole_blocks(plan.storage.b, size.depth)) +
          " N=" + std::to_string(size.columns) + (layout == Layout::packed_tiles ? ", packed weights" : "");
      add_case<Op>(cases, plan, text, size.drawn, [&](RandomOperands& memory) {
        DotOperandsAtRandom operands(memory, plan.storage, size, layout);
        return make(operands, size);
      });
    }
  return cases;
}

}  // namespace

template <>
BitsCases bits_cases<Matmul>(const BitsPlan& plan) {
  return dot_cases<Matmul>(plan, [](DotOperandsAtRandom& operands, const DotSize& size) {
    const std::int64_t n = size.columns;
    const Matmul whole{
        .x = operands.x, .weight = operands.weight(n), .bias = operands.bias(n), .y = operands.result(n)};
    return row_by_row(whole, size.rows, [](Matmul& one, std::int64_t r) {
      one.x = only(one.x, r);
      one.y = only(one.y, r);
    });
  });
}

template <>
BitsCases bits_cases<QkvProjection>(const BitsPlan& plan) {
  return dot_cases<QkvProjection>(plan, [](DotOperandsAtRandom& operands, const DotSize& size) {
    const std::int64_t n = size.columns, kv = n / 2;
    const QkvProjection whole{.x = operands.x,
                              .q_weight = operands.weight(n),
                              .k_weight = operands.weight(kv),
                              .v_weight = operands.weight(kv),
                              .q_bias = operands.bias(n),
                              .k_bias = {},
                              .v_bias = {},
                              .q = operands.result(n),
                              .k = operands.result(kv),
                              .v = operands.result(kv)};
    return row_by_row(whole, size.rows, [](QkvProjection& one, std::int64_t r) {
      one.x = only(one.x, r);
      for (View* result : {&one.q, &one.k, &one.v}) *result = only(*result, r);
    });
  });
}

template <>
BitsCases bits_cases<GatedLinear>(const BitsPlan& plan) {
  constexpr Activation kActivations[] = {Activation::silu, Activation::gelu_tanh, Activation::gelu_erf,
                                         Activation::relu, Activation::identity};
  int made = 0;  // they take turns
  return dot_cases<GatedLinear>(plan, [&](DotOperandsAtRandom& operands, const DotSize& size) {
    const std::int64_t n = size.columns;
    const GatedLinear whole{.x = operands.x,
                            .gate_weight = operands.weight(n),
                            .up_weight = operands.weight(n),
                            .gate_bias = operands.bias(n),
                            .up_bias = {},
                            .y = operands.result(n),
                            .activation = kActivations[made++ % 5]};
    return row_by_row(whole, size.rows, [](GatedLinear& one, std::int64_t r) {
      one.x = only(one.x, r);
      one.y = only(one.y, r);
    });
  });
}

}  // namespace candor::prove
