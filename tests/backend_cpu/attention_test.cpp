// Attention kernels: a plain softmax in f64 with a derived bound, and the same bits whatever the ISA, the number of
// workers, the kernel or the number of tokens per call.
#include "backend/cpu/attention/attention.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/backend_cpu/math_entry.h"
#include "tests/backend_cpu/operand.h"
#include "tests/backend_cpu/test_stream.h"

namespace candor {
namespace {

using test::Operand;
using Kernel = Launch<Attention>;

struct Entry {
  DType q, kv, out;
  Isa isa;
  Kernel decode, flash;
};

#define ENTRIES(isa, q, kv)                                                                                            \
  Entry{DType::q, DType::kv, DType::q, Isa::isa, cpu::isa::attention_decode_##q##_##kv,                                \
        cpu::isa::attention_flash_##q##_##kv}
#define ENTRIES_TO_F32(isa, q, kv)                                                                                     \
  Entry{DType::q, DType::kv, DType::f32, Isa::isa, cpu::isa::attention_decode_##q##_##kv##_to_f32,                     \
        cpu::isa::attention_flash_##q##_##kv##_to_f32}
#define PAIRS_OF(isa)                                                                                                  \
  ENTRIES(isa, f32, f32), ENTRIES(isa, f32, bf16), ENTRIES(isa, f32, f16), ENTRIES(isa, bf16, bf16),                   \
      ENTRIES(isa, bf16, f16), ENTRIES(isa, bf16, f32), ENTRIES(isa, f16, f16), ENTRIES(isa, f16, bf16),               \
      ENTRIES(isa, f16, f32), ENTRIES_TO_F32(isa, bf16, bf16), ENTRIES_TO_F32(isa, bf16, f16),                         \
      ENTRIES_TO_F32(isa, bf16, f32), ENTRIES_TO_F32(isa, f16, f16), ENTRIES_TO_F32(isa, f16, bf16),                   \
      ENTRIES_TO_F32(isa, f16, f32)

const std::vector<Entry>& all_entries() {
  static const std::vector<Entry> entries = {PAIRS_OF(baseline), PAIRS_OF(avx2), PAIRS_OF(avx512),
                                             ENTRIES(avx512bf16, bf16, bf16), ENTRIES_TO_F32(avx512bf16, bf16, bf16)};
  return entries;
}

std::vector<Entry> runnable(Isa lowest = Isa::baseline) {
  std::vector<Entry> result;
  for (const Entry& entry : all_entries())
    if (entry.isa >= lowest && test::machine_has(entry.isa)) result.push_back(entry);
  return result;
}

std::string name(const Entry& e) {
  return std::string(dtype_name(e.q)) + " " + std::string(dtype_name(e.kv)) + " " + std::string(dtype_name(e.out)) +
         " " + std::string(isa_name(e.isa));
}

struct Sizes { std::int64_t b, t, s, h, hkv, d; };

struct Problem {
  Problem(const Entry& e, const Sizes& n, std::size_t misalign = 0)
      : sizes(n),
        q(e.q, {n.b, n.t, n.h, n.d}, {n.t * (n.h + 1) * n.d, (n.h + 1) * n.d, n.d, 1},
          misalign * test::element_bytes(e.q)),
        k(e.kv, {n.b, n.s, n.hkv, n.d}, {n.s * (2 * n.hkv * n.d + 2), 2 * n.hkv * n.d + 2, n.d, 1},
          misalign * test::element_bytes(e.kv)),
        v(e.kv, {n.b, n.s, n.hkv, n.d}, {}, misalign * test::element_bytes(e.kv)),
        y(e.out, {n.b, n.t, n.h, n.d}, {n.t * (n.h * n.d + 3), n.h * n.d + 3, n.d, 1},
          misalign * test::element_bytes(e.out)) {
    q.randomise(1, 2.0);
    k.randomise(2, 2.0);
    v.randomise(3);
  }
  Attention args(bool causal = true) {
    return {.q = q.view(), .k = k.view(), .v = v.view(), .y = y.view(),
            .scale = 1.0f / std::sqrt(static_cast<float>(sizes.d)), .causal = causal};
  }
  Sizes sizes;
  Operand q, k, v, y;
};

/// Output row (b, t, h) in f64, and a bound of the kernel's error per element.
struct Expected {
  std::vector<double> y, bound;
};

Expected expected_row(const Problem& p, const Attention& a, std::int64_t b, std::int64_t t, std::int64_t h) {
  const auto [nb, nt, ns, nh, nhkv, nd] = p.sizes;
  const std::int64_t keys = a.causal ? ns - nt + t + 1 : ns, kv = h / (nh / nhkv);
  const double u = 0x1p-24;
  std::vector<double> s(keys), slack(keys);
  double largest = -HUGE_VAL, l = 0;
  for (std::int64_t j = 0; j < keys; ++j) {
    double dot = 0, magnitude = 0;
    for (std::int64_t d = 0; d < nd; ++d) {
      const double product = p.q.at(((b * nt + t) * nh + h) * nd + d) * p.k.at(((b * ns + j) * nhkv + kv) * nd + d);
      dot += product;
      magnitude += std::fabs(product);
    }
    s[j] = a.scale * dot;
    slack[j] = a.scale * magnitude * u * (static_cast<double>(nd) + 2);  // D fused additions, then the scale
    largest = std::max(largest, s[j]);
  }
  Expected e{std::vector<double>(nd), std::vector<double>(nd)};
  std::vector<double> weighted(nd);
  double error = 0;  // of the weights, relative to l
  for (std::int64_t j = 0; j < keys; ++j) {
    const double weight = std::exp(s[j] - largest);
    l += weight;
    // The score's error moves the exponent; then one rounding in s - m (|s - m| u), exp's own (< 2 u), and one rounding
    // per rescaling: at most once per block and once per chunk, each with exp's error and that of its argument.
    const double steps = static_cast<double>(keys / 64 + 1) * 2 + static_cast<double>(keys / 512 + 1) * 2;
    const double relative = std::expm1(slack[j]) + u * (std::fabs(s[j] - largest) * (2 + steps) + 4 * (steps + 1));
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
    e.bound[d] += test::unit_roundoff(p.y.dtype()) * std::fabs(e.y[d]) * 1.01 + 0x1p-126;
    if (p.y.dtype() == DType::f16) e.bound[d] += 0x1p-24;
  }
  return e;
}

void expect_near_exact(Problem& p, const Attention& args, const std::string& what) {
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
  const Sizes sizes[] = {{1, 1, 1, 1, 1, 2}, {2, 3, 5, 4, 2, 6}, {1, 2, 67, 3, 1, 64}, {1, 4, 130, 2, 2, 34}};
  for (const Entry& entry : runnable(test::machine_has(Isa::avx2) ? Isa::avx2 : Isa::baseline)) {
    for (const Sizes& n : sizes) {
      for (const bool causal : {true, false}) {
        Problem p(entry, n);
        test::TestStream stream(2);
        entry.decode(p.args(causal), stream);
        expect_near_exact(p, p.args(causal), "decode " + name(entry));
        EXPECT_TRUE(p.y.guards_intact());
        Problem f(entry, n);
        entry.flash(f.args(causal), stream);
        expect_near_exact(f, f.args(causal), "flash " + name(entry));
        EXPECT_TRUE(f.y.guards_intact());
      }
    }
  }
}

TEST(CpuAttention, LongContextIsWithinTheDerivedBound) {
  for (const Entry& entry : runnable(test::machine_has(Isa::avx2) ? Isa::avx2 : Isa::baseline)) {
    if (entry.q != entry.kv) continue;
    Problem p(entry, {1, 2, 1100, 2, 1, 16});
    test::TestStream stream(2);
    entry.decode(p.args(), stream);
    expect_near_exact(p, p.args(), name(entry));
  }
}

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

/// Row (t, h) of batch 0, one rounding short of y.
std::vector<float> scalar_row(const Problem& p, const Attention& a, std::int64_t t, std::int64_t h) {
  const auto [nb, nt, ns, nh, nhkv, nd] = p.sizes;
  const std::int64_t visible = ns - nt + t + 1, kv = h / (nh / nhkv);
  const auto widened = [nd = nd](const Operand& x, std::int64_t at) {
    std::vector<float> row;
    for (std::int64_t d = 0; d < nd; ++d) row.push_back(static_cast<float>(x.at(at + d)));
    return row;
  };
  const std::vector<float> q = widened(p.q, (t * nh + h) * nd);
  ScalarSums total;
  for (std::int64_t chunk = 0; chunk < visible; chunk += kAttentionChunk) {
    ScalarSums sums;
    sums.acc.assign(static_cast<std::size_t>(nd), 0.0f);
    const std::int64_t end = std::min(visible, chunk + kAttentionChunk);
    for (std::int64_t block = chunk; block < end; block += kAttentionBlock) {
      std::vector<float> scores;
      std::vector<std::vector<float>> rows;
      std::vector<const float*> values;
      for (std::int64_t j = block; j < std::min(end, block + kAttentionBlock); ++j) {
        const std::vector<float> k = widened(p.k, (j * nhkv + kv) * nd);
        float dot = 0;
        for (std::int64_t d = 0; d < nd; d += 2) dot = std::fma(q[d], k[d], std::fma(q[d + 1], k[d + 1], dot));
        scores.push_back(a.scale * dot);
        rows.push_back(widened(p.v, (j * nhkv + kv) * nd));
      }
      for (const auto& row : rows) values.push_back(row.data());
      sums.add_block(scores, values);
    }
    sums.close();
    if (chunk == 0) total = sums;
    else total.merge(sums);
  }
  for (float& value : total.acc) value /= total.weight[0];
  return total.acc;
}

TEST(CpuAttention, EqualsTheScalarOrderOfSums) {
  for (const Entry& entry : runnable()) {
    for (const Sizes& n : {Sizes{1, 2, 1090, 2, 1, 12}, Sizes{1, 4, 7, 2, 1, 34}, Sizes{1, 1, 576, 3, 1, 64}}) {
      if (entry.isa == Isa::baseline && n.s > 1000) continue;  // its emulated fma is slow
      Problem p(entry, n);
      test::TestStream stream(1);
      entry.flash(p.args(), stream);
      for (std::int64_t row = 0; row < n.t * n.h; ++row) {
        const std::vector<float> expected = scalar_row(p, p.args(), row / n.h, row % n.h);
        for (std::int64_t d = 0; d < n.d; ++d) {
          std::byte rounded[8];
          test::write_element(entry.out, rounded, static_cast<double>(expected[static_cast<std::size_t>(d)]));
          ASSERT_EQ(p.y.at(row * n.d + d), test::read_element(entry.out, rounded)) << name(entry) << " row " << row;
        }
      }
    }
  }
}

/// Entries by precision: every ISA must give the bits of the first.
TEST(CpuAttention, EveryIsaKernelWorkerCountAndAlignmentGivesTheSameBits) {
  const Sizes sizes[] = {{1, 1, 70, 3, 1, 64}, {2, 3, 33, 4, 2, 20}, {1, 3, 600, 2, 1, 8}, {1, 70, 90, 3, 3, 16}};
  for (const Sizes& n : sizes) {
    std::vector<std::pair<std::string, std::string>> seen;  // precision, bits
    for (const Entry& entry : runnable()) {
      if (entry.isa == Isa::baseline && n.t * n.s > 3000) continue;  // its emulated fma is slow
      const std::string precision = name({entry.q, entry.kv, entry.out, Isa::any, nullptr, nullptr});
      for (const int workers : {1, 2, 3}) {
        for (const Kernel kernel : {entry.decode, entry.flash}) {
          Problem p(entry, n, static_cast<std::size_t>(workers));
          test::TestStream stream(workers);
          kernel(p.args(), stream);
          ASSERT_TRUE(p.y.guards_intact());
          const auto same = std::find_if(seen.begin(), seen.end(), [&](const auto& s) { return s.first == precision; });
          if (same == seen.end()) {
            seen.emplace_back(precision, p.y.bits());
          } else {
            ASSERT_TRUE(same->second == p.y.bits()) << name(entry) << " workers " << workers
                                                    << (kernel == entry.flash ? " flash" : " decode") << " t " << n.t;
          }
        }
      }
    }
  }
}

TEST(CpuAttention, PrefillEqualsTokenByTokenDecode) {
  for (const Entry& entry : runnable(test::machine_has(Isa::avx2) ? Isa::avx2 : Isa::baseline)) {
    const Sizes n{1, 75, 75, 3, 1, 12};
    Problem p(entry, n);
    test::TestStream stream(2);
    entry.flash(p.args(), stream);
    for (std::int64_t t = 0; t < n.t; ++t) {
      Operand step(entry.out, {1, 1, n.h, n.d});
      Attention a = p.args();
      a.q.data = p.q.element(t * n.h * n.d);
      a.q.shape[1] = 1;
      a.k.shape[1] = a.v.shape[1] = t + 1;
      static_cast<ConstView&>(a.y) = step.view();
      entry.decode(a, stream);
      for (std::int64_t i = 0; i < n.h * n.d; ++i)
        ASSERT_EQ(0, std::memcmp(step.element(i), p.y.element(t * n.h * n.d + i), test::element_bytes(entry.out)))
            << name(entry) << " token " << t;
    }
  }
}

/// Tokens whose outputs are NaN; every other token must keep the bits it has in `clean`.
std::vector<bool> nan_tokens(const Problem& clean, const Problem& poisoned) {
  const std::int64_t per_token = clean.sizes.h * clean.sizes.d;
  std::vector<bool> result;
  for (std::int64_t t = 0; t < clean.sizes.t; ++t) {
    result.push_back(std::isnan(poisoned.y.at(t * per_token)));
    for (std::int64_t i = t * per_token; i < (t + 1) * per_token; ++i) {
      EXPECT_TRUE(result.back() ? std::isnan(poisoned.y.at(i)) : poisoned.y.at(i) == clean.y.at(i)) << "token " << t;
    }
  }
  return result;
}

TEST(CpuAttention, MaskedKeysDoNotMatterAndNanReachesTheRowsThatSeeIt) {
  for (const Entry& entry : runnable()) {
    const Sizes n{1, 8, 21, 2, 1, 10};  // the last tokens share a block of rows
    Problem clean(entry, n), key(entry, n), value(entry, n), query(entry, n);
    for (std::int64_t d = 0; d < n.d; ++d) {
      key.k.set((n.s - 2) * n.d + d, NAN);    // seen by tokens 6 and 7
      value.v.set((n.s - 1) * n.d + d, NAN);  // seen by token 7
    }
    query.q.set(3 * n.h * n.d, NAN);  // token 3, head 0
    test::TestStream stream(1);
    for (Problem* p : {&clean, &key, &value, &query}) entry.flash(p->args(), stream);
    EXPECT_EQ(nan_tokens(clean, key), std::vector<bool>({0, 0, 0, 0, 0, 0, 1, 1})) << name(entry);
    EXPECT_EQ(nan_tokens(clean, value), std::vector<bool>({0, 0, 0, 0, 0, 0, 0, 1})) << name(entry);
    for (std::int64_t i = 0; i < n.t * n.h * n.d; ++i)
      ASSERT_EQ(std::isnan(query.y.at(i)), i / n.d == 3 * n.h) << name(entry);
  }
}

TEST(CpuAttention, SubnormalOperandsAreZero) {
  for (const Entry& entry : runnable()) {
    if (entry.kv == DType::f16) continue;  // its subnormals are normal f32 values
    Problem p(entry, {1, 2, 5, 1, 1, 4});
    for (std::int64_t i = 0; i < p.v.elements(); ++i) p.v.set(i, 0x1p-130);
    test::TestStream stream(1);
    entry.flash(p.args(), stream);
    for (std::int64_t i = 0; i < p.y.elements(); ++i) ASSERT_EQ(p.y.at(i), 0) << name(entry);
  }
}

TEST(CpuAttention, KeepsTheFloatModeOfTheThread) {
  for (const Entry& entry : runnable()) {
    const unsigned before = __builtin_ia32_stmxcsr();
    Problem p(entry, {1, 2, 3, 1, 1, 4});
    test::TestStream stream(1);
    entry.flash(p.args(), stream);
    entry.decode(p.args(), stream);
    EXPECT_EQ(before & ~0x3fu, __builtin_ia32_stmxcsr() & ~0x3fu);
  }
}

TEST(CpuAttention, RefusesWhatItCannotDo) {
  Problem p(all_entries()[0], {1, 5, 5, 1, 1, 4});
  Attention args = p.args();
  EXPECT_EQ(cpu::attention_flash_refuses(args), "");
  EXPECT_NE(cpu::attention_decode_refuses(args), "");
  args.q.shape[3] = 5;
  EXPECT_NE(cpu::attention_flash_refuses(args), "");
  args.q.shape[3] = 514;
  EXPECT_NE(cpu::attention_flash_refuses(args), "");
  args = p.args();
  args.k.stride[3] = 2;
  EXPECT_NE(cpu::attention_flash_refuses(args), "");
}

}  // namespace
}  // namespace candor
