// The claims of matmul, qkv_projection and gated_linear rows.
#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "kernels/cases_dot.h"
#include "kernels/witness.h"

namespace candor::test {

inline bool same_value(double x, double y) {
  return (std::isnan(x) && std::isnan(y)) || (x == y && std::signbit(x) == std::signbit(y)) || (x == 0 && y == 0);
}

/// The operands of one witness: M rows of x and kDotColumns rows of weight, all alike.
inline constexpr std::int64_t kDotColumns = 17;
struct WitnessOperands {
  View x, weight;
};
inline WitnessOperands place_witness(Maker& maker, const Precision& p, const Witness& witness, std::int64_t m_extent,
                                     Layout layout) {
  const std::int64_t unit = is_block(p.b) ? dtype_info(p.b).block_elements : 1, step = witness.dense ? 1 : unit;
  const auto terms = static_cast<std::int64_t>(witness.x.size());
  const std::int64_t k_extent = witness.dense ? whole_blocks(p.b, terms) : terms * unit;
  Doubles x(static_cast<std::size_t>(m_extent * k_extent), 0.0), w;
  for (std::int64_t m = 0; m < m_extent; ++m)
    for (std::int64_t t = 0; t < terms; ++t)
      x[static_cast<std::size_t>(m * k_extent + t * step)] = witness.x[static_cast<std::size_t>(t)];
  for (std::int64_t n = 0; n < kDotColumns; ++n)
    w.insert(w.end(), witness.w.begin(), witness.w.begin() + k_extent / unit);
  return {maker.given(p.a, {m_extent, k_extent}, x),
          is_block(p.b) ? make_constant_blocks(maker.workspace(), p.b, {kDotColumns, k_extent}, w)
                        : maker.given(p.b, {kDotColumns, k_extent}, w, {.layout = layout})};
}

/// Runs x · wᵀ in each layout, for several M and in each place of the op that a dot product has, and expects one value
/// everywhere.
template <class Op>
void expect_dot(Runner<Op>& runner, const Witness& witness, double expected) {
  const Precision& p = runner.precision();
  for (const Layout layout : {Layout::strided, Layout::packed_tiles})
    for (const std::int64_t m_extent : {1, 3, 40})
      for (int place = 0; place < Cases<Op>::kDotPlaces; ++place) {
        if (layout == Layout::packed_tiles && !packable(p.b)) continue;
        if (m_extent > 3 && witness.x.size() > 300) continue;
        Workspace workspace;
        Maker maker(workspace, Inputs::exact, 1);
        const WitnessOperands operands = place_witness(maker, p, witness, m_extent, layout);
        const Op args = Cases<Op>::of_dot(maker, p, operands.x, operands.weight, place);
        if (!runner.run(args)) continue;
        for (const double actual : ref::load_all(Cases<Op>::result(args, place)))
          if (!same_value(actual, expected)) {
            ADD_FAILURE() << witness.name << ", M=" << m_extent << (layout == Layout::strided ? " strided" : " packed")
                          << ", place " << place << ": the claimed arithmetic gives " << describe(expected)
                          << ", the kernel gave " << describe(actual);
            break;
          }
      }
}

template <class Op>
void dot_claims(Runner<Op>& runner) {
  const Precision& p = runner.precision();
  const Arithmetic claimed{.operands = p.compute == DType::f32 ? DType::f64 : p.compute,
                           .products = DType::f64,
                           .accumulate = p.accumulate,
                           .flushes = flushes_denormals(runner.row().instruction_class)};
  const std::vector<Alternative> alternatives = dot_alternatives(p, claimed);
  std::set<std::string> told_apart;
  for (const Witness& witness : dot_witnesses(p)) {
    const double expected = emulate_dot(claimed, witness.x, witness.w, p.out);
    expect_dot(runner, witness, expected);
    for (const Alternative& other : alternatives)
      if (!same_value(expected, emulate_dot(other.arithmetic, witness.x, witness.w, p.out)))
        told_apart.insert(other.name);
  }
  for (const Alternative& other : alternatives)
    EXPECT_TRUE(told_apart.contains(other.name)) << "no witness would notice: " << other.name;

  constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();
  expect_dot(runner, {"NaN activation", {1, 0, kNaN}, {1, 0, 1}}, kNaN);
  if (Cases<Op>::kInfiniteX) expect_dot(runner, {"infinite activation", {1, 0, -kInfinity}, {1, 0, 1}}, -kInfinity);
  expect_dot(runner, {"infinities that cancel", {kInfinity, 0, -kInfinity}, {1, 0, 1}}, kNaN);
  if (!is_block(p.b)) {
    expect_dot(runner, {"NaN weight", {1, 0, 1}, {1, 0, kNaN}}, kNaN);
    expect_dot(runner, {"infinite weight", {1, 0, 1}, {1, 0, kInfinity}}, kInfinity);
    expect_dot(runner, {"zero times infinity", {0}, {kInfinity}}, kNaN);
  }
}

}  // namespace candor::test
