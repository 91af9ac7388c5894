// An experiment: one op with operands chosen so that different arithmetic gives different results (canaries), and what
// each hypothesis predicts for them. It knows the op and the storage of its operands, never the row.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "kernels/kernel_row.h"
#include "prove/arithmetic.h"

namespace candor::prove {

/// Every value from low to high; both NaN: a NaN.
struct Prediction {
  double low, high;
  bool contains(double actual) const {
    if (std::isnan(low)) return std::isnan(actual);
    return low <= actual && actual <= high && (actual != 0 || low != high || std::signbit(actual) == std::signbit(low));
  }
  friend bool operator==(const Prediction&, const Prediction&) = default;
};
inline Prediction exactly(double value) { return {value, value}; }

struct Canary {
  std::string name;   // "257 ones"
  std::string input;  // what goes in, so that a reader can repeat it: "x = 1, w = 1, 257 times"
};

/// One result of a canary: where it came from ("M=1, packed weights, q") and its value.
struct Result {
  std::string place;
  double value;
};

class Experiment {
 public:
  virtual ~Experiment() = default;
  virtual Questions asked() const = 0;
  virtual Order usual_order() const { return Order::odd_first; }
  /// What the results are explained by. Overridden where an op's operands are stored otherwise than its row says, or
  /// where nothing can tell some hypothesis from another.
  virtual std::vector<Arithmetic> considered(const Storage3& storage) const {
    return hypotheses(storage, asked(), usual_order());
  }
  virtual std::size_t size() const = 0;
  virtual const Canary& canary(std::size_t i) const = 0;
  virtual Prediction predict(std::size_t i, const Arithmetic& arithmetic) const = 0;
  /// Runs canary i through the row, in every place of the op that it has; nothing where the row refuses the shapes.
  virtual std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const = 0;
};

/// The experiment of an op for operands of this storage. One specialisation for each op, in experiment_<family>.cpp:
/// an op without one does not link.
template <class Op>
std::unique_ptr<Experiment> make_experiment(const Storage3& storage);

/// Runs `args` unless the row refuses them. The caller holds the stream's lock.
template <class Op>
bool launch(const KernelRow& row, Stream& stream, const Op& args) {
  const Refuses<Op> refuses = std::get<Refuses<Op>>(row.refuses);
  if (refuses != nullptr && !refuses(args).empty()) return false;
  std::get<Launch<Op>>(row.launch)(args, stream);
  return true;
}

}  // namespace candor::prove
