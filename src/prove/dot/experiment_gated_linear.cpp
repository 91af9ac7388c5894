// gated_linear: two dot products, and what is made of them.
#include "prove/dot/dot_experiment.h"
#include "prove/dot/gated_canaries.h"

namespace candor::prove {
namespace {

constexpr double kLargestF16 = 65504;

/// Canaries of its own come first. In those of sums the gate is the dot product and up is one, and the other way
/// round, with no activation.
class GatedExperiment final : public DotExperiment {
 public:
  explicit GatedExperiment(const Storage3& storage) : DotExperiment(storage), own_(gated_canaries(storage)) {
    for (const GatedCanary& canary : own_) {
      gates_.push_back(terms_of(spaced(canary.x), spaced(canary.gate)));
      ups_.push_back(terms_of(spaced(canary.x), spaced(canary.up)));
    }
  }

  Questions asked() const override { return DotExperiment::asked() | kInner; }
  std::size_t size() const override { return own_.size() + DotExperiment::size(); }
  const Canary& canary(std::size_t i) const override {
    return i < own_.size() ? own_[i].text : DotExperiment::canary(i - own_.size());
  }
  Prediction predict(std::size_t i, const Arithmetic& a) const override {
    if (i >= own_.size()) return DotExperiment::predict(i - own_.size(), a);
    const double up = round_to(a.accumulate, sum_of_products(a, ups_[i]) + own_[i].up_bias);
    return gated_result(a, storage_.out, own_[i].activation, sum_of_products(a, gates_[i]), up);
  }
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override {
    if (i >= own_.size()) return DotExperiment::run(i - own_.size(), row, stream);
    std::vector<Result> results;
    for (const Arrangement& arrangement : arrangements()) {
      Operands memory;
      const GatedLinear args = own_args(own_[i], arrangement, memory);
      if (launch(row, stream, args)) collect(args.y, arrangement.text(), results);
    }
    return results;
  }

 protected:
  Prediction finished(const Arithmetic& a, double sum) const override {
    return exactly(stored(a, storage_.out, round_to(a.inner, sum)));
  }
  void run_places(const DotCanary& canary, const Arrangement& arrangement, Operands& memory, const KernelRow& row,
                  Stream& stream, std::vector<Result>& results) const override {
    for (const double value : canary.x)
      if (std::fabs(value) > kLargestF16) return;  // infinite or made so on entry: zero weights would make NaN of it
    const DotOperands in = place(canary, arrangement, memory);
    for (const bool gate : {true, false}) {
      const GatedLinear args{.x = in.x,
                             .gate_weight = gate ? in.weight : in.zero_weight,
                             .up_weight = gate ? in.zero_weight : in.weight,
                             .gate_bias = gate ? in.bias : in.one_bias,
                             .up_bias = gate ? ConstView(in.one_bias) : in.bias,
                             .y = memory.result(storage_.out, {arrangement.rows, kDotColumns}),
                             .activation = Activation::identity};
      if (launch(row, stream, args)) collect(args.y, arrangement.text() + (gate ? ", gate" : ", up"), results);
    }
  }
  /// One of the two is a product, the other a power of two.
  void run_every_place(const Arrangement& arrangement, Operands& memory, const KernelRow& row, Stream& stream,
                       std::vector<Result>& results) const override {
    const View weight = every_place_.weight(memory, 0, arrangement.layout), bias = every_place_.bias(memory, 0);
    const View zeros = every_place_.zero_weight(memory, arrangement.layout), factors = every_place_.factors(memory);
    for (const bool gate : {true, false}) {
      const GatedLinear args{.x = every_place_.x(memory, arrangement.rows),
                             .gate_weight = gate ? weight : zeros,
                             .up_weight = gate ? zeros : weight,
                             .gate_bias = gate ? bias : factors,
                             .up_bias = gate ? factors : bias,
                             .y = every_place_.result(memory, arrangement.rows),
                             .activation = Activation::identity};
      if (!launch(row, stream, args)) continue;
      const std::string text = arrangement.text() + (gate ? ", gate" : ", up");
      results.push_back({text, every_place_.misplaced(args.y, 0, true)});
    }
  }

 private:
  /// Each value at the start of a block of weights, zeros after it.
  Values spaced(const Values& values) const {
    const auto unit = static_cast<std::size_t>(dtype_info(storage_.b).block_elements);
    Values all(values.size() * unit, 0.0);
    for (std::size_t i = 0; i < values.size(); ++i) all[i * unit] = values[i];
    return all;
  }
  static Values repeated(const Values& values, std::int64_t times) {
    Values all;
    for (std::int64_t i = 0; i < times; ++i) all.insert(all.end(), values.begin(), values.end());
    return all;
  }
  GatedLinear own_args(const GatedCanary& canary, const Arrangement& arrangement, Operands& memory) const {
    const Values x = spaced(canary.x);  // [K]
    const auto k = static_cast<std::int64_t>(x.size());
    const auto weight = [&](const Values& values) {
      return memory.place(storage_.b, {kDotColumns, k}, repeated(values, kDotColumns), arrangement.layout);
    };
    const auto bias = [&](double value) { return memory.place(DType::f32, {kDotColumns}, Values(kDotColumns, value)); };
    return {.x = memory.place(storage_.a, {arrangement.rows, k}, repeated(x, arrangement.rows)),
            .gate_weight = weight(canary.gate),
            .up_weight = weight(canary.up),
            .gate_bias = {},
            .up_bias = canary.up_bias == 0 ? ConstView{} : ConstView(bias(canary.up_bias)),
            .y = memory.result(storage_.out, {arrangement.rows, kDotColumns}),
            .activation = canary.activation};
  }

  std::vector<GatedCanary> own_;
  std::vector<Terms> gates_, ups_;
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<GatedLinear>(const Storage3& storage) {
  return std::make_unique<GatedExperiment>(storage);
}

}  // namespace candor::prove
