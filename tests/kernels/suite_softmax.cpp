#include <gtest/gtest.h>

#include "kernels/cases_softmax.h"
#include "kernels/claims_value.h"
#include "kernels/suite-inl.h"

namespace candor::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();

Doubles softmax_of(Runner<Softmax>& runner, const Doubles& x) {
  Workspace workspace;
  const auto columns = static_cast<std::int64_t>(x.size());
  const Softmax args{.x = workspace.make(runner.precision().a, {1, columns}, x),
                     .y = workspace.place(runner.precision().out, {1, columns})};
  return runner.run(args) ? ref::load_all(args.y) : Doubles();
}

}  // namespace

void Cases<Softmax>::claims(Runner<Softmax>& runner) {
  const DType out = runner.precision().out;
  // 4096 equal values: a bf16 sum stops at 256 (results 16 times too large), an f16 one at 2048 (twice).
  for (const double y : softmax_of(runner, Doubles(4096, 1.0)))
    expect_value(ref::round_to(out, 0x1p-12), y, "4096 equal values");
  // Sum of 2^-6 and 1: exp(-x) rounded to 16 bits moves the result by more than a rounding of it.
  const Doubles pair = softmax_of(runner, {0.0, -0x1p-6});
  for (std::size_t i = 0; i < pair.size(); ++i) {
    const double p = std::exp(-0x1p-6), exact = (i == 0 ? 1.0 : p) / (1.0 + p);
    EXPECT_LE(std::fabs(pair[i] - exact), rounded_to(out, exact, gamma(2 * kExpUlps + 4, kUnitF32))) << i;
  }
  for (const double large : {0x1p10, 0x1p17}) {  // exp of 2^10 is infinite; an f16 detour makes 2^17 so
    if (!holds(runner.precision().a, large)) continue;
    const Doubles y = softmax_of(runner, {large, large, 0});
    for (std::size_t i = 0; i < y.size(); ++i) expect_value(i < 2 ? 0.5 : 0.0, y[i], "large values");
  }
  if (out != DType::f16)  // exp(-88) is subnormal in f32 and bf16; f16 has nothing near it
    for (const double x : {-88.0, -100.0}) {
      const Doubles small = softmax_of(runner, {0, x});
      EXPECT_LE(std::fabs(small[1] - std::exp(x)), rounded_to(out, std::exp(x), 0x1p-148)) << "subnormals are kept";
    }
  const Doubles masked = softmax_of(runner, {-kInfinity, 3, -kInfinity});
  for (std::size_t i = 0; i < masked.size(); ++i) expect_value(i == 1 ? 1.0 : 0.0, masked[i], "masked");
  Doubles late(40, 1.0);
  late[37] = kNaN;
  for (const double y : softmax_of(runner, late)) expect_value(kNaN, y, "NaN reaches its whole row");
}

template <>
std::unique_ptr<OpSuite> make_suite<Softmax>() {
  return std::make_unique<Suite<Softmax>>();
}

}  // namespace candor::test
