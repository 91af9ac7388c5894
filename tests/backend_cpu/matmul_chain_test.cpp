// Every pair of storage dtypes on every ISA of this machine: the bits of the one scalar chain, however the work is cut.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/backend_cpu/matmul_operands.h"

namespace candor::test {
namespace {

struct Extents { std::int64_t m, n, k; };

/// Register tiles ± 1, chunks of K ± 1 (128 and 256), row blocks, N off the tile, and nothing at all.
const std::vector<Extents>& scalar_extents() {
  static const std::vector<Extents> extents = {
      {1, 1, 1},   {1, 16, 2},   {1, 17, 3},    {1, 300, 127}, {1, 130, 129}, {2, 63, 257}, {3, 50, 130},
      {4, 96, 64}, {5, 81, 129}, {6, 33, 31},   {7, 49, 128},  {8, 48, 255},  {9, 65, 40},  {17, 100, 131},
      {33, 40, 258}, {70, 20, 9}, {241, 18, 5}, {1, 5, 0},     {3, 20, 0},    {0, 5, 7},    {2, 0, 7}};
  return extents;
}

class MatmulChain : public testing::TestWithParam<MatmulKernels> {
 protected:
  const MatmulKernels& kernels() const { return GetParam(); }

  void check(const Operand& x, const Operand& weight, const ConstView& weight_view, const Operand* bias, DType out,
             int workers) {
    Result y(out, x.rows(), weight.rows());
    TestStream stream(workers);
    Matmul op{x.view(), weight_view, bias != nullptr ? bias->vector() : ConstView{}, y.view()};
    kernels().matmul(op, stream);
    ASSERT_TRUE(y.guards_intact());
    for (std::int64_t m = 0; m < x.rows(); ++m)
      for (std::int64_t n = 0; n < weight.rows(); ++n) {
        const float sum = expected_sum(dot(x, m, weight, n), bias != nullptr ? bias->at(0, n) : -0.0f);
        ASSERT_EQ(y.bits(m, n), rounded_bits(out, sum))
            << "m " << m << " n " << n << " of " << x.rows() << " x " << weight.rows() << " x " << x.cols()
            << ", workers " << workers << ", packed " << (weight_view.layout == Layout::packed_tiles)
            << ", got " << y.value(m, n) << " expected " << sum;
      }
  }

  /// The same operands are multiplied many ways: each chain is computed once.
  float dot(const Operand& x, std::int64_t m, const Operand& w, std::int64_t n) {
    const std::size_t count = static_cast<std::size_t>(x.rows() * w.rows());
    if (cached_x_ != &x || cached_w_ != &w || dots_.size() != count) {
      cached_x_ = &x;
      cached_w_ = &w;
      dots_.resize(count);
      for (std::int64_t i = 0; i < x.rows(); ++i)
        for (std::int64_t j = 0; j < w.rows(); ++j)
          dots_[static_cast<std::size_t>(i * w.rows() + j)] = expected_dot(x, i, w, j);
    }
    return dots_[static_cast<std::size_t>(m * w.rows() + n)];
  }
  void forget() { cached_x_ = nullptr; }

 private:
  const Operand* cached_x_ = nullptr;
  const Operand* cached_w_ = nullptr;
  std::vector<float> dots_;
};

std::int64_t whole_blocks(DType dtype, std::int64_t k) {
  const std::int64_t unit = dtype_info(dtype).block_elements;
  return (k + unit - 1) / unit * unit;
}

TEST_P(MatmulChain, EqualsTheScalarChain) {
  std::uint64_t seed = 1;
  for (const Extents& e : scalar_extents()) {
    const std::int64_t k = whole_blocks(kernels().b, e.k);
    const std::int64_t gap = whole_blocks(kernels().b, 1);
    const Operand x(kernels().a, e.m, k, Operand::Fill::normal, ++seed, 5);
    const Operand weight(kernels().b, e.n, k, Operand::Fill::normal, ++seed, gap);
    const Operand bias(kernels().a, 1, e.n, Operand::Fill::normal, ++seed);
    forget();
    for (const DType out : {kernels().a, DType::f32}) {
      check(x, weight, weight.view(), nullptr, out, 1);
      check(x, weight, weight.view(), &bias, out, 3);
      if (HasFatalFailure()) return;
    }
    if (is_block(kernels().b)) continue;
    const PackedOperand packed(weight);
    for (const int workers : {1, 2, 3}) check(x, weight, packed.view(), &bias, kernels().a, workers);
    if (HasFatalFailure()) return;
  }
}

TEST_P(MatmulChain, FlushesDenormalsAsVdpbf16psDoes) {
  if (is_block(kernels().b)) return;
  for (std::int64_t k = 1; k < 12; ++k) {
    const std::uint64_t seed = 100 + static_cast<std::uint64_t>(k);
    const Operand x(kernels().a, 12, k, Operand::Fill::tiny, seed);
    const Operand weight(kernels().b, 70, k, Operand::Fill::tiny, seed + 50);
    const Operand bias(DType::f32, 1, 70, Operand::Fill::tiny, seed + 90);
    const PackedOperand packed(weight);
    forget();
    check(x, weight, packed.view(), nullptr, DType::f32, 1);
    check(x, weight, weight.view(), &bias, DType::f32, 1);
    if (HasFatalFailure()) return;
  }
}

TEST_P(MatmulChain, RestoresTheDenormalMode) {
  const unsigned before = __builtin_ia32_stmxcsr();
  const std::int64_t k = whole_blocks(kernels().b, 8);
  const Operand x(kernels().a, 2, k, Operand::Fill::normal, 1), weight(kernels().b, 20, k, Operand::Fill::normal, 2);
  check(x, weight, weight.view(), nullptr, DType::f32, 2);
  EXPECT_EQ(__builtin_ia32_stmxcsr() & 0x8040u, before & 0x8040u);
}

TEST_P(MatmulChain, SmallIntegersAreExact) {
  if (is_block(kernels().b)) return;
  const Operand x(kernels().a, 9, 200, Operand::Fill::integers, 7);
  const Operand weight(kernels().b, 37, 200, Operand::Fill::integers, 8);
  Result y(DType::f32, 9, 37);
  TestStream stream(2);
  kernels().matmul({x.view(), weight.view(), {}, y.view()}, stream);
  for (std::int64_t m = 0; m < 9; ++m)
    for (std::int64_t n = 0; n < 37; ++n) {
      double sum = 0;
      for (std::int64_t k = 0; k < 200; ++k) sum += static_cast<double>(x.at(m, k)) * weight.at(n, k);
      ASSERT_EQ(y.value(m, n), sum);
    }
}

/// One bad value reaches exactly the outputs that multiply it, padding lanes and padded k reach none.
TEST_P(MatmulChain, NotANumberAndInfinityStayInTheirRows) {
  if (is_block(kernels().b)) return;
  Operand x(kernels().a, 10, 131, Operand::Fill::normal, 3), weight(kernels().b, 35, 131, Operand::Fill::normal, 4);
  x.set(3, 130, INFINITY);
  x.set(4, 7, NAN);
  weight.set(20, 64, -INFINITY);
  weight.set(34, 130, NAN);
  const PackedOperand packed(weight);
  for (const DType out : {kernels().a, DType::f32}) {
    check(x, weight, weight.view(), nullptr, out, 1);
    check(x, weight, packed.view(), nullptr, out, 2);
  }
}

TEST_P(MatmulChain, LargeKInManyChunks) {
  const std::int64_t k = 2816;  // with 120 rows the panels of x exceed what stays resident
  const Operand x(kernels().a, 120, k, Operand::Fill::normal, 5), weight(kernels().b, 19, k, Operand::Fill::normal, 6);
  if (kernels().isa == Isa::baseline) return;  // its loops are the same, and slow
  check(x, weight, weight.view(), nullptr, DType::f32, 1);
  if (is_block(kernels().b)) return;
  const PackedOperand packed(weight);
  check(x, weight, packed.view(), nullptr, DType::f32, 2);
}

INSTANTIATE_TEST_SUITE_P(Pairs, MatmulChain, testing::ValuesIn(matmul_kernels()),
                         [](const auto& info) { return describe(info.param); });

}  // namespace
}  // namespace candor::test
