// A row of rms_norm or layer_norm under a hypothesis.
#pragma once

#include "prove/norm/row_sums.h"

namespace candor::prove {

struct NormRow {
  Values x, residual, weight, bias;  // [C]; residual and bias may be absent
  double eps = 0;
  std::size_t at = 0;      // the column that is looked at
  bool centred = false;    // layer_norm: around the mean
  bool shows_sum = false;  // x + residual as it is stored, instead of y
};

class NormModel {
 public:
  explicit NormModel(const Storage3& storage) : storage_(storage), path_(storage) {}

  const ValuePath& path() const { return path_; }
  Prediction predict(const NormRow& row, const Arithmetic& arithmetic) const;
  /// False where honest kernels may differ: an intermediate value is a subnormal f32, or x + residual, the mean or
  /// x - mean is none of f32.
  bool predictable(const NormRow& row) const;

 private:
  struct Unit {
    double low, high;
  };
  double summed(const NormRow& row, std::size_t i, const Arithmetic& a, const Arithmetic& storing) const;
  Values normalised(const NormRow& row, const Arithmetic& a, const Arithmetic& storing) const;
  Unit unit_of(const NormRow& row, const Arithmetic& a, const Values& x) const;
  Prediction result_of(const NormRow& row, const Arithmetic& a, const Arithmetic& storing) const;

  Storage3 storage_;
  ValuePath path_;
};

}  // namespace candor::prove
