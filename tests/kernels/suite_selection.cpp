#include <gtest/gtest.h>

#include "kernels/cases_selection.h"
#include "kernels/claims_value.h"

namespace candor::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();

// The larger of two neighbours in the row's own format, at `place` among 40 equals.
Doubles one_larger(DType dtype, std::size_t place) {
  Doubles x(40, 1.0);
  x[place] = 1.0 + 2 * unit_roundoff(dtype);
  return x;
}

}  // namespace

void Cases<Argmax>::claims(Runner<Argmax>& runner) {
  const DType dtype = runner.precision().a;
  const auto argmax_of = [&](const Doubles& x) {
    Workspace workspace;
    const Argmax args{.x = workspace.make(dtype, {1, static_cast<std::int64_t>(x.size())}, x),
                      .indices = workspace.place(DType::i32, {1})};
    return runner.run(args) ? static_cast<std::int64_t>(ref::load_all(args.indices)[0]) : -1;
  };
  for (const std::size_t place : {0u, 15u, 16u, 31u, 39u})  // a detour through fewer bits sees equals
    EXPECT_EQ(argmax_of(one_larger(dtype, place)), static_cast<std::int64_t>(place));
  EXPECT_EQ(argmax_of(Doubles(40, -kInfinity)), 0);
  EXPECT_EQ(argmax_of({-3, -1, -1, -2}), 1);
  for (const std::size_t place : {0u, 15u, 16u, 31u, 39u})  // the first NaN, whatever its sign and its company
    for (const double other : {1.0, kInfinity, -kInfinity}) {
      Doubles x(40, other);
      x[place] = -kNaN;
      x[39] = kNaN;
      EXPECT_EQ(argmax_of(x), static_cast<std::int64_t>(place)) << "NaN among " << other;
    }
  EXPECT_EQ(argmax_of(Doubles(40, kNaN)), 0);
  if (dtype == DType::f16) return;
  EXPECT_EQ(argmax_of({0x1p17, 0x1p18, 0x1p17}), 1) << "no f16 on the way";
  EXPECT_EQ(argmax_of({0x1p-131, 0x1p-130, 0}), 1) << "subnormals are not zero";
}

void Cases<TopK>::claims(Runner<TopK>& runner) {
  const DType dtype = runner.precision().a;
  for (const std::size_t place : {0u, 15u, 16u, 31u, 39u}) {
    Workspace workspace;
    const TopK args{.x = workspace.make(dtype, {1, 40}, one_larger(dtype, place)),
                    .values = workspace.place(dtype, {1, 3}),
                    .indices = workspace.place(DType::i32, {1, 3})};
    if (!runner.run(args)) continue;
    const Doubles indices = ref::load_all(args.indices), values = ref::load_all(args.values);
    EXPECT_EQ(indices[0], static_cast<double>(place));
    EXPECT_EQ(indices[1], place == 0 ? 1.0 : 0.0) << "the lower index wins";
    EXPECT_EQ(values[0], 1.0 + 2 * unit_roundoff(dtype));
    EXPECT_EQ(values[1], 1.0);
  }
  Doubles row = {2, kNaN, kInfinity, -kNaN, -kInfinity, 3};  // NaN above infinity, the first of several first
  row.resize(40, -kInfinity);
  row[37] = kNaN;
  Workspace workspace;
  const TopK args{.x = workspace.make(dtype, {1, 40}, row),
                  .values = workspace.place(dtype, {1, 8}),
                  .indices = workspace.place(DType::i32, {1, 8})};
  if (!runner.run(args)) return;
  EXPECT_EQ(ref::load_all(args.indices), (Doubles{1, 3, 37, 2, 5, 0, 4, 6}));
  const Doubles values = ref::load_all(args.values);
  for (std::size_t i = 0; i < 8; ++i)
    expect_value(i < 3 ? kNaN : i == 3 ? kInfinity : i == 4 ? 3 : i == 5 ? 2 : -kInfinity, values[i], "value");
}

template <>
std::unique_ptr<OpSuite> make_suite<Argmax>() {
  return std::make_unique<Suite<Argmax>>();
}
template <>
std::unique_ptr<OpSuite> make_suite<TopK>() {
  return std::make_unique<Suite<TopK>>();
}

}  // namespace candor::test
