// Kernels of matmul, qkv_projection and gated_linear that lie: each is a mismatch, and the finding names the lie.
#include "tests/prove/liars_dot.h"
#include "tests/prove/prover.h"

namespace candor::test {
namespace {

using enum DType;
using prove::Rounding;
using prove::Storage3;

/// A lie, how its finding begins ("": proven, as it is none), and whether it is one where this is stored.
struct Liar {
  DotLie lie;
  const char* finding;
  bool (*is_lie)(const Storage3& storage) = [](const Storage3&) { return true; };
};

bool subnormals_enter(const Storage3& s) { return s.a != f16 || (s.b != f16 && s.b != q8_0); }
bool f32_enters(const Storage3& s) { return s.a == f32 && s.b == f32; }
bool weights_can_be_packed(const Storage3& s) { return s.b != q8_0; }
bool out_is_narrow(const Storage3& s) { return s.out != f32; }
bool results_can_be_infinite(const Storage3& s) { return s.a != f16 || s.out == f16; }

const std::vector<Liar> kLiars = {
    {{}, ""},
    {{.x = bf16}, "first operand: rounded to bf16, not as it is", [](const Storage3& s) { return s.a != bf16; }},
    {{.x = f16}, "first operand: rounded to f16, not as it is", [](const Storage3& s) { return s.a != f16; }},
    {{.x = tf32}, "first operand: rounded to tf32, not as it is", [](const Storage3& s) { return s.a == f32; }},
    {{.weight = bf16}, "second operand: rounded to bf16, not as it is", [](const Storage3& s) { return s.b != bf16; }},
    {{.weight = f16}, "second operand: rounded to f16, not as it is", [](const Storage3& s) { return s.b != f16; }},
    {{.weight = tf32}, "second operand: rounded to tf32, not as it is", [](const Storage3& s) { return s.b == f32; }},
    {{.x = f16, .weight = f16},
     "first operand: rounded to f16, not as it is; second operand: rounded to f16, not as it is",
     f32_enters},
    {{.products = bf16}, "products: rounded to bf16, not exact"},
    {{.products = f16}, "products: rounded to f16, not exact"},
    {{.products = f32}, "products: rounded to f32, not exact", f32_enters},  // a multiplication and an addition
    {{.sums = bf16}, "accumulation: bf16, not f32"},
    {{.sums = f16}, "accumulation: f16, not f32"},
    {{.sums = f64}, "accumulation: f64, not f32"},  // too good
    {{.way_out = bf16}, "on the way out: through bf16, not direct", [](const Storage3& s) { return s.out != bf16; }},
    {{.way_out = f16}, "on the way out: through f16, not direct", [](const Storage3& s) { return s.out != f16; }},
    {{.rounding = Rounding::toward_zero}, "result: truncated, not", out_is_narrow},
    {{.rounding = Rounding::half_away}, "result: nearest, ties away from zero, not", out_is_narrow},
    {{.keeps_subnormals = true}, "subnormals: kept, not flushed", subnormals_enter},
    {{.loses_nan = true}, "NaN: lost, not kept"},
    {{.order = DotOrder::rising}, "order of the sum: k rising, not pairs of k, odd element first"},
    {{.order = DotOrder::halves_apart}, "order of the sum: halves of k apart, not"},
    {{.order = DotOrder::sixteen_lanes}, "order of the sum: sixteen partial sums, not"},
    {{.bias = bf16}, "no arithmetic considered explains it (a bias of many bits: "},
    {{.bias = f16}, "no arithmetic considered explains it (a bias of many bits: "},
    {{.ignores_bias = true}, "no arithmetic considered explains it ("},
    {{.stores_before_bias = true}, "no arithmetic considered explains it (", out_is_narrow},
    {{.skips_zeros = true}, "no arithmetic considered explains it (0 times a NaN weight: ", weights_can_be_packed},
    {{.saturates = true}, "no arithmetic considered explains it (", results_can_be_infinite},
    {{.swaps_columns = true}, "no arithmetic considered explains it (every element another number: "},
    {{.sums = bf16, .place = DotPlace::tail_columns}, "results differ: "},
    {{.sums = bf16, .place = DotPlace::packed_weights}, "results differ: ", weights_can_be_packed},
    {{.sums = bf16, .place = DotPlace::later_rows}, "results differ: "},
};

const std::vector<Liar> kLiarsOfTheLast = {
    {{.sums = bf16, .place = DotPlace::last_operand}, "results differ: "},
    {{.products = f16, .place = DotPlace::last_operand}, "results differ: "},
};

const std::vector<Liar> kLiarsOfV = {
    {{.takes_k_for_v = true}, "results differ: M=1, q gives 0, M=1, v gives 37 (every element another number)"},
};

/// Where f32 is stored, what one of gate and up is rounded to shows as a difference of the two.
const std::vector<Liar> kLiarsOfGates = {
    {{.gate = bf16, .up = bf16}, "between the steps: rounded to bf16, not as it is"},
    {{.gate = f16, .up = f16}, "between the steps: rounded to f16, not as it is"},
    {{.gate = bf16, .up = bf16, .activated = bf16}, "between the steps: rounded to bf16, not as it is"},
    {{.activated = bf16}, "between the steps: rounded to bf16, not as it is", out_is_narrow},
    {{.activated = bf16}, "results differ: ", [](const Storage3& s) { return !out_is_narrow(s); }},
    {{.up = bf16}, "between the steps: rounded to bf16, not as it is", out_is_narrow},
    {{.up = bf16}, "results differ: ", [](const Storage3& s) { return !out_is_narrow(s); }},
    {{.activation = ActivationLie::never_applied}, "no arithmetic considered explains it (relu(-3): "},
    {{.activation = ActivationLie::one_gelu}, "no arithmetic considered explains it (gelu_erf(-3): "},
    {{.activation = ActivationLie::silu_too_large}, "no arithmetic considered explains it (silu("},
};

constexpr Storage3 kStorage[] = {{bf16, bf16, bf16}, {bf16, bf16, f32}, {bf16, f32, f32},
                                 {bf16, f16, bf16},  {f32, f32, f32},   {f32, bf16, f32},
                                 {f32, q8_0, f32},   {f16, f16, f16},   {f16, f16, f32}};

template <class Op>
class DotProver {
 public:
  DotProver(Launch<Op> launch, const Storage3& storage) : launch_(launch), prover_(storage) {}
  RowProof proof_of(const DotLie& lie, InstructionClass claimed = InstructionClass::f32_fma_ftz) const {
    dot_lie = lie;
    const RowProof proof = prover_.proof_of(launch_, claimed);
    dot_lie = {};
    return proof;
  }
  void expect_findings(const std::vector<Liar>& liars) const {
    for (const Liar& liar : liars)
      if (liar.is_lie(prover_.storage()))
        expect_finding(proof_of(liar.lie), liar.finding, "lie " + std::to_string(&liar - liars.data()));
  }

 private:
  Launch<Op> launch_;
  Prover<Op> prover_;
};

TEST(LyingMatmul, IsNamed) {
  for (const Storage3& storage : kStorage) DotProver<Matmul>(lying_matmul, storage).expect_findings(kLiars);
}

TEST(LyingQkvProjection, IsNamed) {
  for (const Storage3& storage : {Storage3{bf16, bf16, bf16}, {f32, f32, f32}}) {
    const DotProver<QkvProjection> prover(lying_qkv_projection, storage);
    for (const auto& liars : {kLiars, kLiarsOfTheLast, kLiarsOfV}) prover.expect_findings(liars);
  }
}

TEST(LyingGatedLinear, IsNamed) {
  for (const Storage3& storage : {Storage3{bf16, bf16, bf16}, {f32, f32, f32}}) {
    const DotProver<GatedLinear> prover(lying_gated_linear, storage);
    for (const auto& liars : {kLiars, kLiarsOfTheLast, kLiarsOfGates}) prover.expect_findings(liars);
  }
}

// What keeps subnormals is a mismatch for a row that flushes them, and proven for one that says so; f32 is not f64.
TEST(LyingDot, IsJudgedByItsClaim) {
  const DotProver<Matmul> prover(lying_matmul, {f32, f32, f32});
  const DotLie keeps{.keeps_subnormals = true};
  expect_finding(prover.proof_of(keeps, InstructionClass::f32_fma), "");
  expect_finding(prover.proof_of({}, InstructionClass::f32_fma), "subnormals: flushed, not kept");
  expect_finding(prover.proof_of(keeps, InstructionClass::f64_loop), "accumulation: f32, not f64");
}

}  // namespace
}  // namespace candor::test
