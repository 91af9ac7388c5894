// Attention kernels against a plain softmax in f64, with a derived bound of the error.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/backend_cpu/attention_problem.h"
#include "tests/backend_cpu/test_stream.h"

namespace candor::test {
namespace {

/// The scores of the keys that row (b, t, h) sees, in f64, and a bound of the kernel's error per score.
struct Scores {
  std::vector<double> value, slack;
  double largest;
};

Scores expected_scores(const AttentionProblem& p, const Attention& a, std::int64_t b, std::int64_t t, std::int64_t h) {
  const auto [nb, nt, ns, nh, nhkv, nd] = p.sizes;
  const std::int64_t keys = a.causal ? ns - nt + t + 1 : ns, kv = h / (nh / nhkv);
  const double u = 0x1p-24;
  Scores s{std::vector<double>(keys), std::vector<double>(keys), -HUGE_VAL};
  for (std::int64_t j = 0; j < keys; ++j) {
    double dot = 0, magnitude = 0;
    for (std::int64_t d = 0; d < nd; ++d) {
      const double product = p.q.at(((b * nt + t) * nh + h) * nd + d) * p.k.at(((b * ns + j) * nhkv + kv) * nd + d);
      dot += product;
      magnitude += std::fabs(product);
    }
    s.value[j] = a.scale * dot;
    s.slack[j] = a.scale * magnitude * u * (static_cast<double>(nd) + 2);  // D fused additions, then the scale
    s.largest = std::max(s.largest, s.value[j]);
  }
  return s;
}

/// Output row (b, t, h) in f64, and a bound of the kernel's error per element.
struct Expected {
  std::vector<double> y, bound;
};

Expected expected_row(const AttentionProblem& p, const Attention& a, std::int64_t b, std::int64_t t, std::int64_t h) {
  const auto [nb, nt, ns, nh, nhkv, nd] = p.sizes;
  const Scores s = expected_scores(p, a, b, t, h);
  const std::int64_t keys = static_cast<std::int64_t>(s.value.size()), kv = h / (nh / nhkv);
  const double u = 0x1p-24;
  Expected e{std::vector<double>(nd), std::vector<double>(nd)};
  std::vector<double> weighted(nd);
  double l = 0, error = 0;  // the error of the weights is relative to l
  for (std::int64_t j = 0; j < keys; ++j) {
    const double weight = std::exp(s.value[j] - s.largest);
    l += weight;
    // The score's error moves the exponent; then one rounding in s - m (|s - m| u), exp's own (< 2 u), and one rounding
    // per rescaling: at most once per block and once per chunk, each with exp's error and that of its argument.
    const double steps = static_cast<double>(keys / 64 + 1) * 2 + static_cast<double>(keys / 512 + 1) * 2;
    const double relative =
        std::expm1(s.slack[j]) + u * (std::fabs(s.value[j] - s.largest) * (2 + steps) + 4 * (steps + 1));
    error += weight * relative;
    for (std::int64_t d = 0; d < nd; ++d) {
      const double value = p.v.at(((b * ns + j) * nhkv + kv) * nd + d);
      e.y[d] += weight * value;
      weighted[d] += weight * std::fabs(value) * (relative + u * static_cast<double>(keys + 2));
    }
  }
  for (std::int64_t d = 0; d < nd; ++d) {
    e.y[d] /= l;
    const double sum_error = error / l + u * static_cast<double>(keys / 16 + 8);
    e.bound[d] = weighted[d] / l + std::fabs(e.y[d]) * (sum_error + 2 * u);
    e.bound[d] += unit_roundoff(p.y.dtype()) * std::fabs(e.y[d]) * 1.01 + 0x1p-126;
    if (p.y.dtype() == DType::f16) e.bound[d] += 0x1p-24;
  }
  return e;
}

void expect_near_exact(AttentionProblem& p, const Attention& args, const std::string& what) {
  for (std::int64_t row = 0; row < p.sizes.b * p.sizes.t * p.sizes.h; ++row) {
    const std::int64_t h = row % p.sizes.h, t = row / p.sizes.h % p.sizes.t, b = row / p.sizes.h / p.sizes.t;
    const Expected e = expected_row(p, args, b, t, h);
    for (std::int64_t d = 0; d < p.sizes.d; ++d) {
      const double y = p.y.at(row * p.sizes.d + d);
      ASSERT_LE(std::fabs(y - e.y[d]), e.bound[d])
          << what << " b " << b << " t " << t << " h " << h << " d " << d << ": " << y << " expected " << e.y[d];
    }
  }
}

TEST(CpuAttention, IsWithinTheDerivedBound) {
  const AttentionSizes sizes[] = {{1, 1, 1, 1, 1, 2}, {2, 3, 5, 4, 2, 6}, {1, 2, 67, 3, 1, 64}, {1, 4, 130, 2, 2, 34}};
  for (const AttentionKernels& entry : attention_kernels(machine_has(Isa::avx2) ? Isa::avx2 : Isa::baseline)) {
    for (const AttentionSizes& n : sizes) {
      for (const bool causal : {true, false}) {
        AttentionProblem p(entry, n);
        TestStream stream(2);
        entry.decode(p.args(causal), stream);
        expect_near_exact(p, p.args(causal), "decode " + describe(entry));
        EXPECT_TRUE(p.y.guards_intact());
        AttentionProblem f(entry, n);
        entry.flash(f.args(causal), stream);
        expect_near_exact(f, f.args(causal), "flash " + describe(entry));
        EXPECT_TRUE(f.y.guards_intact());
      }
    }
  }
}

TEST(CpuAttention, LongContextIsWithinTheDerivedBound) {
  for (const AttentionKernels& entry : attention_kernels(machine_has(Isa::avx2) ? Isa::avx2 : Isa::baseline)) {
    if (entry.q != entry.kv) continue;
    AttentionProblem p(entry, {1, 2, 1100, 2, 1, 16});
    TestStream stream(2);
    entry.decode(p.args(), stream);
    expect_near_exact(p, p.args(), describe(entry));
  }
}

}  // namespace
}  // namespace candor::test
