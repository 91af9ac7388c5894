// Attention kernels: a plain softmax in f64 with a derived bound, and the same bits whatever the ISA, the number of
// workers, the kernel or the number of tokens per call.
#include "backend/cpu/attention/attention.h"

#include <gtest/gtest.h>

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

TEST(CpuAttention, MaskedKeysDoNotMatterAndNanReachesTheRowsThatSeeIt) {
  for (const Entry& entry : runnable()) {
    const Sizes n{1, 7, 21, 2, 1, 10};
    Problem clean(entry, n), poisoned(entry, n);
    for (std::int64_t d = 0; d < n.d; ++d) {
      poisoned.k.set((n.s - 2) * n.d + d, NAN);  // seen by the last two tokens
      poisoned.v.set((n.s - 1) * n.d + d, NAN);  // seen by the last one
    }
    test::TestStream stream(1);
    entry.flash(clean.args(), stream);
    entry.flash(poisoned.args(), stream);
    for (std::int64_t i = 0; i < n.t * n.h * n.d; ++i) {
      const std::int64_t t = i / (n.h * n.d);
      if (t < n.t - 2) {
        ASSERT_EQ(clean.y.at(i), poisoned.y.at(i)) << name(entry) << " token " << t;
      } else {
        ASSERT_TRUE(std::isnan(poisoned.y.at(i))) << name(entry) << " token " << t;
      }
    }
    Problem query(entry, n);
    query.q.set(3 * n.h * n.d, NAN);  // token 3, head 0
    entry.flash(query.args(), stream);
    for (std::int64_t i = 0; i < n.t * n.h * n.d; ++i)
      ASSERT_EQ(std::isnan(query.y.at(i)), i / n.d == 3 * n.h) << name(entry);
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
