#include "kernels/cases_elementwise.h"
#include "kernels/claims_value.h"
#include "kernels/suite-inl.h"

namespace candor::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();

// 17 copies, so that whole vectors and their tail are both seen.
constexpr std::int64_t kCopies = 17;

void expect_unary(Runner<Unary>& runner, UnaryKind kind, double x, double expected) {
  Workspace workspace;
  Maker maker(workspace, Inputs::exact, 1);
  const Unary args{.x = maker.given(runner.precision().a, {kCopies}, Doubles(kCopies, x)),
                   .y = maker.output(runner.precision().out, {kCopies}),
                   .kind = kind};
  if (!runner.run(args)) return;
  for (const double actual : ref::load_all(args.y))
    expect_value(expected, actual, "kind " + std::to_string(static_cast<int>(kind)) + " of " + describe(x));
}

void expect_binary(Runner<Binary>& runner, BinaryKind kind, double x, double z, double expected) {
  Workspace workspace;
  Maker maker(workspace, Inputs::exact, 1);
  const Binary args{.x = maker.given(runner.precision().a, {kCopies}, Doubles(kCopies, x)),
                    .z = maker.given(runner.precision().b, {kCopies}, Doubles(kCopies, z)),
                    .y = maker.output(runner.precision().out, {kCopies}),
                    .kind = kind};
  if (!runner.run(args)) return;
  for (const double actual : ref::load_all(args.y))
    expect_value(expected, actual,
                 "kind " + std::to_string(static_cast<int>(kind)) + " of " + describe(x) + ", " + describe(z));
}

// A NaN argument is the result, quiet: with its own sign, but for neg and abs, which treat it as that of a number.
void nan_claims(Runner<Unary>& runner) {
  constexpr std::uint64_t kPayload = 0x5a5a5a5a5a5a5;  // without the quiet bit
  const DType dtype = runner.precision().a;
  if (runner.precision().out != dtype) return;
  for (const UnaryKind kind : kUnaryKinds)
    for (const bool negative : {false, true})
      for (const std::int64_t count : {kCopies, std::int64_t{3}}) {
        Workspace workspace;
        const Unary args{.x = of_bits(workspace, dtype, nan_code(dtype, negative, kPayload), count),
                         .y = workspace.place(dtype, {count}),
                         .kind = kind};
        const bool sign = kind == UnaryKind::neg ? !negative : kind == UnaryKind::abs ? false : negative;
        if (runner.run(args))
          expect_bits(args.y, nan_code(dtype, sign, kPayload | kQuietBit),
                      "kind " + std::to_string(static_cast<int>(kind)) + " of a NaN");
      }
}

}  // namespace

void Cases<Unary>::claims(Runner<Unary>& runner) {
  const DType out = runner.precision().out;
  for (const double x : canaries(runner.precision().a)) {  // every bit survives f32, subnormals too
    expect_unary(runner, UnaryKind::neg, x, ref::round_to(out, -x));
    expect_unary(runner, UnaryKind::abs, -x, ref::round_to(out, x));
    expect_unary(runner, UnaryKind::relu, x, ref::round_to(out, x));
    if (x >= 0x1p-126)
      expect_unary(runner, UnaryKind::sqrt, x,
                   ref::round_to(out, static_cast<double>(std::sqrt(static_cast<float>(x)))));
  }
  nan_claims(runner);
  expect_unary(runner, UnaryKind::sqrt, -1.0, kNaN);
  expect_unary(runner, UnaryKind::rsqrt, 0.0, kInfinity);
  expect_unary(runner, UnaryKind::exp, kInfinity, kInfinity);
  expect_unary(runner, UnaryKind::exp, -kInfinity, 0.0);
  expect_unary(runner, UnaryKind::tanh, kInfinity, 1.0);
  expect_unary(runner, UnaryKind::tanh, -kInfinity, -1.0);
  expect_unary(runner, UnaryKind::sigmoid, kInfinity, 1.0);
  expect_unary(runner, UnaryKind::sigmoid, -kInfinity, 0.0);
  for (const UnaryKind kind : {UnaryKind::silu, UnaryKind::gelu_tanh, UnaryKind::gelu_erf}) {
    expect_unary(runner, kind, kInfinity, kInfinity);
    expect_unary(runner, kind, 64.0, 64.0);
  }
}

void Cases<Binary>::claims(Runner<Binary>& runner) {
  const Precision& p = runner.precision();
  for (const double x : canaries(p.a)) {
    expect_binary(runner, BinaryKind::mul, x, 1.0, ref::round_to(p.out, x));
    expect_binary(runner, BinaryKind::div, x, 1.0, ref::round_to(p.out, x));
    expect_binary(runner, BinaryKind::add, x, -0.0, ref::round_to(p.out, x));
    expect_binary(runner, BinaryKind::max, x, -1.0, ref::round_to(p.out, x));
  }
  for (const double z : canaries(p.b)) {
    expect_binary(runner, BinaryKind::mul, 1.0, z, ref::round_to(p.out, z));
    expect_binary(runner, BinaryKind::sub, 0.0, z, ref::round_to(p.out, -z));
    expect_binary(runner, BinaryKind::min, -1.0, z, -1.0);
  }
  // One rounding to the result, to nearest even: 1 + j quarters of an ulp, from two operands.
  for (int j = 0; j < 16; ++j) {
    const double z = std::ldexp(j, -format_of(p.out).precision - 1);
    if (!holds(p.b, z)) continue;
    expect_binary(runner, BinaryKind::add, 1.0, z, ref::round_to(p.out, 1.0 + z));
    expect_binary(runner, BinaryKind::sub, -1.0, z, ref::round_to(p.out, -1.0 - z));
  }
  expect_binary(runner, BinaryKind::sub, 1.0, 1.0, 0.0);
  for (const BinaryKind kind : kBinaryKinds) {
    expect_binary(runner, kind, kNaN, 1.0, kNaN);
    expect_binary(runner, kind, 1.0, kNaN, kNaN);
  }
  expect_binary(runner, BinaryKind::div, 1.0, 0.0, kInfinity);
  expect_binary(runner, BinaryKind::div, -1.0, 0.0, -kInfinity);
  expect_binary(runner, BinaryKind::sub, kInfinity, kInfinity, kNaN);
  expect_binary(runner, BinaryKind::max, -kInfinity, 1.0, 1.0);
}

template <>
std::unique_ptr<OpSuite> make_suite<Unary>() {
  return std::make_unique<Suite<Unary>>();
}
template <>
std::unique_ptr<OpSuite> make_suite<Binary>() {
  return std::make_unique<Suite<Binary>>();
}

}  // namespace candor::test
