// Attention kernels: the same bits whatever the ISA, the number of workers, the kernel or the number of tokens per
// call; masks, NaN, subnormals, the float mode, and refusals.
#include "backend/cpu/attention/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tests/backend_cpu/attention_problem.h"
#include "tests/backend_cpu/test_stream.h"

namespace candor::test {
namespace {

/// Entries by precision: every ISA must give the bits of the first.
TEST(CpuAttention, EveryIsaKernelWorkerCountAndAlignmentGivesTheSameBits) {
  const AttentionSizes sizes[] = {
      {1, 1, 70, 3, 1, 64}, {2, 3, 33, 4, 2, 20}, {1, 3, 600, 2, 1, 8}, {1, 70, 90, 3, 3, 16}};
  for (const AttentionSizes& n : sizes) {
    std::vector<std::pair<std::string, std::string>> seen;  // precision, bits
    for (const AttentionKernels& entry : attention_kernels()) {
      if (entry.isa == Isa::baseline && n.t * n.s > 3000) continue;  // its emulated fma is slow
      const std::string precision = describe({entry.q, entry.kv, entry.out, Isa::any, nullptr, nullptr});
      for (const int workers : {1, 2, 3}) {
        for (const Launch<Attention> kernel : {entry.decode, entry.flash}) {
          AttentionProblem p(entry, n, static_cast<std::size_t>(workers));
          TestStream stream(workers);
          kernel(p.args(), stream);
          ASSERT_TRUE(p.y.guards_intact());
          const auto same = std::find_if(seen.begin(), seen.end(), [&](const auto& s) { return s.first == precision; });
          if (same == seen.end()) {
            seen.emplace_back(precision, p.y.bits());
          } else {
            ASSERT_TRUE(same->second == p.y.bits()) << describe(entry) << " workers " << workers
                                                    << (kernel == entry.flash ? " flash" : " decode") << " t " << n.t;
          }
        }
      }
    }
  }
}

TEST(CpuAttention, PrefillEqualsTokenByTokenDecode) {
  for (const AttentionKernels& entry : attention_kernels(machine_has(Isa::avx2) ? Isa::avx2 : Isa::baseline)) {
    const AttentionSizes n{1, 75, 75, 3, 1, 12};
    AttentionProblem p(entry, n);
    TestStream stream(2);
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
        ASSERT_EQ(0, std::memcmp(step.element(i), p.y.element(t * n.h * n.d + i), element_bytes(entry.out)))
            << describe(entry) << " token " << t;
    }
  }
}

/// Tokens whose outputs are NaN; every other token must keep the bits it has in `clean`.
std::vector<bool> nan_tokens(const AttentionProblem& clean, const AttentionProblem& poisoned) {
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
  for (const AttentionKernels& entry : attention_kernels()) {
    const AttentionSizes n{1, 8, 21, 2, 1, 10};  // the last tokens share a block of rows
    AttentionProblem clean(entry, n), key(entry, n), value(entry, n), query(entry, n);
    for (std::int64_t d = 0; d < n.d; ++d) {
      key.k.set((n.s - 2) * n.d + d, NAN);    // seen by tokens 6 and 7
      value.v.set((n.s - 1) * n.d + d, NAN);  // seen by token 7
    }
    query.q.set(3 * n.h * n.d, NAN);  // token 3, head 0
    TestStream stream(1);
    for (AttentionProblem* p : {&clean, &key, &value, &query}) entry.flash(p->args(), stream);
    EXPECT_EQ(nan_tokens(clean, key), std::vector<bool>({0, 0, 0, 0, 0, 0, 1, 1})) << describe(entry);
    EXPECT_EQ(nan_tokens(clean, value), std::vector<bool>({0, 0, 0, 0, 0, 0, 0, 1})) << describe(entry);
    for (std::int64_t i = 0; i < n.t * n.h * n.d; ++i)
      ASSERT_EQ(std::isnan(query.y.at(i)), i / n.d == 3 * n.h) << describe(entry);
  }
}

TEST(CpuAttention, SubnormalOperandsAreZero) {
  for (const AttentionKernels& entry : attention_kernels()) {
    if (entry.kv == DType::f16) continue;  // its subnormals are normal f32 values
    AttentionProblem p(entry, {1, 2, 5, 1, 1, 4});
    for (std::int64_t i = 0; i < p.v.elements(); ++i) p.v.set(i, 0x1p-130);
    TestStream stream(1);
    entry.flash(p.args(), stream);
    for (std::int64_t i = 0; i < p.y.elements(); ++i) ASSERT_EQ(p.y.at(i), 0) << describe(entry);
  }
}

TEST(CpuAttention, KeepsTheFloatModeOfTheThread) {
  for (const AttentionKernels& entry : attention_kernels()) {
    const unsigned before = __builtin_ia32_stmxcsr();
    AttentionProblem p(entry, {1, 2, 3, 1, 1, 4});
    TestStream stream(1);
    entry.flash(p.args(), stream);
    entry.decode(p.args(), stream);
    EXPECT_EQ(before & ~0x3fu, __builtin_ia32_stmxcsr() & ~0x3fu);
  }
}

TEST(CpuAttention, RefusesWhatItCannotDo) {
  AttentionProblem p(all_attention_kernels()[0], {1, 5, 5, 1, 1, 4});
  Attention args = p.args();
  EXPECT_EQ(cpu::attention_flash_refuses(args), "");
  EXPECT_NE(cpu::attention_decode_refuses(args), "");
  args.q.shape[3] = 5;
  EXPECT_NE(cpu::attention_flash_refuses(args), "");
  args.q.shape[3] = 514;
  EXPECT_EQ(cpu::attention_flash_refuses(args), "") << "any even head dim";
  args = p.args();
  args.k.stride[3] = 2;
  EXPECT_NE(cpu::attention_flash_refuses(args), "");
}

}  // namespace
}  // namespace candor::test
