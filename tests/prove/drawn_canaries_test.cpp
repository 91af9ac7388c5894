// Canaries that are drawn at random: another seed gives others, and what no fixed one notices does not pass them.
#include <cmath>

#include "tests/prove/prover.h"

namespace candor::test {
namespace {

int short_from = 1 << 30;  // the running sum keeps 22 bits instead of 24 from this k on

float shortened(float sum, std::int64_t k) {
  return k >= short_from ? static_cast<float>(
                               std::ldexp(std::nearbyint(std::ldexp(sum, 21 - std::ilogb(sum))), std::ilogb(sum) - 21))
                         : sum;
}

float operand(const ConstView& view, std::int64_t row, std::int64_t k) {
  return view.as<float>()[row * view.stride[0] + k];
}

/// Pairs of k rising, the odd element first, as every class does; strided weights only, and no bias.
void matmul(const Matmul& op, Stream&) {
  const std::int64_t depth = op.x.shape[1];
  for (std::int64_t m = 0; m < op.x.shape[0]; ++m)
    for (std::int64_t n = 0; n < op.weight.shape[0]; ++n) {
      float sum = 0;
      for (std::int64_t pair = 0; pair < depth; pair += 2)
        for (const std::int64_t k : {pair + 1, pair})
          if (k < depth) sum = std::fma(operand(op.x, m, k), operand(op.weight, n, k), sum);
      op.y.as<float>()[m * op.y.stride[0] + n] = sum != 0 && std::isfinite(sum) ? shortened(sum, depth - 1) : sum;
    }
}
std::string_view refuses(const Matmul& op) {
  if (op.bias.present()) return "a bias";
  return op.weight.layout == Layout::strided ? "" : "packed weights";
}

RowProof proof_with_seed(std::uint64_t seed) {
  const prove::Storage3 storage{DType::f32, DType::f32, DType::f32, seed};
  const KernelRow row = candor::row<Matmul>({.a = DType::f32, .b = DType::f32, .out = DType::f32}, Isa::any,
                                            InstructionClass::f32_fma, "tests/liar", matmul, refuses);
  const auto experiment = prove::make_experiment<Matmul>(storage);
  return prove::judge(row, *experiment, prove::infer(*experiment, storage, row, ref::ref_stream()));
}

TEST(DrawnCanaries, AnHonestKernelIsProvenWithEverySeed) {
  short_from = 1 << 30;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) expect_finding(proof_with_seed(seed), "");
}

// Fixed canaries of more than five terms have sums of few bits.
TEST(DrawnCanaries, BitsThatAreLostInLongSumsOnly) {
  short_from = 30;
  const RowProof proof = proof_with_seed(1);
  short_from = 1 << 30;
  EXPECT_EQ(proof.verdict, ProofVerdict::mismatch);
  EXPECT_NE(proof.finding.find("terms drawn at random"), std::string::npos) << proof.finding;
}

TEST(DrawnCanaries, AnotherSeedDrawsOthers) {
  const auto inputs = [](std::uint64_t seed) {
    std::string all;
    for (const ProofCanary& canary : proof_with_seed(seed).canaries) all += canary.input;
    return all;
  };
  EXPECT_EQ(inputs(7), inputs(7));
  EXPECT_NE(inputs(7), inputs(8));
}

}  // namespace
}  // namespace candor::test
