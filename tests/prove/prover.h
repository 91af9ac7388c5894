// A kernel before the prover: what it says of a row that launches it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "backend/ref/serial_stream.h"
#include "prove/inference.h"

namespace candor::test {

/// The experiment of one storage, for any number of kernels.
template <class Op>
class Prover {
 public:
  explicit Prover(const prove::Storage3& storage)
      : storage_(storage), experiment_(prove::make_experiment<Op>(storage)) {}

  RowProof proof_of(Launch<Op> launch, InstructionClass claimed) const {
    const KernelRow row = candor::row<Op>({.a = storage_.a, .b = storage_.b, .out = storage_.out}, Isa::any, claimed,
                                          "tests/liar", launch);
    return prove::judge(row, *experiment_, prove::infer(*experiment_, storage_, row, ref::ref_stream()));
  }
  const prove::Storage3& storage() const { return storage_; }

 private:
  prove::Storage3 storage_;
  std::unique_ptr<prove::Experiment> experiment_;
};

/// The proof's finding begins with `finding`, and its verdict is a mismatch; "": it is proven.
inline void expect_finding(const RowProof& proof, const std::string& finding, const std::string& what = "") {
  const std::string text = proof.op + " " + to_string(proof.precision) + " " + what + ": " + proof.finding;
  EXPECT_EQ(proof.verdict, finding.empty() ? ProofVerdict::proven : ProofVerdict::mismatch) << text;
  EXPECT_EQ(proof.finding.substr(0, finding.size()), finding) << text;
}

}  // namespace candor::test
