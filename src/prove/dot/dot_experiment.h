// What the experiments of matmul, qkv_projection and gated_linear share: sums in every place that an op has for them.
#pragma once

#include "prove/dot/dot_canaries.h"
#include "prove/dot/every_place.h"
#include "prove/sum.h"

namespace candor::prove {

inline constexpr std::int64_t kDotColumns = 17;  // one more than a tile of packed weights

/// How x [M, K], the weights and their biases lie in one run.
struct Arrangement {
  std::int64_t rows;
  Layout layout;
  DType bias;  // where it holds the bias; else f32
  std::string text() const {
    return "M=" + std::to_string(rows) + (layout == Layout::packed_tiles ? ", packed weights" : "");
  }
};

struct DotOperands {
  View x, weight, zero_weight, one_bias;
  ConstView bias;  // absent where the canary has none
};

class DotExperiment : public Experiment {
 public:
  explicit DotExperiment(const Storage3& storage);

  Questions asked() const override;
  std::size_t size() const override { return canaries_.size() + 1; }
  const Canary& canary(std::size_t i) const override {
    return i < canaries_.size() ? canaries_[i].text : every_place_.text();
  }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override;
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override;

 protected:
  /// One launch or more of a canary, whose results join `results`; nothing where the row refuses.
  virtual void run_places(const DotCanary& canary, const Arrangement& arrangement, Operands& memory,
                          const KernelRow& row, Stream& stream, std::vector<Result>& results) const = 0;
  /// The same for the last canary.
  virtual void run_every_place(const Arrangement& arrangement, Operands& memory, const KernelRow& row, Stream& stream,
                               std::vector<Result>& results) const = 0;
  /// What becomes of a sum.
  virtual Prediction finished(const Arithmetic& arithmetic, double sum) const {
    return exactly(stored(arithmetic, storage_.out, sum));
  }
  /// Strided and packed weights, one row and several.
  std::vector<Arrangement> arrangements() const;
  DotOperands place(const DotCanary& canary, const Arrangement& arrangement, Operands& memory) const;
  /// What came out at one place; a second time where its elements are not alike.
  static void collect(const View& y, const std::string& place, std::vector<Result>& results);

  Storage3 storage_;
  std::vector<DotCanary> canaries_;
  std::vector<Terms> terms_;
  EveryPlace every_place_;  // the last canary
};

}  // namespace candor::prove
