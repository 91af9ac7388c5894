// Plain sentences of a comparison.
#pragma once

#include <string>

#include "audit/diff/judgement.h"
#include "audit/number_words.h"

namespace candor::audit_internal::comparison {

/// What is said of tensors that share a status, a history and their dtypes.
struct Saying {
  std::string a, b;     // what the sides are called: "a.safetensors"
  std::string name;     // of the tensor, where there are others; of several tensors nothing
  std::string subject;  // before the sentence: "3 of 4 tensors: ", or nothing
  std::string dtype_a, dtype_b;
  bool blocks_a = false, blocks_b = false, same_dtype = false, by_value = true;
  DiffStatus status = DiffStatus::changed;
  std::string history;
  DiffCounts counts;
  std::uint64_t tensors = 1, exceptions = 0;
  double max_relative = 0;
};
std::string sentence(const Saying& saying);

}  // namespace candor::audit_internal::comparison
