// matmul, qkv_projection and gated_linear: every place that a dot product has in them.
#include "prove/dot/dot_canaries.h"
#include "prove/sum.h"

namespace candor::prove {
namespace {

constexpr std::int64_t kColumns = 17;  // one more than a tile of packed weights
constexpr double kLargestF16 = 65504;

/// How x [M, K] and the weights lie in one run.
struct Arrangement {
  std::int64_t rows;
  Layout layout;
  std::string text() const {
    return "M=" + std::to_string(rows) + (layout == Layout::packed_tiles ? ", packed weights" : "");
  }
};

struct DotOperands {
  View x, weight, zero_weight, one_bias;
};

class DotExperiment : public Experiment {
 public:
  explicit DotExperiment(const Storage3& storage) : storage_(storage), canaries_(dot_canaries(storage)) {
    for (const DotCanary& canary : canaries_) terms_.push_back(terms_of(canary.x, canary.w));
  }

  Questions asked() const override {
    const Questions always = kEntryA | kEntryB | kProduct | kAccumulate | kBeforeOut | kRounding | kNan | kOrder;
    return has_subnormal_f32(storage_.a) || has_subnormal_f32(storage_.b) ? always | kSubnormals : always;
  }
  std::size_t size() const override { return canaries_.size(); }
  const Canary& canary(std::size_t i) const override { return canaries_[i].text; }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override {
    return exactly(stored(arithmetic, storage_.out, sum_of_products(arithmetic, terms_[i])));
  }
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override {
    std::vector<Result> results;
    const bool packable = storage_.b == DType::f32 || storage_.b == DType::f16 || storage_.b == DType::bf16;
    for (const Layout layout : {Layout::strided, Layout::packed_tiles})
      for (const std::int64_t rows : {1, 3, 40}) {
        if (layout == Layout::packed_tiles && !packable) continue;
        if (rows > 3 && terms_[i].k.size() > 300) continue;
        Operands memory;
        run_places(canaries_[i], {rows, layout}, memory, row, stream, results);
      }
    return results;
  }

 protected:
  virtual void run_places(const DotCanary& canary, const Arrangement& arrangement, Operands& memory,
                          const KernelRow& row, Stream& stream, std::vector<Result>& results) const = 0;

  DotOperands place(const DotCanary& canary, const Arrangement& arrangement, Operands& memory) const {
    const auto unit = static_cast<std::size_t>(dtype_info(storage_.b).block_elements);
    const auto k = static_cast<std::int64_t>(canary.x.size());
    Values x, w;
    for (std::int64_t m = 0; m < arrangement.rows; ++m) x.insert(x.end(), canary.x.begin(), canary.x.end());
    for (std::int64_t n = 0; n < kColumns; ++n)
      for (std::size_t i = 0; i < canary.w.size(); i += unit) w.push_back(canary.w[i]);
    const Values zeros(w.size(), 0.0);
    return {memory.place(storage_.a, {arrangement.rows, k}, x),
            memory.place(storage_.b, {kColumns, k}, w, arrangement.layout),
            memory.place(storage_.b, {kColumns, k}, zeros, arrangement.layout),
            memory.place(DType::f32, {kColumns}, Values(kColumns, 1.0))};
  }

  static void collect(const View& y, const std::string& place, std::vector<Result>& results) {
    const Values values = values_of(y);
    results.push_back({place, values.front()});
    for (const double value : values)  // one more entry only where a result is unlike the first
      if (exactly(value).contains(values.front()) == false) return results.push_back({place + ", elsewhere", value});
  }

  Storage3 storage_;
  std::vector<DotCanary> canaries_;
  std::vector<Terms> terms_;
};

class MatmulExperiment final : public DotExperiment {
 public:
  using DotExperiment::DotExperiment;

 protected:
  void run_places(const DotCanary& canary, const Arrangement& arrangement, Operands& memory, const KernelRow& row,
                  Stream& stream, std::vector<Result>& results) const override {
    const DotOperands in = place(canary, arrangement, memory);
    const Matmul args{
        .x = in.x, .weight = in.weight, .bias = {}, .y = memory.result(storage_.out, {arrangement.rows, kColumns})};
    if (launch(row, stream, args)) collect(args.y, arrangement.text(), results);
  }
};

class QkvExperiment final : public DotExperiment {
 public:
  using DotExperiment::DotExperiment;

 protected:
  void run_places(const DotCanary& canary, const Arrangement& arrangement, Operands& memory, const KernelRow& row,
                  Stream& stream, std::vector<Result>& results) const override {
    const DotOperands in = place(canary, arrangement, memory);
    const auto result = [&] { return memory.result(storage_.out, {arrangement.rows, kColumns}); };
    const QkvProjection args{.x = in.x,
                             .q_weight = in.weight,
                             .k_weight = in.weight,
                             .v_weight = in.weight,
                             .q_bias = {},
                             .k_bias = {},
                             .v_bias = {},
                             .q = result(),
                             .k = result(),
                             .v = result()};
    if (!launch(row, stream, args)) return;
    collect(args.q, arrangement.text() + ", q", results);
    collect(args.k, arrangement.text() + ", k", results);
    collect(args.v, arrangement.text() + ", v", results);
  }
};

/// The gate is the dot product and up is one, and the other way round. Nothing else is multiplied in: no activation.
class GatedExperiment final : public DotExperiment {
 public:
  using DotExperiment::DotExperiment;

 protected:
  void run_places(const DotCanary& canary, const Arrangement& arrangement, Operands& memory, const KernelRow& row,
                  Stream& stream, std::vector<Result>& results) const override {
    for (const double value : canary.x)
      if (std::fabs(value) > kLargestF16) return;  // infinite or made so on entry: zero weights would make NaN of it
    const DotOperands in = place(canary, arrangement, memory);
    for (const bool gate : {true, false}) {
      GatedLinear args{.x = in.x,
                       .gate_weight = gate ? in.weight : in.zero_weight,
                       .up_weight = gate ? in.zero_weight : in.weight,
                       .gate_bias = {},
                       .up_bias = {},
                       .y = memory.result(storage_.out, {arrangement.rows, kColumns}),
                       .activation = Activation::identity};
      (gate ? args.up_bias : args.gate_bias) = in.one_bias;
      if (launch(row, stream, args)) collect(args.y, arrangement.text() + (gate ? ", gate" : ", up"), results);
    }
  }
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Matmul>(const Storage3& storage) {
  return std::make_unique<MatmulExperiment>(storage);
}
template <>
std::unique_ptr<Experiment> make_experiment<QkvProjection>(const Storage3& storage) {
  return std::make_unique<QkvExperiment>(storage);
}
template <>
std::unique_ptr<Experiment> make_experiment<GatedLinear>(const Storage3& storage) {
  return std::make_unique<GatedExperiment>(storage);
}

}  // namespace candor::prove
