// Whether two values can be roundings of one wider value.
#pragma once

#include "audit/rounding.h"

namespace candor::audit_internal::comparison {

/// Some real number is rounded to `a` in its format and to `b` in the other, to nearest even; no NaN, and no f64.
class SharedSource {
 public:
  SharedSource(const NumberFormat& a, const NumberFormat& b) : format_a_(a), to_b_({.to = b}) {}
  bool possible(double a, double b) const;

 private:
  NumberFormat format_a_;
  Rounder<std::uint64_t> to_b_;
};

}  // namespace candor::audit_internal::comparison
