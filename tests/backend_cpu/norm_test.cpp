// rms_norm, layer_norm and softmax against f64 with a derived bound; the same bits on every ISA and worker count.
#include "backend/cpu/norm/norm.h"

#include <gtest/gtest.h>

#include "tests/backend_cpu/operand.h"
#include "tests/backend_cpu/test_stream.h"

namespace candor {
namespace {

using test::Operand;

template <class Op> struct Entry {
  DType a, b, out;
  test::PerIsa<Op> kernels;
};

#define NORMS(op)                                                                                            \
  {                                                                                                          \
    {DType::f32, DType::f32, DType::f32, CANDOR_PER_ISA(op##_f32_f32)},                                      \
    {DType::bf16, DType::bf16, DType::bf16, CANDOR_PER_ISA(op##_bf16_bf16)},                                 \
    {DType::bf16, DType::bf16, DType::f32, CANDOR_PER_ISA(op##_bf16_bf16_to_f32)},                           \
    {DType::bf16, DType::f32, DType::bf16, CANDOR_PER_ISA(op##_bf16_f32)},                                   \
    {DType::bf16, DType::f32, DType::f32, CANDOR_PER_ISA(op##_bf16_f32_to_f32)},                             \
    {DType::f16, DType::f16, DType::f16, CANDOR_PER_ISA(op##_f16_f16)},                                      \
    {DType::f16, DType::f16, DType::f32, CANDOR_PER_ISA(op##_f16_f16_to_f32)},                               \
    {DType::f16, DType::f32, DType::f16, CANDOR_PER_ISA(op##_f16_f32)},                                      \
    {DType::f16, DType::f32, DType::f32, CANDOR_PER_ISA(op##_f16_f32_to_f32)},                               \
  }

const std::vector<Entry<RmsNorm>> kRmsNorm = NORMS(rms_norm);
const std::vector<Entry<LayerNorm>> kLayerNorm = NORMS(layer_norm);
const std::vector<Entry<Softmax>> kSoftmax = {
    {DType::f32, DType::f32, DType::f32, CANDOR_PER_ISA(softmax_f32)},
    {DType::bf16, DType::bf16, DType::bf16, CANDOR_PER_ISA(softmax_bf16)},
    {DType::bf16, DType::bf16, DType::f32, CANDOR_PER_ISA(softmax_bf16_to_f32)},
    {DType::f16, DType::f16, DType::f16, CANDOR_PER_ISA(softmax_f16)},
    {DType::f16, DType::f16, DType::f32, CANDOR_PER_ISA(softmax_f16_to_f32)},
};

constexpr std::int64_t kColumns[] = {1, 2, 15, 16, 17, 63, 64, 65, 100, 576};
constexpr std::int64_t kRows = 5;

/// x with a row stride of its own and a shift, so that the mean matters.
Operand make_rows(DType dtype, std::int64_t columns, std::uint32_t seed, std::size_t misalign) {
  Operand x(dtype, {kRows, columns}, {columns + 3, 1}, misalign * test::element_bytes(dtype));
  x.randomise(seed, 1.5);
  for (std::int64_t i = 0; i < x.elements(); ++i) x.set(i, x.at(i) + 0.25);
  return x;
}

double output_bound(DType out, double y) {
  return test::unit_roundoff(out) * std::fabs(y) * 1.01 + (out == DType::f16 ? 0x1p-24 : 0x1p-126);
}

/// The row that is normalised: x, or the stored sum.
std::vector<double> normalised_row(const Operand& x, const Operand& sum, bool residual, std::int64_t row,
                                   std::int64_t n) {
  std::vector<double> v;
  for (std::int64_t c = 0; c < n; ++c) v.push_back(residual ? sum.at(row * n + c) : x.at(row * n + c));
  return v;
}

void expect_sum(const Operand& x, const Operand& residual, const Operand& sum) {
  for (std::int64_t i = 0; i < x.elements(); ++i) {
    const float exact = static_cast<float>(x.at(i)) + static_cast<float>(residual.at(i));
    std::byte stored[8];
    test::write_element(sum.dtype(), stored, static_cast<double>(exact));
    ASSERT_EQ(sum.at(i), test::read_element(sum.dtype(), stored));
  }
}

template <class Op, class Check> void run_norm(const Entry<Op>& entry, bool residual, bool bias, const Check& check) {
  for (const std::int64_t n : kColumns) {
    const Operand x = make_rows(entry.a, n, 1, 1), r = make_rows(entry.a, n, 2, 0);
    Operand w(entry.b, {n}), b(entry.b, {n});
    w.randomise(3);
    b.randomise(4);
    std::string first;
    entry.kernels.each([&](Isa isa, Launch<Op> run) {
      for (const int workers : {1, 2, 3}) {
        Operand sum(entry.a, {kRows, n}, {n + 1, 1}),
            y(entry.out, {kRows, n}, {n + 2, 1}, test::element_bytes(entry.out));
        Op args{};
        args.x = x.view();
        args.weight = w.view();
        args.eps = 1e-5f;
        args.y = y.view();
        if (residual) {
          args.residual = r.view();
          args.sum = sum.view();
        }
        if constexpr (requires { args.bias; }) {
          if (bias) args.bias = b.view();
        }
        test::TestStream stream(workers);
        run(args, stream);
        ASSERT_TRUE(y.guards_intact() && sum.guards_intact());
        const std::string bits = y.bits() + (residual ? sum.bits() : "");
        if (first.empty()) {
          first = bits;
          if (residual) expect_sum(x, r, sum);
          for (std::int64_t row = 0; row < kRows; ++row) check(normalised_row(x, sum, residual, row, n), w, b, y, row);
        }
        ASSERT_TRUE(bits == first) << isa_name(isa) << " columns " << n << " workers " << workers;
      }
    });
  }
}

TEST(CpuNorm, RmsNorm) {
  for (const Entry<RmsNorm>& entry : kRmsNorm) {
    for (const bool residual : {false, true}) {
      run_norm(entry, residual, false,
               [&](const std::vector<double>& v, const Operand& w, const Operand&, const Operand& y, std::int64_t row) {
                 const auto n = static_cast<std::int64_t>(v.size());
                 double squares = 0;
                 for (const double value : v) squares += value * value;
                 const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-5f);
                 for (std::int64_t c = 0; c < n; ++c) {
                   const double exact = v[c] * scale * w.at(c);
                   // The sum: n/64 + 8 roundings at most on any path; halved by the root; then division, addition,
                   // root, division and two products.
                   const double bound =
                       std::fabs(exact) * 0x1p-24 * (static_cast<double>(n) / 32 + 14) + output_bound(y.dtype(), exact);
                   ASSERT_LE(std::fabs(y.at(row * n + c) - exact), bound) << n << " column " << c;
                 }
               });
    }
  }
}

TEST(CpuNorm, LayerNorm) {
  for (const Entry<LayerNorm>& entry : kLayerNorm) {
    for (const bool residual : {false, true}) {
      for (const bool bias : {false, true}) {
        run_norm(entry, residual, bias, [&](const std::vector<double>& v, const Operand& w, const Operand& b,
                                            const Operand& y, std::int64_t row) {
          const auto n = static_cast<std::int64_t>(v.size());
          double mean = 0, variance = 0, magnitude = 0;
          for (const double value : v)
            mean += value / static_cast<double>(n), magnitude += std::fabs(value) / static_cast<double>(n);
          for (const double value : v) variance += (value - mean) * (value - mean) / static_cast<double>(n);
          const double scale = 1 / std::sqrt(variance + 1e-5f), u = 0x1p-24;
          const double mean_error = magnitude * u * (static_cast<double>(n) / 32 + 10);
          for (std::int64_t c = 0; c < n; ++c) {
            const double unit = (v[c] - mean) * scale, exact = unit * w.at(c) + (bias ? b.at(c) : 0);
            // The mean's error moves every deviation, hence the variance to first order not at all and to second order
            // by mean_error²; the variance's own sum as in rms_norm.
            const double relative = u * (static_cast<double>(n) / 32 + 18) + mean_error * mean_error * scale * scale;
            const double bound = (mean_error * scale + std::fabs(unit) * relative) * std::fabs(w.at(c)) +
                                 std::fabs(exact) * u * 2 + output_bound(y.dtype(), exact);
            ASSERT_LE(std::fabs(y.at(row * n + c) - exact), bound) << n << " column " << c;
          }
        });
      }
    }
  }
}

TEST(CpuNorm, Softmax) {
  for (const Entry<Softmax>& entry : kSoftmax) {
    for (const std::int64_t n : kColumns) {
      Operand x = make_rows(entry.a, n, 7, 1);
      for (std::int64_t i = 0; i < x.elements(); ++i) x.set(i, x.at(i) * 6);
      std::string first;
      entry.kernels.each([&](Isa isa, Launch<Softmax> run) {
        for (const int workers : {1, 3}) {
          Operand y(entry.out, {kRows, n}, {n + 2, 1});
          test::TestStream stream(workers);
          run({.x = x.view(), .y = y.view()}, stream);
          ASSERT_TRUE(y.guards_intact());
          if (first.empty()) first = y.bits();
          ASSERT_TRUE(y.bits() == first) << isa_name(isa) << " columns " << n;
          for (std::int64_t row = 0; row < kRows; ++row) {
            double largest = -HUGE_VAL, total = 0;
            for (std::int64_t c = 0; c < n; ++c) largest = std::max(largest, x.at(row * n + c));
            for (std::int64_t c = 0; c < n; ++c) total += std::exp(x.at(row * n + c) - largest);
            for (std::int64_t c = 0; c < n; ++c) {
              const double distance = x.at(row * n + c) - largest, exact = std::exp(distance) / total;
              // x - max is rounded (|distance| u), exp's 0.92 ulp on both sides, the sum, the division.
              const double relative = 0x1p-24 * (std::fabs(distance) + 4 + static_cast<double>(n) / 32 + 14);
              ASSERT_LE(std::fabs(y.at(row * n + c) - exact),
                        exact * relative + 0x1p-149 + output_bound(entry.out, exact));
            }
          }
        }
      });
    }
  }
}

TEST(CpuNorm, NanStaysInItsRow) {
  test::PerIsa<Softmax>(CANDOR_PER_ISA(softmax_f32)).each([&](Isa, Launch<Softmax> run) {
    Operand x = make_rows(DType::f32, 21, 7, 0), y(DType::f32, {kRows, 21});
    x.set(2 * 21 + 20, NAN);
    test::TestStream stream(1);
    run({.x = x.view(), .y = y.view()}, stream);
    for (std::int64_t i = 0; i < y.elements(); ++i) ASSERT_EQ(std::isnan(y.at(i)), i / 21 == 2);
  });
  kRmsNorm[0].kernels.each([&](Isa, Launch<RmsNorm> run) {
    Operand x = make_rows(DType::f32, 21, 7, 0), y(DType::f32, {kRows, 21}), w(DType::f32, {21});
    w.randomise(1);
    x.set(2 * 21 + 20, NAN);
    test::TestStream stream(1);
    run({.x = x.view(), .residual = {}, .weight = w.view(), .sum = {}, .y = y.view()}, stream);
    for (std::int64_t i = 0; i < y.elements(); ++i) ASSERT_EQ(std::isnan(y.at(i)), i / 21 == 2);
  });
}

}  // namespace
}  // namespace candor
