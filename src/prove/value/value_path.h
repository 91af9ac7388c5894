// The way of one value through an elementwise op, and the places where the values of one run come out.
#pragma once

#include <string>
#include <vector>

#include "prove/experiment.h"
#include "prove/operands.h"

namespace candor::prove {

inline constexpr std::int64_t kColumns = 37;  // two whole vectors of sixteen and a tail

/// What flushes subnormals flushes those of f32; where no operand has any (f16), those of the storage.
class ValuePath {
 public:
  explicit ValuePath(const Storage3& storage);
  double smallest_normal() const { return smallest_normal_; }
  double flushed(const Arithmetic& arithmetic, double value) const;
  double entering(const Arithmetic& arithmetic, DType entry, double value) const;
  /// From what the function gives, which is formed in f32 on the way to a narrower storage, to what is stored.
  Prediction leaving(const Arithmetic& arithmetic, const Prediction& formed) const;
  /// The same for what moves bits: kernels that flush may leave them as they are.
  Prediction moving(const Arithmetic& arithmetic, double value, double kept) const;

 private:
  Storage3 storage_;
  double smallest_normal_;
  bool narrows_;  // out holds less than f32
};

/// The NaNs of a dtype, by their codes: quiet, quiet with its sign set, with a payload, signalling.
std::vector<std::uint64_t> nan_codes(DType dtype);
/// The same NaN, quiet.
std::uint64_t quieted(DType dtype, std::uint64_t code);
std::uint64_t sign_bit(DType dtype);

/// How many of `count` NaNs come out as they should.
Prediction nans_kept(const Arithmetic& arithmetic, std::size_t count);

/// The first element of y (any strides, rank 1 or 2), and the first one that is unlike it.
void collect(const View& y, const std::string& place, std::vector<Result>& results);

/// Elements with these codes, all alike.
View filled(Operands& memory, DType dtype, const std::vector<std::int64_t>& shape, std::uint64_t code);
/// One dimension of `extent` elements, every second one in memory.
View every_second(Operands& memory, DType dtype, std::int64_t extent, std::uint64_t code);

}  // namespace candor::prove
