// What a test of one kernel row is made of. Each op has a cases_<op>.h that specialises Cases<Op>; suite.h turns it
// into the checks of DESIGN §6.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/kernel_row.h"
#include "support/blocks.h"
#include "support/compare.h"
#include "support/fill.h"
#include "support/operand.h"

namespace candor::test {

enum class Inputs {
  exact,     // small integers (or what makes an op exact in f32): bit equality with the reference
  uniform,   // [-1, 1)
  normal,    // mean 0, variance 1
  wide,      // magnitudes 2^-12 … 2^12
  specials,  // zeros, infinities, NaN, ends of ranges; only for ops that move bits or round once
};

enum class Level { fast, slow };

/// Makes the operands of one case. Every operand takes its own seed from the case's.
class Maker {
 public:
  Maker(Workspace& workspace, Inputs inputs, std::uint64_t seed)
      : workspace_(workspace), inputs_(inputs), seed_(seed * 1000) {}

  Inputs inputs() const { return inputs_; }
  bool exact() const { return inputs_ == Inputs::exact; }
  std::uint64_t next_seed() { return ++seed_; }
  Workspace& workspace() { return workspace_; }

  /// Integers in [-largest, largest] when exact; otherwise as inputs() says. Blocks: random blocks.
  View input(DType dtype, const std::vector<std::int64_t>& shape, std::int64_t largest,
             const Placement& placement = {});
  View given(DType dtype, const std::vector<std::int64_t>& shape, const Doubles& values,
             const Placement& placement = {}) {
    return workspace_.make(dtype, shape, values, placement);
  }
  View output(DType dtype, const std::vector<std::int64_t>& shape, const Placement& placement = {}) {
    return workspace_.place(dtype, shape, placement);
  }
  /// `count` numbers as inputs() says.
  Doubles values(std::int64_t count, std::int64_t largest);

 private:
  Workspace& workspace_;
  Inputs inputs_;
  std::uint64_t seed_;
};

inline std::int64_t count_of(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

inline Doubles Maker::values(std::int64_t count, std::int64_t largest) {
  switch (inputs_) {
    case Inputs::exact: return integers(count, next_seed(), largest);
    case Inputs::uniform: return uniform(count, next_seed());
    case Inputs::normal: return normal(count, next_seed());
    case Inputs::wide: return wide_range(count, next_seed());
    case Inputs::specials: return specials(count);
  }
  return {};
}

inline View Maker::input(DType dtype, const std::vector<std::int64_t>& shape, std::int64_t largest,
                         const Placement& placement) {
  if (is_block(dtype))
    return make_blocks(workspace_, dtype, shape, exact() ? BlockValues::integers : BlockValues::random, next_seed(),
                       placement.misaligned);
  return workspace_.make(dtype, shape, values(count_of(shape), largest), placement);
}

/// Next multiple of the dtype's block.
inline std::int64_t whole_blocks(DType dtype, std::int64_t extent) {
  const std::int64_t unit = dtype_info(dtype).block_elements;
  return (extent + unit - 1) / unit * unit;
}

/// Specialised per op:
///   struct Config                                  sizes, placements, variants
///   configs(precision, level)                      every config; those that a row refuses are passed over
///   text(config)                                   for messages
///   make(maker, precision, config) -> Op           operands placed and filled
///   bounds(op, row, expected) -> one per output    allowed error against the f64 reference's unrounded results
///   plain(op)                                      the plain loop in the same precision
///   claims(runner)                                 what the row's precision and instruction class promise
///   kStoredOutputs                                 leading outputs that the op itself reads back rounded
template <class Op> struct Cases;

/// A row at work: runs a case unless the row refuses it.
template <class Op> class Runner {
 public:
  Runner(const KernelRow& row, Stream& stream) : row_(row), stream_(stream) {}

  const KernelRow& row() const { return row_; }
  const Precision& precision() const { return row_.precision; }
  int accepted() const { return accepted_; }

  bool refuses(const Op& args) const {
    const Refuses<Op> refuses = std::get<Refuses<Op>>(row_.refuses);
    return refuses != nullptr && !refuses(args).empty();
  }
  bool run(const Op& args) {
    if (refuses(args)) return false;
    std::get<Launch<Op>>(row_.launch)(args, stream_);
    ++accepted_;
    return true;
  }

 private:
  const KernelRow& row_;
  Stream& stream_;
  int accepted_ = 0;
};

}  // namespace candor::test
