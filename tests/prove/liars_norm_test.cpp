// Kernels of rms_norm, layer_norm and softmax that lie: each is a mismatch, and the finding names the lie.
#include "tests/prove/liars_norm.h"
#include "tests/prove/prover.h"

namespace candor::test {
namespace {

using enum DType;
using enum NormLie;
using prove::Storage3;

constexpr const char* kUnexplained = "no arithmetic considered explains it";

/// A lie, how its finding begins ("": proven, as it is none), and whether it is one where this is stored.
struct Liar {
  NormLie lie;
  const char* finding;
  bool (*is_lie)(const Storage3& storage) = [](const Storage3&) { return true; };
};

template <class Op>
class NormProver {
 public:
  NormProver(Launch<Op> launch, const Storage3& storage) : launch_(launch), prover_(storage) {}
  RowProof proof_of(NormLie lie, InstructionClass claimed = InstructionClass::f32_fma) const {
    norm_lie = lie;
    const RowProof proof = prover_.proof_of(launch_, claimed);
    norm_lie = none;
    return proof;
  }
  void expect_findings(const std::vector<Liar>& liars) const {
    for (const Liar& liar : liars)
      if (liar.is_lie(prover_.storage()))
        expect_finding(proof_of(liar.lie), liar.finding, "lie " + std::to_string(static_cast<int>(liar.lie)));
  }

 private:
  Launch<Op> launch_;
  Prover<Op> prover_;
};

bool f16_only(const Storage3& s) { return s.a == f16 && s.b == f16 && s.out == f16; }
bool has_range_of_f32(DType dtype) { return dtype != f16; }

/// Of every op here.
const std::vector<Liar> kLiars = {
    {none, ""},
    {by_reciprocal, ""},
    {sums_one_by_one, ""},
    {rounds_squares, ""},
    {x_through_bf16, "first operand: rounded to bf16", [](const Storage3& s) { return s.a != bf16; }},
    {x_through_f16, "first operand: rounded to f16", [](const Storage3& s) { return s.a != f16; }},
    {inner_through_bf16, "between the steps: rounded to bf16"},
    {inner_through_f16, "between the steps: rounded to f16"},
    {sums_in_bf16, "accumulation: bf16"},
    {sums_in_f16, "accumulation: f16"},
    {lanes_in_bf16, "accumulation: bf16"},
    {lanes_in_f16, "accumulation: f16"},
    {sums_in_f64, "accumulation: f64, not f32"},
    {through_bf16, "on the way out: through bf16", [](const Storage3& s) { return s.out != bf16; }},
    {through_f16, "on the way out: through f16", [](const Storage3& s) { return s.out != f16; }},
    {loses_nan, "NaN: lost"},
    {tail_through_bf16, "results differ: "},
    {later_rows_through_bf16, "results differ: "},
};

/// Of the norms, whose weights may be narrower than x.
const std::vector<Liar> kNormLiars = {
    {weight_through_bf16, "second operand: rounded to bf16", [](const Storage3& s) { return s.b != bf16; }},
    {weight_through_f16, "second operand: rounded to f16", [](const Storage3& s) { return s.b != f16; }},
    {flushes, "subnormals: flushed",
     [](const Storage3& s) {
       return f16_only(s) || (has_range_of_f32(s.out) && (has_range_of_f32(s.a) || has_range_of_f32(s.b)));
     }},
    {skips_nan, "no arithmetic considered explains it (NaN in x, elsewhere: nan was predicted"},
    {keeps_unrounded, "what is stored half-way: used before it is rounded",
     [](const Storage3& s) { return s.a != f32; }},
    {truncates_the_sum, "no arithmetic considered explains it (stored sum"},
    {residual_through_bf16, "results differ: ", [](const Storage3& s) { return s.a != bf16; }},
};

/// Where f32 holds every product, only a layer_norm's bias makes a result that is rounded.
bool rms_norm_rounds(const Storage3& s) { return s.out != f32 || s.a != f16 || s.b != f16; }
const std::vector<Liar> kRmsNormLiars = {
    {truncates, "result: truncated", rms_norm_rounds},
    {ties_away, "result: nearest, ties away from zero", rms_norm_rounds},
    {squares_of_bf16,
     "no arithmetic considered explains it (1 among 1 + 2^-9: ", [](const Storage3& s) { return s.a == f32; }},
    {squares_of_bf16, kUnexplained, [](const Storage3& s) { return s.a == f16; }},
};

const std::vector<Liar> kLayerNormLiars = {
    {truncates, "result: truncated"},
    {ties_away, "result: nearest, ties away from zero"},
    {one_pass, kUnexplained, [](const Storage3& s) { return s.a == f32; }},  // 16 bits need no second pass
    {squares_of_bf16, kUnexplained},  // of x less its mean, which may have more bits than x
    {mean_in_bf16, kUnexplained},
    {mean_in_f16, kUnexplained, [](const Storage3& s) { return s.a != bf16; }},  // which holds no such mean
    {bias_through_bf16, kUnexplained, [](const Storage3& s) { return s.b != bf16; }},
};

const std::vector<Liar> kSoftmaxLiars = {
    {errs_by_two_ulps, ""},           {ties_away, ""},  // no share is a tie: see experiment_softmax.cpp
    {truncates, "result: truncated"}, {flushes, "subnormals: flushed"},
    {skips_nan, "NaN: lost"},         {forgets_maximum, kUnexplained},
};

constexpr Storage3 kNormStorage[] = {{f32, f32, f32},   {f32, bf16, f32}, {f32, f16, f32},   {bf16, bf16, bf16},
                                     {bf16, bf16, f32}, {bf16, f32, f32}, {bf16, f32, bf16}, {bf16, f16, bf16},
                                     {bf16, f16, f32},  {f16, f16, f16},  {f16, f16, f32},   {f16, f32, f16},
                                     {f16, f32, f32}};

TEST(LyingRmsNorm, IsNamed) {
  for (const Storage3& storage : kNormStorage) {
    const NormProver<RmsNorm> prover(lying_rms_norm, storage);
    for (const auto& liars : {kLiars, kNormLiars, kRmsNormLiars}) prover.expect_findings(liars);
  }
}

TEST(LyingLayerNorm, IsNamed) {
  for (const Storage3& storage : kNormStorage) {
    const NormProver<LayerNorm> prover(lying_layer_norm, storage);
    for (const auto& liars : {kLiars, kNormLiars, kLayerNormLiars}) prover.expect_findings(liars);
  }
}

TEST(LyingSoftmax, IsNamed) {
  for (const Storage3& storage :
       {Storage3{f32, f32, f32}, {f16, f16, f16}, {f16, f16, f32}, {bf16, bf16, bf16}, {bf16, bf16, f32}}) {
    const NormProver<Softmax> prover(lying_softmax, storage);
    for (const auto& liars : {kLiars, kSoftmaxLiars}) prover.expect_findings(liars);
  }
}

// What flushes is a mismatch for a row that keeps subnormals, and proven for one that says so; and f32 is not f64.
template <class Op>
void expect_other_claims(Launch<Op> launch) {
  for (const Storage3& storage : {Storage3{f32, f32, f32}, {bf16, bf16, bf16}}) {
    const NormProver<Op> prover(launch, storage);
    const RowProof flushing = prover.proof_of(flushes, InstructionClass::f32_fma_ftz);
    EXPECT_EQ(flushing.verdict, ProofVerdict::proven) << Op::name << ": " << flushing.finding;
    const RowProof keeping = prover.proof_of(none, InstructionClass::f32_fma_ftz);
    EXPECT_EQ(keeping.finding.find("subnormals: kept, not flushed"), 0u) << Op::name << ": " << keeping.finding;
    const RowProof narrow = prover.proof_of(none, InstructionClass::f64_loop);
    EXPECT_EQ(narrow.finding.find("accumulation: f32, not f64"), 0u) << Op::name << ": " << narrow.finding;
  }
}

TEST(LyingNorm, IsJudgedByItsClaim) {
  expect_other_claims<RmsNorm>(lying_rms_norm);
  expect_other_claims<LayerNorm>(lying_layer_norm);
  expect_other_claims<Softmax>(lying_softmax);
}

}  // namespace
}  // namespace candor::test
