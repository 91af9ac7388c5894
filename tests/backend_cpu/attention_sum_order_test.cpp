// Attention kernels against a scalar loop that adds in the order of kernels/attention.h: equal bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/backend_cpu/attention_problem.h"
#include "tests/backend_cpu/math_entry.h"
#include "tests/backend_cpu/test_stream.h"

namespace candor::test {
namespace {

float exp_of(float x) {
  float in[16], out[16];
  std::fill(in, in + 16, x);
  cpu::baseline::math_function(MathFunction::exp_nonpositive, in, out, 16, true);
  return out[0];
}

/// Sums of one row over some keys, as kernels/attention.h orders them.
struct ScalarSums {
  float maximum = -HUGE_VALF;
  float weight[16] = {};
  std::vector<float> acc;

  void add_block(const std::vector<float>& scores, const std::vector<const float*>& values) {
    const float largest = *std::max_element(scores.begin(), scores.end());
    if (largest > maximum) {
      const float factor = exp_of(maximum - largest);
      for (float& w : weight) w *= factor;
      for (float& a : acc) a *= factor;
      maximum = largest;
    }
    std::vector<float> p;
    for (std::size_t j = 0; j < scores.size(); ++j) {
      p.push_back(exp_of(scores[j] - maximum));
      weight[j % 16] += p[j];
    }
    for (std::size_t j = 0; j < p.size(); j += 2) {
      for (std::size_t key : {j + 1, j})  // pairs, odd first
        for (std::size_t d = 0; key < p.size() && d < acc.size(); ++d)
          acc[d] = std::fma(p[key], values[key][d], acc[d]);
    }
  }

  void close() {
    for (int width = 8; width >= 1; width /= 2)
      for (int i = 0; i < width; ++i) weight[i] += weight[i + width];
  }

  void merge(const ScalarSums& part) {
    const float largest = std::max(maximum, part.maximum);
    const float keep = exp_of(maximum - largest), take = exp_of(part.maximum - largest);
    weight[0] = std::fma(part.weight[0], take, weight[0] * keep);
    for (std::size_t d = 0; d < acc.size(); ++d) acc[d] = std::fma(part.acc[d], take, acc[d] * keep);
    maximum = largest;
  }
};

/// The D elements of `x` from element `at` on.
std::vector<float> widened(const Operand& x, std::int64_t at, std::int64_t d) {
  std::vector<float> row;
  for (std::int64_t i = 0; i < d; ++i) row.push_back(static_cast<float>(x.at(at + i)));
  return row;
}

/// Sums over keys [begin, end) of batch 0, which lie in one chunk.
ScalarSums chunk_sums(const AttentionProblem& p, float scale, const std::vector<float>& q, std::int64_t kv,
                      std::int64_t begin, std::int64_t end) {
  const std::int64_t nhkv = p.sizes.hkv, nd = p.sizes.d;
  ScalarSums sums;
  sums.acc.assign(static_cast<std::size_t>(nd), 0.0f);
  for (std::int64_t block = begin; block < end; block += kAttentionBlock) {
    std::vector<float> scores;
    std::vector<std::vector<float>> rows;
    std::vector<const float*> values;
    for (std::int64_t j = block; j < std::min(end, block + kAttentionBlock); ++j) {
      const std::vector<float> k = widened(p.k, (j * nhkv + kv) * nd, nd);
      float dot = 0;
      for (std::int64_t d = 0; d < nd; d += 2) dot = std::fma(q[d], k[d], std::fma(q[d + 1], k[d + 1], dot));
      scores.push_back(scale * dot);
      rows.push_back(widened(p.v, (j * nhkv + kv) * nd, nd));
    }
    for (const auto& row : rows) values.push_back(row.data());
    sums.add_block(scores, values);
  }
  sums.close();
  return sums;
}

/// Row (t, h) of batch 0, one rounding short of y.
std::vector<float> scalar_row(const AttentionProblem& p, const Attention& a, std::int64_t t, std::int64_t h) {
  const auto [nb, nt, ns, nh, nhkv, nd] = p.sizes;
  const std::int64_t visible = ns - nt + t + 1, kv = h / (nh / nhkv);
  const std::vector<float> q = widened(p.q, (t * nh + h) * nd, nd);
  ScalarSums total = chunk_sums(p, a.scale, q, kv, 0, std::min(visible, kAttentionChunk));
  for (std::int64_t chunk = kAttentionChunk; chunk < visible; chunk += kAttentionChunk)
    total.merge(chunk_sums(p, a.scale, q, kv, chunk, std::min(visible, chunk + kAttentionChunk)));
  for (float& value : total.acc) value /= total.weight[0];
  return total.acc;
}

TEST(CpuAttention, EqualsTheScalarOrderOfSums) {
  for (const AttentionKernels& entry : attention_kernels()) {
    for (const AttentionSizes& n : {AttentionSizes{1, 2, 1090, 2, 1, 12}, AttentionSizes{1, 4, 7, 2, 1, 34},
                                    AttentionSizes{1, 1, 576, 3, 1, 64}}) {
      if (entry.isa == Isa::baseline && n.s > 1000) continue;  // its emulated fma is slow
      AttentionProblem p(entry, n);
      TestStream stream(1);
      entry.flash(p.args(), stream);
      for (std::int64_t row = 0; row < n.t * n.h; ++row) {
        const std::vector<float> expected = scalar_row(p, p.args(), row / n.h, row % n.h);
        for (std::int64_t d = 0; d < n.d; ++d) {
          std::byte rounded[8];
          write_element(entry.out, rounded, static_cast<double>(expected[static_cast<std::size_t>(d)]));
          ASSERT_EQ(p.y.at(row * n.d + d), read_element(entry.out, rounded)) << describe(entry) << " row " << row;
        }
      }
    }
  }
}

}  // namespace
}  // namespace candor::test
