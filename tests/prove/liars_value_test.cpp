// Kernels of unary, binary and rope that lie: each is a mismatch, and the finding names the lie.
#include <tuple>

#include "prove/value/unary_function.h"
#include "tests/prove/liars_value.h"
#include "tests/prove/prover.h"

namespace candor::test {
namespace {

using enum DType;
using enum ValueLie;

struct Liar {
  ValueLie lie;
  DType a, b, out;
  const char* finding;  // how it begins; "": proven
};

template <class Op>
void expect_findings(Launch<Op> launch, const std::vector<Liar>& liars) {
  for (const Liar& liar : liars) {
    value_lie = liar.lie;
    const RowProof proof = Prover<Op>({liar.a, liar.b, liar.out}).proof_of(launch, InstructionClass::f32_fma);
    value_lie = none;
    expect_finding(proof, liar.finding, "lie " + std::to_string(static_cast<int>(liar.lie)));
  }
}

TEST(LyingUnary, IsNamed) {
  expect_findings<Unary>(lying_unary,
                         {
                             {none, f32, f32, f32, ""},
                             {none, f16, f16, f16, ""},
                             {none, bf16, bf16, bf16, ""},
                             {x_through_bf16, f32, f32, f32, "first operand: rounded to bf16"},
                             {x_through_bf16, f16, f16, f16, "first operand: rounded to bf16"},
                             {through_f16, f32, f32, f32, "on the way out: through f16"},
                             {through_f16, bf16, bf16, bf16, "on the way out: through f16"},
                             {through_bf16, f32, f32, f32, "on the way out: through bf16"},
                             {through_bf16, f16, f16, f16, "on the way out: through bf16"},
                             {ties_away, f16, f16, f16, ""},  // no function gives a tie: see experiment_unary.cpp
                             {truncates, f32, f32, f32, "result: truncated"},
                             {truncates, f16, f16, f16, "result: truncated"},
                             {truncates, bf16, bf16, bf16, "result: truncated"},
                             {flushes, f32, f32, f32, "subnormals: flushed"},
                             {flushes, f16, f16, f16, "subnormals: flushed"},
                             {flushes, bf16, bf16, bf16, "subnormals: flushed"},
                             {loses_nan, f32, f32, f32, "NaN: lost"},
                             {loses_nan, f16, f16, f16, "NaN: lost"},
                             {loses_nan, bf16, bf16, bf16, "NaN: lost"},
                             {tail_through_bf16, f32, f32, f32, "results differ: 37 elements gives"},
                             {tail_through_bf16, f16, f16, f16, "results differ: 37 elements gives"},
                         });
}

TEST(LyingBinary, IsNamed) {
  expect_findings<Binary>(lying_binary, {
                                            {none, f32, f32, f32, ""},
                                            {none, f16, f16, f16, ""},
                                            {none, bf16, bf16, bf16, ""},
                                            {none, bf16, f32, bf16, ""},
                                            {none, bf16, f32, f32, ""},
                                            {none, f16, f32, f16, ""},
                                            {x_through_bf16, f32, f32, f32, "first operand: rounded to bf16"},
                                            {z_through_bf16, f32, f32, f32, "second operand: rounded to bf16"},
                                            {z_through_bf16, bf16, f32, bf16, "second operand: rounded to bf16"},
                                            {z_through_bf16, f16, f32, f32, "second operand: rounded to bf16"},
                                            {through_f16, f32, f32, f32, "on the way out: through f16"},
                                            {through_f16, bf16, bf16, bf16, "on the way out: through f16"},
                                            {through_f16, bf16, f32, bf16, "on the way out: through f16"},
                                            {through_bf16, bf16, f32, f32, "on the way out: through bf16"},
                                            {through_bf16, f16, f16, f16, "on the way out: through bf16"},
                                            {formed_in_f64, bf16, f32, bf16, "accumulation: f64, not f32"},
                                            {formed_in_f64, f16, f32, f16, "accumulation: f64, not f32"},
                                            {truncates, f32, f32, f32, "result: truncated"},
                                            {truncates, bf16, bf16, bf16, "result: truncated"},
                                            {ties_away, f32, f32, f32, "result: nearest, ties away from zero"},
                                            {ties_away, f16, f16, f16, "result: nearest, ties away from zero"},
                                            {ties_away, bf16, f32, bf16, "result: nearest, ties away from zero"},
                                            {flushes, f32, f32, f32, "subnormals: flushed"},
                                            {flushes, f16, f16, f16, "subnormals: flushed"},
                                            {flushes, f16, f32, f16, "subnormals: flushed"},
                                            {flushes, bf16, bf16, bf16, "subnormals: flushed"},
                                            {loses_nan, f32, f32, f32, "NaN: lost"},
                                            {loses_nan, bf16, f32, bf16, "NaN: lost"},
                                            {tail_through_bf16, f32, f32, f32, "results differ: [3, 37] gives"},
                                            {repeated_through_bf16, f32, f32, f32, "results differ: [3, 37] gives"},
                                            {repeated_through_bf16, f16, f32, f16, "results differ: [3, 37] gives"},
                                        });
}

constexpr const char* kWrongAngles = "no arithmetic considered explains it (each pair and its angles: 0 was";

TEST(LyingRope, IsNamed) {
  expect_findings<Rope>(
      lying_rope, {
                      {none, f32, f32, f32, ""},
                      {none, f16, f16, f16, ""},
                      {none, bf16, bf16, bf16, ""},
                      {x_through_bf16, f32, f32, f32, "first operand: rounded to bf16"},
                      {z_through_bf16, f32, f32, f32, "second operand: rounded to bf16"},
                      {z_through_bf16, f16, f16, f16, "second operand: rounded to bf16"},
                      {z_through_bf16, bf16, bf16, bf16, "second operand: rounded to bf16"},
                      {products_through_bf16, f32, f32, f32, "between the steps: rounded to bf16"},
                      {products_through_bf16, bf16, bf16, bf16, "between the steps: rounded to bf16"},
                      {through_f16, f32, f32, f32, "on the way out: through f16"},
                      {through_f16, bf16, bf16, bf16, "on the way out: through f16"},
                      {truncates, f32, f32, f32, "result: truncated"},
                      {ties_away, f32, f32, f32, "result: nearest, ties away from zero"},
                      {ties_away, bf16, bf16, bf16, "result: nearest, ties away from zero"},
                      {flushes, f32, f32, f32, "subnormals: flushed"},
                      {flushes, f16, f16, f16, "subnormals: flushed"},
                      {loses_nan, f32, f32, f32, "NaN: lost"},
                      {loses_nan, bf16, bf16, bf16, "NaN: lost"},
                      {tail_through_bf16, f32, f32, f32, "results differ: half split gives"},
                      {pairs_in_reverse, f32, f32, f32, kWrongAngles},
                      {pairs_in_reverse, f16, f16, f16, kWrongAngles},
                      {pairs_in_reverse, bf16, bf16, bf16, kWrongAngles},
                      {interleaved_through_bf16, f32, f32, f32, "results differ: half split gives"},
                      {second_through_bf16, f32, f32, f32, "no arithmetic considered explains it (b cos + a sin for"},
                  });
}

/// One kind lies and the others do not.
template <class Op>
RowProof proof_of_one_lie(const Prover<Op>& prover, Launch<Op> launch, ValueLie lie, int kind) {
  value_lie = lie;
  lying_kind = kind;
  const RowProof proof = prover.proof_of(launch, InstructionClass::f32_fma);
  value_lie = none;
  lying_kind = -1;
  return proof;
}

constexpr ValueLie kLiesOfOneKind[] = {x_through_bf16, through_f16, through_bf16, truncates, flushes, loses_nan};

/// False where the storage holds no more than what the lie goes through.
bool is_lie(ValueLie lie, DType storage) {
  if (lie == x_through_bf16 || lie == through_bf16) return storage != bf16;
  return lie != through_f16 || storage != f16;
}

// A lie in one function among eleven is a mismatch, and the canary that finds it is one of that function. Cut-off f32
// results show in sqrt only: the others are as near as an honest kernel comes, or exact.
TEST(LyingUnary, IsSeenInEveryFunction) {
  for (const DType storage : {f32, f16, bf16}) {
    const Prover<Unary> prover({storage, storage, storage});
    for (const UnaryKind kind : prove::kUnaryKinds)
      for (const ValueLie lie : kLiesOfOneKind) {
        if (!is_lie(lie, storage)) continue;
        const RowProof proof = proof_of_one_lie<Unary>(prover, lying_unary, lie, static_cast<int>(kind));
        const bool rounds = !prove::moves_bits(kind) && (storage != f32 || kind == UnaryKind::sqrt);
        const bool shows = lie != truncates || rounds;
        const std::string name = prove::name_of(kind), what = name + " " + std::string(dtype_name(storage)) + " lie " +
                                                              std::to_string(static_cast<int>(lie));
        EXPECT_EQ(proof.verdict, shows ? ProofVerdict::mismatch : ProofVerdict::proven) << what << proof.finding;
        EXPECT_EQ(proof.finding.find(name) != std::string::npos, shows) << what << ": " << proof.finding;
      }
  }
}

// An error that an honest kernel may have is proven, a larger one is a mismatch.
TEST(LyingUnary, ErrorOfEveryFunction) {
  const Prover<Unary> prover({f32, f32, f32});
  for (const UnaryKind kind : prove::kUnaryKinds) {
    const int at = static_cast<int>(kind);
    const bool exact = prove::moves_bits(kind) || kind == UnaryKind::sqrt;
    const RowProof near = proof_of_one_lie<Unary>(prover, lying_unary, errs_by_one_ulp, at);
    EXPECT_EQ(near.verdict, ProofVerdict::proven) << prove::name_of(kind) << ": " << near.finding;
    const RowProof far = proof_of_one_lie<Unary>(prover, lying_unary, errs_by_64_ulps, at);
    EXPECT_EQ(far.verdict, exact ? ProofVerdict::proven : ProofVerdict::mismatch) << prove::name_of(kind);
  }
}

// What most arguments of 16-bit storage hide: many are asked.
TEST(LyingUnary, SmallErrorOfEveryFunction) {
  for (const DType storage : {f32, f16, bf16}) {
    const Prover<Unary> prover({storage, storage, storage});
    for (const UnaryKind kind : prove::kUnaryKinds) {
      if (prove::moves_bits(kind) || kind == UnaryKind::sqrt) continue;
      for (const ValueLie lie : {errs_by_one_in_10000, twelve_bits}) {
        const RowProof proof = proof_of_one_lie<Unary>(prover, lying_unary, lie, static_cast<int>(kind));
        const std::string name = prove::name_of(kind);
        EXPECT_EQ(proof.verdict, ProofVerdict::mismatch) << name << " " << dtype_name(storage);
        EXPECT_NE(proof.finding.find(name + " of "), std::string::npos) << name << ": " << proof.finding;
      }
    }
  }
}

TEST(LyingBinary, SmallErrorsAndWrongRows) {
  for (const DType storage : {f32, f16, bf16}) {
    const Prover<Binary> prover({storage, storage, storage});
    for (const ValueLie lie : {twelve_bits, rows_in_reverse}) {
      const RowProof proof = proof_of_one_lie<Binary>(prover, lying_binary, lie, static_cast<int>(BinaryKind::div));
      EXPECT_EQ(proof.verdict, ProofVerdict::mismatch) << dtype_name(storage);
      EXPECT_NE(proof.finding.find("div of "), std::string::npos) << proof.finding;
    }
  }
}

TEST(LyingBinary, IsSeenInEveryFunction) {
  const char* const names[] = {"add", "sub", "mul", "div", "max", "min"};
  for (const DType storage : {f32, f16, bf16}) {
    const Prover<Binary> prover({storage, storage, storage});
    for (int kind = 0; kind < 6; ++kind)
      for (const ValueLie lie : kLiesOfOneKind) {
        const bool moves = kind >= static_cast<int>(BinaryKind::max);
        if (!is_lie(lie, storage) || (moves && lie == truncates)) continue;
        const RowProof proof = proof_of_one_lie<Binary>(prover, lying_binary, lie, kind);
        const std::string what = std::string(names[kind]) + " " + std::string(dtype_name(storage)) + " lie " +
                                 std::to_string(static_cast<int>(lie));
        EXPECT_EQ(proof.verdict, ProofVerdict::mismatch) << what;
        EXPECT_NE(proof.finding.find(names[kind]), std::string::npos) << what << ": " << proof.finding;
      }
  }
}

#if defined(__x86_64__)
// What flushes is a mismatch for a row that keeps subnormals, and proven for one that says so.
TEST(LyingBinary, HardwareThatFlushes) {
  for (const auto& [a, b, out] : {std::tuple(f32, f32, f32), {bf16, bf16, bf16}, {bf16, f32, f32}, {f16, f32, f32}}) {
    const Prover<Binary> prover({a, b, out});
    const RowProof denied = prover.proof_of(flushing_binary, InstructionClass::f32_fma);
    EXPECT_EQ(denied.finding.find("subnormals: flushed, not kept"), 0u) << dtype_name(a) << ": " << denied.finding;
    const RowProof stated = prover.proof_of(flushing_binary, InstructionClass::f32_fma_ftz);
    EXPECT_EQ(stated.verdict, ProofVerdict::proven) << dtype_name(a) << ": " << stated.finding;
  }
}
#endif

}  // namespace
}  // namespace candor::test
