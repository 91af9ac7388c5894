// Kernels of attention that lie: each is a mismatch, and the finding names the lie.
#include <map>
#include <tuple>

#include "tests/prove/liars_attention.h"
#include "tests/prove/prover.h"

namespace candor::test {
namespace {

using enum DType;

struct Storages {
  DType a, b, out;
};
constexpr Storages kAllF32 = {f32, f32, f32}, kAllBf16 = {bf16, bf16, bf16}, kAllF16 = {f16, f16, f16};

RowProof proof_of(const Storages& s, const AttentionLie& lie, InstructionClass claimed) {
  static std::map<std::tuple<DType, DType, DType>, std::unique_ptr<Prover<Attention>>> provers;
  auto& prover = provers[{s.a, s.b, s.out}];
  if (prover == nullptr) prover = std::make_unique<Prover<Attention>>(prove::Storage3{s.a, s.b, s.out});
  attention_lie = lie;
  const RowProof proof = prover->proof_of(lying_attention, claimed);
  attention_lie = {};
  return proof;
}

/// The finding begins with `finding`; "": proven.
void expect_finding(const Storages& storage, const AttentionLie& lie, const std::string& finding,
                    InstructionClass claimed = InstructionClass::f32_fma_ftz) {
  test::expect_finding(proof_of(storage, lie, claimed), finding);
}

TEST(LyingAttention, HonestOneIsProven) {
  for (const DType a : {f32, bf16, f16})
    for (const DType b : {f32, bf16, f16})
      for (const DType out : {a, f32}) expect_finding({a, b, out}, {}, "");
}

TEST(LyingAttention, NamesOperandsThatAreRounded) {
  expect_finding(kAllF32, {.query = bf16}, "first operand: rounded to bf16");
  expect_finding(kAllF32, {.query = tf32}, "first operand: rounded to tf32");
  expect_finding(kAllBf16, {.query = f16}, "first operand: rounded to f16");
  expect_finding(kAllF32, {.keys = f16}, "second operand: rounded to f16");
  expect_finding(kAllBf16, {.keys = f16}, "second operand: rounded to f16");
  expect_finding(kAllF16, {.keys = bf16}, "second operand: rounded to bf16");
  expect_finding(kAllF32, {.values = f16}, "third operand: rounded to f16");
  expect_finding(kAllBf16, {.values = f16}, "third operand: rounded to f16");
  expect_finding({f16, bf16, f16}, {.values = f16}, "third operand: rounded to f16");
  expect_finding(kAllF16, {.values = bf16}, "third operand: rounded to bf16");
  expect_finding(kAllF32, {.keys = bf16, .values = bf16},
                 "second operand: rounded to bf16, not as it is; third operand: rounded to bf16");
}

TEST(LyingAttention, NamesWhatHappensToScores) {
  for (const Storages& storage : {kAllF32, kAllBf16, kAllF16}) {
    expect_finding(storage, {.score_sums = bf16}, "accumulation of scores: bf16");
    expect_finding(storage, {.score_sums = f16}, "accumulation of scores: f16");
    expect_finding(storage, {.score_sums = f64}, "accumulation of scores: f64");
    expect_finding(storage, {.score_products = bf16}, "products of scores: rounded to bf16");
    expect_finding(storage, {.scores = bf16}, "scores: rounded to bf16");
    expect_finding(storage, {.scores = f16}, "scores: rounded to f16");
  }
  expect_finding(kAllF32, {.score_products = f32}, "products of scores: rounded to f32");
}

TEST(LyingAttention, NamesWhatHappensToWeights) {
  for (const Storages& storage : {kAllF32, kAllBf16, kAllF16}) {
    expect_finding(storage, {.weights = bf16}, "between the steps: rounded to bf16");
    expect_finding(storage, {.weights = bf16, .weights_to_sum = bf16}, "between the steps: rounded to bf16");
    expect_finding(storage, {.weights = f16}, "between the steps: rounded to f16");
    expect_finding(storage, {.weight_sums = bf16}, "sum of weights: bf16");
    expect_finding(storage, {.weight_sums = f16}, "sum of weights: f16");
  }
}

TEST(LyingAttention, MayErrInExpOnlyALittle) {
  for (const Storages& storage : {kAllF32, kAllBf16, kAllF16}) {
    expect_finding(storage, {.exp_error = 0x1p-22}, "");
    expect_finding(storage, {.exp_error = 0x1p-14}, "no arithmetic considered explains it");
  }
}

TEST(LyingAttention, NamesPlacesThatDiffer) {
  for (const Storages& storage : {kAllF32, kAllBf16, kAllF16}) {
    expect_finding(storage, {.weights = bf16, .only_prefill = true}, "results differ: T=1, heads 1/1, D=2");
    expect_finding(storage, {.weights = bf16, .only_groups = true}, "results differ: T=1, heads 1/1, D=2");
    expect_finding(storage, {.weights = bf16, .only_wide_heads = true}, "results differ: T=1, heads 1/1, D=2");
    expect_finding(storage, {.weights = bf16, .only_later_chunks = true}, "results differ: T=1, heads 1/1, D=2");
    for (const std::int64_t span : {kAttentionBlock, kAttentionChunk})
      expect_finding(storage, {.rescales = bf16, .span = span}, "results differ: T=1, heads 1/1, D=2");
  }
}

TEST(LyingAttention, SeesWrongAddressesAndScales) {
  const std::string unexplained = "no arithmetic considered explains it (";
  for (const Storages& storage : {kAllF32, kAllBf16, kAllF16}) {
    const std::string values = unexplained + "values of every head and column, B=";
    expect_finding(storage, {.heads_by_remainder = true}, values + "1, T=1, heads 4/2, D=80, S=1: 320 was predicted");
    expect_finding(storage, {.swaps_columns = true}, values + "1, T=1, heads 4/2, D=80, S=1: 320 was predicted, 312");
    expect_finding(storage, {.first_batch_only = true}, values + "2");
    expect_finding(storage, {.scale_in_bf16 = true}, unexplained + "scale 1 + 2^-9");
  }
}

TEST(LyingAttention, NamesSumsOfValues) {
  for (const Storages& storage : {kAllF32, kAllBf16, kAllF16}) {
    expect_finding(storage, {.sums = bf16}, "accumulation: bf16");
    expect_finding(storage, {.sums = f16}, "accumulation: f16");
    expect_finding(storage, {.products = bf16}, "products: rounded to bf16");
    expect_finding(storage, {.products = f16}, "products: rounded to f16");
    expect_finding(storage, {.weight_sums = bf16, .sums = bf16}, "accumulation: bf16, not f32; sum of weights: bf16");
    expect_finding(storage, {.rising_keys = true, .rising_columns = true}, "order of the sum: k rising");
    expect_finding(storage, {.score_sums = f64, .weight_sums = f64, .sums = f64},
                   "accumulation of scores: f64, not f32; accumulation: f64, not f32");
  }
}

TEST(LyingAttention, NamesResults) {
  for (const Storages& storage : {kAllBf16, kAllF16}) {
    expect_finding(storage, {.rounding = prove::Rounding::toward_zero}, "result: truncated");
    expect_finding(storage, {.rounding = prove::Rounding::half_away}, "result: nearest, ties away from zero");
  }
  expect_finding(kAllF32, {.way_out = bf16}, "on the way out: through bf16");
  expect_finding(kAllF32, {.way_out = f16}, "on the way out: through f16");
  expect_finding(kAllBf16, {.way_out = f16}, "on the way out: through f16");
  expect_finding(kAllF16, {.way_out = bf16}, "on the way out: through bf16");
}

TEST(LyingAttention, NamesSubnormalsAndNan) {
  for (const Storages& storage : {kAllF32, kAllBf16, Storages{f16, f16, f32}, Storages{f16, bf16, f16}}) {
    expect_finding(storage, {.keeps_subnormals = true}, "subnormals: kept, not flushed");
    expect_finding(storage, {}, "subnormals: flushed, not kept", InstructionClass::f32_fma);
  }
  for (const Storages& storage : {kAllF32, kAllBf16, kAllF16})
    expect_finding(storage, {.drops_nan_values = true}, "NaN: lost");
}

}  // namespace
}  // namespace candor::test
