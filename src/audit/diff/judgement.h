// From counts to what is said of a pair of tensors.
#pragma once

#include <cstdint>

#include "audit/diff/pair_work.h"
#include "candor/diff.h"

namespace candor::audit_internal::comparison {

struct JudgedPair {
  TensorDiff diff;
  DType dtype_a = DType::any, dtype_b = DType::any;
  std::uint32_t explaining = 0;  // bit k: history k predicts every value; 0 where nothing was predicted
  std::uint64_t exceptions = 0;  // to diff.history
};

JudgedPair judge_pair(const PairWork& work, const Checkpoint& a, const Checkpoint& b);

/// Every value is one of the two around it, and the farther one as often as its distance says.
bool looks_stochastic(const Tally& tally);

}  // namespace candor::audit_internal::comparison
