#include "kernels/cases_rope.h"
#include "kernels/claims_value.h"
#include "kernels/suite-inl.h"

namespace candor::test {
namespace {

constexpr std::int64_t kPairs = 17, kDim = 36;  // two elements are copied

Rope uniform_rope(Workspace& workspace, const Precision& p, double x, double cos, double sin, RopeStyle style) {
  return {.x = workspace.make(p.a, {1, 1, kDim}, Doubles(kDim, x)),
          .cos = workspace.make(DType::f32, {1, kPairs}, Doubles(kPairs, cos)),
          .sin = workspace.make(DType::f32, {1, kPairs}, Doubles(kPairs, sin)),
          .y = workspace.place(p.out, {1, 1, kDim}), .style = style};
}

// The same case in place must give the same bits.
void expect_in_place(Runner<Rope>& runner, RopeStyle style) {
  Workspace workspace;
  const Precision& p = runner.precision();
  const Doubles x = normal(2 * 3 * kDim, 5), angles = uniform(2 * kPairs, 6, 0, 6);
  Doubles cos, sin;
  for (const double angle : angles) cos.push_back(std::cos(angle)), sin.push_back(std::sin(angle));
  const View tables[] = {workspace.make(DType::f32, {2, kPairs}, cos), workspace.make(DType::f32, {2, kPairs}, sin)};
  const View in_place = workspace.make(p.a, {2, 3, kDim}, x);
  const Rope apart{.x = workspace.make(p.a, {2, 3, kDim}, x), .cos = tables[0], .sin = tables[1],
                   .y = workspace.place(p.out, {2, 3, kDim}), .style = style};
  const Rope same{.x = in_place, .cos = tables[0], .sin = tables[1], .y = in_place, .style = style};
  if (p.a != p.out || !runner.run(apart) || !runner.run(same)) return;
  EXPECT_EQ(element_bytes(apart.y), element_bytes(same.y)) << "in place";
}

}  // namespace

void Cases<Rope>::claims(Runner<Rope>& runner) {
  const Precision& p = runner.precision();
  for (const RopeStyle style : {RopeStyle::half_split, RopeStyle::interleaved}) {
    for (const double x : canaries(p.a)) {  // turned by zero: every bit survives
      Workspace workspace;
      const Rope args = uniform_rope(workspace, p, x, 1, 0, style);
      if (!runner.run(args)) continue;
      for (const double actual : ref::load_all(args.y)) expect_value(ref::round_to(p.out, x), actual, "turned by 0");
    }
    for (int j = 1; j < 16; ++j) {  // x cos is 1 + j quarters of an ulp; tables keep all of f32
      Workspace workspace;
      const double cos = 1.0 + std::ldexp(j, -format_of(p.out).precision - 1);
      if (!holds(DType::f32, cos)) continue;
      const Rope args = uniform_rope(workspace, p, 1, cos, 0, style);
      if (!runner.run(args)) continue;
      const Doubles y = ref::load_all(args.y);
      for (std::int64_t i = 0; i < 2 * kPairs; ++i)
        expect_value(ref::round_to(p.out, cos), y[static_cast<std::size_t>(i)], "one rounding");
    }
    Workspace workspace;  // tables rounded to 16 bits would turn 1 + 2^-12 into 1: the difference would vanish
    const Rope args = uniform_rope(workspace, p, 1, 1 + 0x1p-12, 1, style);
    if (runner.run(args)) {
      const Doubles y = ref::load_all(args.y);
      expect_value(ref::round_to(p.out, 0x1p-12), y[0], "f32 tables");
    }
    expect_in_place(runner, style);
  }
}

template <> std::unique_ptr<OpSuite> make_suite<Rope>() { return std::make_unique<Suite<Rope>>(); }

}  // namespace candor::test
