#include "kernels/cases_norm.h"
#include "kernels/claims_value.h"
#include "kernels/suite-inl.h"

namespace candor::test {
namespace {

// Rows of `x` with weights all `weight`, eps 0; every result must be `expected(i)`.
template <class Op>
void expect_norm(Runner<Op>& runner, const Doubles& x, double weight, const Doubles& expected,
                 const std::string& what) {
  const Precision& p = runner.precision();
  Workspace workspace;
  const auto columns = static_cast<std::int64_t>(x.size());
  Op args{};
  args.x = workspace.make(p.a, {1, columns}, x);
  args.weight = workspace.make(p.b, {columns}, Doubles(x.size(), weight));
  args.y = workspace.place(p.out, {1, columns});
  args.eps = 0;
  if (!runner.run(args)) return;
  const Doubles actual = ref::load_all(args.y);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!same_bits_value(expected[i], actual[i])) {
      ADD_FAILURE() << what << ", column " << i << ": expected " << describe(expected[i]) << ", got "
                    << describe(actual[i]);
      return;
    }
}

// ±value in turn: mean 0, standard deviation and root mean square |value|.
Doubles alternating(std::int64_t count, double value) {
  Doubles x(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = i % 2 ? -value : value;
  return x;
}

// Both norms divide ±value by |value| and multiply by the weight.
template <class Op> void norm_claims(Runner<Op>& runner) {
  const Precision& p = runner.precision();
  const auto expect_weight = [&](std::int64_t count, double value, double weight, const std::string& what) {
    expect_norm(runner, alternating(count, value), weight, alternating(count, ref::round_to(p.out, weight)), what);
  };
  // Accumulation: 2304 squares of one. A bf16 sum stops at 256 and an f16 one at 2048: results 3 and 1.06.
  expect_weight(2304, 1.0, 1.0, "sum of 2304 squares");
  for (const double value : {0x1p17, 0x1p-14, 0x1p-20, 0x1p-30, 0x1p15})  // squares leave f16's range, not f32's
    if (holds(p.a, value)) expect_weight(32, value, 1.0, "values of " + describe(value));
  for (const double weight : canaries(p.b))
    if (std::fabs(weight) >= 0x1p-149) expect_weight(32, 1.0, weight, "weight " + describe(weight));
  for (int j = 0; j < 16; ++j) {
    const double weight = 1.0 + std::ldexp(j, -format_of(p.out).precision - 1);
    if (holds(p.b, weight)) expect_weight(32, 1.0, weight, "one rounding of " + describe(weight));
  }
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  Doubles x = alternating(32, 1.0);
  x[19] = kNaN;
  expect_norm(runner, x, 1.0, Doubles(32, kNaN), "NaN reaches its whole row");
}

// x + residual is rounded once to x's dtype, and that stored sum is what is normalised.
template <class Op> void sum_claims(Runner<Op>& runner) {
  const Precision& p = runner.precision();
  for (int j = 0; j < 16; ++j) {
    const double residual = std::ldexp(j, -format_of(p.a).precision - 1);
    if (!holds(p.a, residual)) continue;
    Workspace workspace;
    Op args{};
    args.x = workspace.make(p.a, {1, 32}, alternating(32, 1.0));
    args.residual = workspace.make(p.a, {1, 32}, alternating(32, residual));
    args.weight = workspace.make(p.b, {32}, Doubles(32, 1.0));
    args.sum = workspace.place(p.a, {1, 32});
    args.y = workspace.place(p.out, {1, 32});
    args.eps = 0;
    if (!runner.run(args)) continue;
    const Doubles sums = ref::load_all(args.sum);
    for (std::size_t i = 0; i < sums.size(); ++i)
      expect_value(ref::round_to(p.a, i % 2 ? -1.0 - residual : 1.0 + residual), sums[i], "stored sum");
  }
}

}  // namespace

void Cases<RmsNorm>::claims(Runner<RmsNorm>& runner) {
  norm_claims(runner);
  sum_claims(runner);
  // What is normalised is the stored sum: 1 + 3 u is stored as 1 + 4 u, and the result's root mean square is close
  // to 8. The norm of the unrounded sum would be a whole ulp of x's format away (in f32 too little beside the norm's
  // own error).
  const Precision& p = runner.precision();
  const double residual = 3 * unit_roundoff(p.a), stored = ref::round_to(p.a, 1 + residual);
  if (p.a == DType::f32) return;
  Workspace workspace;
  const RmsNorm args{.x = workspace.make(p.a, {1, 2}, {1, 7}), .residual = workspace.make(p.a, {1, 2}, {residual, 0}),
                     .weight = workspace.make(p.b, {2}, {1, 1}), .sum = workspace.place(p.a, {1, 2}),
                     .y = workspace.place(p.out, {1, 2}), .eps = 39.0f};
  if (!runner.run(args)) return;
  const double actual = ref::load_all(args.y)[0], exact = stored / std::sqrt((stored * stored + 49) / 2 + 39);
  EXPECT_LE(std::fabs(actual - exact), rounded_to(p.out, exact, gamma(8, kUnitF32) * exact))
      << "norm of the stored sum: expected " << describe(exact) << ", got " << describe(actual);
}

void Cases<LayerNorm>::claims(Runner<LayerNorm>& runner) {
  norm_claims(runner);
  sum_claims(runner);
  // Two passes: values 2^11 ± 1 have variance 1, which E[x²] - E[x]² loses in f32 beyond 2^12; stored exactly in f16.
  const Precision& p = runner.precision();
  const double offset = p.a == DType::bf16 ? 0x1p7 : p.a == DType::f16 ? 0x1p10 : 0x1p20;
  Doubles x = alternating(64, 1.0), expected = alternating(64, 1.0);
  for (double& value : x) value += offset;
  if (holds(p.a, offset + 1) && holds(p.a, offset - 1))
    expect_norm(runner, x, 1.0, expected, "small spread around a large mean");
}

template <> std::unique_ptr<OpSuite> make_suite<RmsNorm>() { return std::make_unique<Suite<RmsNorm>>(); }
template <> std::unique_ptr<OpSuite> make_suite<LayerNorm>() { return std::make_unique<Suite<LayerNorm>>(); }

}  // namespace candor::test
