// qkv_projection and gated_linear give the bits of the matmuls that they fuse.
#include <gtest/gtest.h>
#include <xmmintrin.h>

#include "core/formats.h"
#include "tests/backend_cpu/math_entry.h"
#include "tests/backend_cpu/matmul_operands.h"

namespace candor::test {
namespace {

std::int64_t whole_blocks(DType dtype, std::int64_t k) {
  const std::int64_t unit = dtype_info(dtype).block_elements;
  return (k + unit - 1) / unit * unit;
}

/// A weight and, for dtypes that have one, its packed copy.
struct Weight {
  Weight(DType dtype, std::int64_t n, std::int64_t k, std::uint64_t seed)
      : rows(dtype, n, k, Operand::Fill::normal, seed),
        packed(is_block(dtype) ? Operand(DType::f32, 1, 1, {}, 1) : rows) {}
  ConstView view(bool want_packed) const { return want_packed ? packed.view() : rows.view(); }
  Operand rows;
  PackedOperand packed;
};

class MatmulFused : public testing::TestWithParam<MatmulKernels> {
 protected:
  const MatmulKernels& kernels() const { return GetParam(); }
  bool blocks() const { return is_block(kernels().b); }

  /// The same product by the matmul kernel, which matmul_chain_test compares with the scalar chain.
  Result product(const Operand& x, const Weight& weight, const Operand* bias, DType out) {
    Result y(out, x.rows(), weight.rows.rows(), 0);
    TestStream stream(1);
    kernels().matmul({x.view(), weight.rows.view(), bias ? bias->vector() : ConstView{}, y.view()}, stream);
    return y;
  }

  void expect_equal(const Result& got, const Result& expected, std::int64_t rows, std::int64_t cols) {
    ASSERT_TRUE(got.guards_intact());
    for (std::int64_t m = 0; m < rows; ++m)
      for (std::int64_t n = 0; n < cols; ++n) ASSERT_EQ(got.bits(m, n), expected.bits(m, n)) << "m " << m << " n " << n;
  }
};

TEST_P(MatmulFused, QkvIsThreeMatmuls) {
  const std::int64_t k = whole_blocks(kernels().b, 70), nq = 70, nkv = 37;
  const Weight wq(kernels().b, nq, k, 1), wk(kernels().b, nkv, k, 2), wv(kernels().b, nkv, k, 3);
  const Operand bq(DType::bf16, 1, nq, Operand::Fill::normal, 4), bv(DType::f16, 1, nkv, Operand::Fill::normal, 5);
  for (const std::int64_t m : {1, 3, 40})
    for (const bool packed : {false, true})
      for (const DType out : {kernels().a, DType::f32}) {
        if (packed && blocks()) continue;
        const Operand x(kernels().a, m, k, Operand::Fill::normal, 6 + static_cast<std::uint64_t>(m), 3);
        Result q(out, m, nq), key(out, m, nkv), v(out, m, nkv);
        TestStream stream(3);
        kernels().qkv({x.view(),
                       wq.view(packed),
                       wk.view(packed),
                       wv.view(packed),
                       bq.vector(),
                       {},
                       bv.vector(),
                       q.view(),
                       key.view(),
                       v.view()},
                      stream);
        expect_equal(q, product(x, wq, &bq, out), m, nq);
        expect_equal(key, product(x, wk, nullptr, out), m, nkv);
        expect_equal(v, product(x, wv, &bv, out), m, nkv);
      }
}

/// activation(gate) · up with denormals flushed; the activation as the baseline class computes it.
float gated(Activation activation, float gate, float up) {
  alignas(64) float x[16] = {gate}, y[16] = {gate};
  const auto apply = [&](MathFunction function) { cpu::baseline::math_function(function, x, y, 16, true); };
  if (activation == Activation::relu) apply(MathFunction::relu);
  if (activation == Activation::silu) apply(MathFunction::silu);
  if (activation == Activation::gelu_tanh) apply(MathFunction::gelu_tanh);
  if (activation == Activation::gelu_erf) apply(MathFunction::gelu_erf);
  const unsigned saved = _mm_getcsr();
  _mm_setcsr(saved | 0x8040u);
  volatile float left = y[0];
  const float value = left * up;
  _mm_setcsr(saved);
  return value != value ? f32_from_bits(0x7fc00000u) : value;
}

TEST_P(MatmulFused, GatedLinearIsTwoMatmulsAndOneRounding) {
  const std::int64_t k = whole_blocks(kernels().b, 50), n = 53;
  const Weight gate(kernels().b, n, k, 11), up(kernels().b, n, k, 12);
  const Operand gate_bias(DType::f32, 1, n, Operand::Fill::normal, 13);
  for (const Activation activation :
       {Activation::identity, Activation::relu, Activation::silu, Activation::gelu_tanh, Activation::gelu_erf})
    for (const std::int64_t m : {1, 9, 35})
      for (const bool packed : {false, true})
        for (const DType out : {kernels().a, DType::f32}) {
          if (packed && blocks()) continue;
          const Operand x(kernels().a, m, k, Operand::Fill::normal, 14 + static_cast<std::uint64_t>(m), 1);
          Result y(out, m, n);
          TestStream stream(2);
          kernels().gated({x.view(), gate.view(packed), up.view(packed), gate_bias.vector(), {}, y.view(), activation},
                          stream);
          const Result g = product(x, gate, &gate_bias, DType::f32), u = product(x, up, nullptr, DType::f32);
          ASSERT_TRUE(y.guards_intact());
          for (std::int64_t r = 0; r < m; ++r)
            for (std::int64_t c = 0; c < n; ++c)
              ASSERT_EQ(y.bits(r, c), rounded_bits(out, gated(activation, g.value(r, c), u.value(r, c))))
                  << "row " << r << " col " << c << " activation " << static_cast<int>(activation);
        }
}

INSTANTIATE_TEST_SUITE_P(Pairs, MatmulFused, testing::ValuesIn(matmul_kernels()),
                         [](const auto& info) { return describe(info.param); });

}  // namespace
}  // namespace candor::test
