// rms_norm and layer_norm, with and without the residual addition in front.
#include <algorithm>

#include "prove/norm/norm_canaries.h"

namespace candor::prove {
namespace {

/// What flushes subnormals of f32 shows it in a result that can be one. f16 alone has subnormals of its own; but no
/// product of two f16 is a subnormal f32.
bool shows_subnormals(const Storage3& storage) {
  const bool operands = has_subnormal_f32(storage.a) || has_subnormal_f32(storage.b);
  return operands == has_subnormal_f32(storage.out);
}

/// A result is rounded, and known before that, where the scale is a power of two; f32 holds products of f16.
bool shows_rounding(const Storage3& storage, bool has_bias) {
  return has_bias || storage.out != DType::f32 || storage.a != DType::f16 || storage.b != DType::f16;
}

template <class Op>
constexpr bool kCentred = std::is_same_v<Op, LayerNorm>;

template <class Op>
class NormExperiment final : public Experiment {
 public:
  explicit NormExperiment(const Storage3& storage)
      : storage_(storage),
        model_(storage),
        canaries_(norm_canaries(storage, kCentred<Op>, one_change_apart(considered(storage), asked()))) {}

  Questions asked() const override {
    Questions all = kEntryA | kEntryB | kInner | kAccumulate | kBeforeOut | kNan;
    if (shows_rounding(storage_, kCentred<Op>)) all |= kRounding;
    if (shows_subnormals(storage_)) all |= kSubnormals;
    if (storage_.a != DType::f32) all |= kStore;  // f32 arithmetic has no better sum than the stored one
    return all;
  }
  Order usual_order() const override { return Order::sixteen_lanes; }
  std::vector<Arithmetic> considered(const Storage3& storage) const override {
    return row_hypotheses(storage, asked());
  }
  std::size_t size() const override { return canaries_.size(); }
  const Canary& canary(std::size_t i) const override { return canaries_[i].text; }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override {
    return model_.predict(canaries_[i].row, arithmetic);
  }
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override {
    const NormRow& in = canaries_[i].row;
    std::vector<Result> results;
    for (const std::int64_t rows : {1, 3}) {
      const std::string place = rows == 1 ? "1 row" : "3 rows apart";
      if (!in.residual.empty()) {
        run_place(in, in.x, in.residual, rows, place, row, stream, results);
        continue;
      }
      const Values zeros(in.x.size(), 0.0);
      run_place(in, in.x, {}, rows, place, row, stream, results);
      run_place(in, in.x, zeros, rows, place + ", residual 0", row, stream, results);
      run_place(in, zeros, in.x, rows, place + ", x 0", row, stream, results);
    }
    return results;
  }

 private:
  /// The columns that must give what column `at` gives.
  static std::vector<std::size_t> alike(const NormRow& in) {
    const auto same = [](const Values& values, std::size_t i, std::size_t j) {
      return values.empty() || exactly(values[i]).contains(values[j]);
    };
    std::vector<std::size_t> columns = {in.at};
    for (std::size_t c = 0; c < in.x.size(); ++c)
      if (c != in.at && same(in.x, in.at, c) && same(in.residual, in.at, c) && same(in.weight, in.at, c) &&
          same(in.bias, in.at, c))
        columns.push_back(c);
    return columns;
  }

  void run_place(const NormRow& in, const Values& x, const Values& residual, std::int64_t rows,
                 const std::string& place, const KernelRow& row, Stream& stream, std::vector<Result>& results) const {
    Operands memory;
    const auto columns = static_cast<std::int64_t>(x.size()), gap = rows == 1 ? std::int64_t{0} : std::int64_t{5};
    Op args;
    args.x = rows_apart(memory, storage_.a, rows, gap, x);
    args.weight = memory.place(storage_.b, {columns}, in.weight);
    args.y = result_rows_apart(memory, storage_.out, rows, columns, gap);
    args.eps = static_cast<float>(in.eps);
    if (!residual.empty()) {
      args.residual = rows_apart(memory, storage_.a, rows, gap, residual);
      args.sum = result_rows_apart(memory, storage_.a, rows, columns, gap);
    }
    if constexpr (kCentred<Op>)
      if (!in.bias.empty()) args.bias = memory.place(storage_.b, {columns}, in.bias);
    if (launch(row, stream, args)) collect_columns(in.shows_sum ? args.sum : args.y, alike(in), place, results);
  }

  Storage3 storage_;
  NormModel model_;
  std::vector<NormCanary> canaries_;
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<RmsNorm>(const Storage3& storage) {
  return std::make_unique<NormExperiment<RmsNorm>>(storage);
}
template <>
std::unique_ptr<Experiment> make_experiment<LayerNorm>(const Storage3& storage) {
  return std::make_unique<NormExperiment<LayerNorm>>(storage);
}

}  // namespace candor::prove
