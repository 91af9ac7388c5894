// The same bits whatever the batch and the layout: M = 1 and M = n, packed and strided weights; one query of attention
// alone (decode) and among others (prefill).
#include <gtest/gtest.h>

#include "kernels/cases_attention.h"
#include "kernels/cases_gated_linear.h"
#include "kernels/cases_matmul.h"
#include "kernels/chosen_row.h"
#include "kernels/suite-inl.h"

namespace candor::test {
namespace {

TEST(SameBitsShapes, MatmulRowsAloneAndTogether) {
  constexpr std::int64_t kRows = 37, kColumns = 50;
  for (const Precision& p : precisions_of("matmul")) {
    Workspace workspace;
    Maker maker(workspace, Inputs::normal, 3);
    const std::int64_t k = whole_blocks(p.b, 300);
    const View x = maker.input(p.a, {kRows, k}, 1), weight = maker.input(p.b, {kColumns, k}, 1);
    const View together = maker.output(p.out, {kRows, kColumns}), y = maker.output(p.out, {kRows, kColumns});
    ASSERT_TRUE(run_chosen(p, Matmul{.x = x, .weight = weight, .bias = {}, .y = together})) << to_string(p);
    const View packed = packable(p.b)
                            ? maker.given(p.b, {kColumns, k}, ref::load_all(weight), {.layout = Layout::packed_tiles})
                            : weight;
    for (const ConstView& w : {ConstView(weight), ConstView(packed)})
      for (const std::int64_t step : {1, 2, 5, 36, 37}) {
        for (std::int64_t m = 0; m < kRows; m += step) {
          const std::int64_t count = std::min(step, kRows - m);
          ASSERT_TRUE(run_chosen(
              p, Matmul{.x = rows_of(x, 0, m, count), .weight = w, .bias = {}, .y = rows_of(y, 0, m, count)}));
        }
        EXPECT_EQ(element_bytes(together), element_bytes(y)) << to_string(p) << ", " << step << " rows at a time";
      }
  }
}

TEST(SameBitsShapes, GatedRowsAloneAndTogether) {
  constexpr std::int64_t kRows = 19, kColumns = 40;
  for (const Precision& p : precisions_of("gated_linear")) {
    Workspace workspace;
    Maker maker(workspace, Inputs::normal, 5);
    const std::int64_t k = whole_blocks(p.b, 130);
    const View x = maker.input(p.a, {kRows, k}, 1), gate = maker.input(p.b, {kColumns, k}, 1),
               up = maker.input(p.b, {kColumns, k}, 1);
    const auto run = [&](std::int64_t m, std::int64_t count, const View& y) {
      return run_chosen(p, GatedLinear{.x = rows_of(x, 0, m, count),
                                       .gate_weight = gate,
                                       .up_weight = up,
                                       .gate_bias = {},
                                       .up_bias = {},
                                       .y = rows_of(y, 0, m, count),
                                       .activation = Activation::silu});
    };
    const View together = maker.output(p.out, {kRows, kColumns}), alone = maker.output(p.out, {kRows, kColumns});
    ASSERT_TRUE(run(0, kRows, together)) << to_string(p);
    for (std::int64_t m = 0; m < kRows; ++m) ASSERT_TRUE(run(m, 1, alone));
    EXPECT_EQ(element_bytes(together), element_bytes(alone)) << to_string(p);
  }
}

// T queries at once against each alone, with the keys that it sees.
void compare_decode(const Precision& p, std::int64_t tokens, std::int64_t keys) {
  Workspace workspace;
  Maker maker(workspace, Inputs::normal, 6);
  const std::int64_t heads = 6, kv_heads = 2, dim = 34;
  const Attention prefill{.q = maker.input(p.a, {1, tokens, heads, dim}, 1),
                          .k = maker.input(p.b, {1, keys, kv_heads, dim}, 1),
                          .v = maker.input(p.b, {1, keys, kv_heads, dim}, 1),
                          .y = maker.output(p.out, {1, tokens, heads, dim}),
                          .scale = 0.2f,
                          .causal = true};
  ASSERT_TRUE(run_chosen(p, prefill)) << to_string(p);
  const View decoded = maker.output(p.out, {1, tokens, heads, dim});
  for (const std::int64_t step : {1, 3}) {
    for (std::int64_t t = 0; t < tokens; t += step) {
      const std::int64_t count = std::min(step, tokens - t), seen = keys - tokens + t + count;
      ASSERT_TRUE(run_chosen(p, Attention{.q = rows_of(prefill.q, 1, t, count),
                                          .k = rows_of(prefill.k, 1, 0, seen),
                                          .v = rows_of(prefill.v, 1, 0, seen),
                                          .y = rows_of(decoded, 1, t, count),
                                          .scale = prefill.scale,
                                          .causal = true}));
    }
    EXPECT_EQ(element_bytes(prefill.y), element_bytes(decoded))
        << to_string(p) << " T=" << tokens << " S=" << keys << ", " << step << " at a time";
  }
}

TEST(SameBitsShapes, AttentionPrefillEqualsDecode) {
  for (const Precision& p : precisions_of("attention")) {
    compare_decode(p, 20, 20);
    compare_decode(p, 70, 133);
    compare_decode(p, 9, 600);
  }
}

}  // namespace
}  // namespace candor::test
