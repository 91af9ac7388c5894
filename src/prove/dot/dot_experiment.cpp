#include "prove/dot/dot_experiment.h"

#include <utility>

namespace candor::prove {

DotExperiment::DotExperiment(const Storage3& storage)
    : storage_(storage), canaries_(linear_canaries(storage)), every_place_(storage) {
  for (const DotCanary& canary : canaries_) terms_.push_back(terms_of(canary.x, canary.w));
}

Questions DotExperiment::asked() const {
  const Questions always = kEntryA | kEntryB | kProduct | kAccumulate | kBeforeOut | kRounding | kNan | kOrder;
  return has_subnormal_f32(storage_.a) || has_subnormal_f32(storage_.b) ? always | kSubnormals : always;
}

Prediction DotExperiment::predict(std::size_t i, const Arithmetic& arithmetic) const {
  if (i == canaries_.size()) return exactly(0);
  const double sum = sum_of_products(arithmetic, terms_[i]), bias = canaries_[i].bias;
  if (bias == 0) return finished(arithmetic, sum);
  return finished(arithmetic, flushed(arithmetic, round_to(arithmetic.accumulate, sum + bias)));
}

std::vector<Result> DotExperiment::run(std::size_t i, const KernelRow& row, Stream& stream) const {
  std::vector<Result> results;
  for (const Arrangement& arrangement : arrangements()) {
    Operands memory;
    if (i == canaries_.size()) {
      run_every_place(arrangement, memory, row, stream, results);
    } else if (arrangement.rows <= 3 || terms_[i].k.size() <= 300) {
      run_places(canaries_[i], arrangement, memory, row, stream, results);
    }
  }
  return results;
}

std::vector<Arrangement> DotExperiment::arrangements() const {
  std::vector<Arrangement> all;
  const bool packable = storage_.b == DType::f32 || storage_.b == DType::f16 || storage_.b == DType::bf16;
  for (const Layout layout : {Layout::strided, Layout::packed_tiles})
    if (layout == Layout::strided || packable)
      for (const auto& [rows, bias] : {std::pair{1, DType::f32}, {3, DType::bf16}, {40, DType::f16}})
        all.push_back({rows, layout, bias});
  return all;
}

DotOperands DotExperiment::place(const DotCanary& canary, const Arrangement& arrangement, Operands& memory) const {
  const auto unit = static_cast<std::size_t>(dtype_info(storage_.b).block_elements);
  const auto k = static_cast<std::int64_t>(canary.x.size());
  Values x, w;
  for (std::int64_t m = 0; m < arrangement.rows; ++m) x.insert(x.end(), canary.x.begin(), canary.x.end());
  for (std::int64_t n = 0; n < kDotColumns; ++n)
    for (std::size_t i = 0; i < canary.w.size(); i += unit) w.push_back(canary.w[i]);
  const Values zeros(w.size(), 0.0);
  const DType bias = holds(arrangement.bias, canary.bias) ? arrangement.bias : DType::f32;
  return {memory.place(storage_.a, {arrangement.rows, k}, x),
          memory.place(storage_.b, {kDotColumns, k}, w, arrangement.layout),
          memory.place(storage_.b, {kDotColumns, k}, zeros, arrangement.layout),
          memory.place(DType::f32, {kDotColumns}, Values(kDotColumns, 1.0)),
          canary.bias == 0 ? ConstView{} : memory.place(bias, {kDotColumns}, Values(kDotColumns, canary.bias))};
}

void DotExperiment::collect(const View& y, const std::string& place, std::vector<Result>& results) {
  const Values values = values_of(y);
  results.push_back({place, values.front()});
  for (const double value : values)  // one more entry only where a result is unlike the first
    if (exactly(value).contains(values.front()) == false) return results.push_back({place + ", elsewhere", value});
}

}  // namespace candor::prove
