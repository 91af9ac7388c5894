// One op with random operands, computed in several ways that must give the same bits.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "prove/bits/random_operands.h"
#include "prove/experiment.h"

namespace candor::prove {

class BitsCase {
 public:
  BitsCase(std::string text, Drawn drawn, const Random& random) : text_(std::move(text)), operands_(drawn, random) {}
  virtual ~BitsCase() = default;

  const std::string& text() const { return text_; }  // "M=17 K=264 N=144, packed weights, wide values"
  const std::vector<View>& results() const { return operands_.results(); }
  /// All rows in one call. false: refused.
  virtual bool run_whole(const KernelRow& row, Stream& stream) const = 0;
  /// A call for each row. false: refused, or nothing of the op can be computed alone.
  virtual bool run_alone(const KernelRow& row, Stream& stream) const = 0;

 protected:
  std::string text_;
  RandomOperands operands_;
};

/// A call, and the calls of one row each that together write the same results.
template <class Op>
struct Calls {
  Op whole;
  std::vector<Op> alone;
};

template <class Op>
class BitsCaseOf final : public BitsCase {
 public:
  template <class Make>
  BitsCaseOf(std::string text, Drawn drawn, const Random& random, Make&& make)
      : BitsCase(std::move(text), drawn, random), calls_(make(operands_)) {}

  bool run_whole(const KernelRow& row, Stream& stream) const override { return launch(row, stream, calls_.whole); }
  bool run_alone(const KernelRow& row, Stream& stream) const override {
    for (const Op& one : calls_.alone)
      if (!launch(row, stream, one)) return false;
    return !calls_.alone.empty();
  }

 private:
  Calls<Op> calls_;
};

using BitsCases = std::vector<std::unique_ptr<BitsCase>>;

/// What cases are made for.
struct BitsPlan {
  Storage3 storage;
  bool quick;
  std::uint64_t seed;
};

/// `make(RandomOperands&)` gives the Calls. What is drawn depends on the seed, the op and the text only, so that all
/// storages compute with like numbers.
template <class Op, class Make>
void add_case(BitsCases& cases, const BitsPlan& plan, const std::string& text, Drawn drawn, Make&& make) {
  const std::string all = text + ", " + drawn_text(drawn) + " values";
  cases.push_back(std::make_unique<BitsCaseOf<Op>>(all, drawn, Random(plan.seed, std::string(Op::name) + all), make));
}

/// `slice(op, r)` narrows the views of `op` to row r.
template <class Op, class Slice>
Calls<Op> row_by_row(const Op& whole, std::int64_t rows, Slice&& slice) {
  Calls<Op> calls{whole, std::vector<Op>(static_cast<std::size_t>(rows), whole)};
  for (std::int64_t r = 0; r < rows; ++r) slice(calls.alone[static_cast<std::size_t>(r)], r);
  return calls;
}

/// The cases of an op. One specialisation for each op, in bits_<family>.cpp: an op without one does not link.
template <class Op>
BitsCases bits_cases(const BitsPlan& plan);

}  // namespace candor::prove
