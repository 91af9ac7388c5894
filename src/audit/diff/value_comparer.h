// Two dtypes whose values are read.
#pragma once

#include "audit/diff/compare.h"
#include "audit/diff/element_judge.h"
#include "audit/diff/questions.h"

namespace candor::audit_internal::comparison {

template <class Word>
class ValueComparer : public Comparer {
 public:
  ValueComparer(DType a, DType b);
  const std::vector<History>& histories() const override { return histories_; }
  void compare(const std::byte* a, const std::byte* b, std::size_t count, std::uint64_t first,
               Tally& tally) const override;

 private:
  class Pass;
  void compare_in_order(Pass& pass, std::size_t count) const;
  void compare_by_code(Pass& pass, std::size_t count) const;

  DType a_, b_;
  std::vector<History> histories_;
  Questions<Word> questions_;
  ElementJudge<Word> judge_;
};

}  // namespace candor::audit_internal::comparison
