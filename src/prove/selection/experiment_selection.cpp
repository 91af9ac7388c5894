// argmax and top_k: comparisons only, so the question is in which format numbers are compared.
#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "prove/selection/selection_canaries.h"
#include "prove/value/value_path.h"

namespace candor::prove {
namespace {

/// Where the elements of one run lie.
struct RowPlaces {
  std::int64_t rows, gap, k;  // gap: elements between two rows
  std::string text() const {
    return std::to_string(rows) +
           (rows == 1  ? " row"
            : gap == 0 ? " rows"
                       : " rows apart") +
           ", k=" + std::to_string(k);
  }
};

/// What came out: [rows, k]; no values where the op has none.
struct Selected {
  View indices, values;
};

class SelectionExperiment : public Experiment {
 public:
  SelectionExperiment(const Storage3& storage, bool gives_values)
      : storage_(storage), gives_values_(gives_values), canaries_(selection_canaries(storage.a, gives_values ? 3 : 1)) {
    if (gives_values) add_value_canaries(canaries_, storage.a);
  }

  Questions asked() const override {
    Questions questions = kNan | kSubnormals;
    if (!compared_in().empty()) questions |= kEntryA | (gives_values_ ? kBeforeOut : 0u);
    return questions;
  }
  std::vector<Arithmetic> considered(const Storage3&) const override;
  std::size_t size() const override { return canaries_.size(); }
  const Canary& canary(std::size_t i) const override { return canaries_[i].text; }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override;
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override;

 protected:
  virtual std::optional<Selected> select(const View& x, std::int64_t k, Operands& memory, const KernelRow& row,
                                         Stream& stream) const = 0;
  DType storage() const { return storage_.a; }

 private:
  std::vector<DType> compared_in() const {
    std::vector<DType> all;
    for (const DType dtype : {DType::tf32, DType::f16, DType::bf16})
      if (!holds_all(dtype, storage_.a)) all.push_back(dtype);
    return all;
  }
  std::int64_t right_rows(const SelectionCanary& canary, const Selected& out) const;
  Result right_ranks(const SelectionCanary& canary, const Selected& out) const;
  void collect_ranks(const SelectionCanary& canary, const Selected& out, const std::string& place,
                     std::vector<Result>& results) const;

  Storage3 storage_;
  bool gives_values_;
  std::vector<SelectionCanary> canaries_;
};

std::vector<Arithmetic> SelectionExperiment::considered(const Storage3&) const {
  std::vector<DType> entries = {DType::any}, outs = {DType::any};
  for (const DType dtype : compared_in()) {
    entries.push_back(dtype);
    if (gives_values_) outs.push_back(dtype);
  }
  std::vector<Arithmetic> all;
  for (const bool loses_nan : {false, true})
    for (const bool flushes : {false, true})
      for (const DType out : outs)
        for (const DType entry : entries) {
          if (flushes && entry == DType::f16 && storage_.a != DType::f16) continue;  // where those are zero anyway
          Arithmetic a;
          a.entry_a = entry;
          a.before_out = out;
          a.flushes = flushes;
          a.loses_nan = loses_nan;
          all.push_back(a);
        }
  return all;
}

/// An element as it is compared. What flushes takes the subnormals of its storage for zero.
double compared(DType dtype, double value, const Arithmetic& a) {
  const bool zero = a.flushes && std::fabs(value) < smallest_normal(dtype);
  return round_to(a.entry_a, zero ? std::copysign(0.0, value) : value);
}

/// Columns by falling rank. Among equals the lowest comes first; NaN is the largest, or where it is lost the smallest.
std::vector<std::size_t> ranked(DType dtype, const double* row, std::size_t columns, const Arithmetic& a) {
  std::vector<std::size_t> order(columns);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    const double x = compared(dtype, row[i], a), y = compared(dtype, row[j], a);
    if (std::isnan(x) == std::isnan(y)) return x > y;
    return std::isnan(a.loses_nan ? y : x);
  });
  return order;
}

Prediction SelectionExperiment::predict(std::size_t i, const Arithmetic& a) const {
  const SelectionCanary& canary = canaries_[i];
  const auto rows = static_cast<double>(canary.codes.size() / canary.columns);
  if (canary.kind == SelectionCanary::ranked) return exactly(2 * static_cast<double>(canary.wanted.size()));
  if (canary.kind == SelectionCanary::nan_values)  // a detour may make them quiet
    return a.before_out == DType::any ? nans_kept(a, canary.wanted.size()) : Prediction{0, rows};
  const Values values = canary.values(storage_.a);
  if (canary.kind == SelectionCanary::counted) {
    double right = 0;
    for (std::size_t r = 0; r < values.size(); r += canary.columns)
      right += ranked(storage_.a, values.data() + r, canary.columns, a)[0] == canary.wanted[r / canary.columns] ? 1 : 0;
    return exactly(right);
  }
  const std::size_t at = ranked(storage_.a, values.data(), canary.columns, a)[canary.rank];
  if (canary.kind == SelectionCanary::index) return exactly(static_cast<double>(at));
  const double moved = round_to(a.before_out, values[at]);
  if (!a.flushes || std::fabs(values[at]) >= smallest_normal(storage_.a)) return exactly(moved);
  return {std::min(moved, std::copysign(0.0, moved)), std::max(moved, std::copysign(0.0, moved))};
}

std::vector<Result> SelectionExperiment::run(std::size_t i, const KernelRow& row, Stream& stream) const {
  const SelectionCanary& canary = canaries_[i];
  const auto columns = static_cast<std::int64_t>(canary.columns);
  std::vector<Result> results;
  if (canary.kind == SelectionCanary::ranked) {
    Operands memory;
    const View x = placed_rows(memory, storage_.a, canary.codes, canary.columns, 3, 5);
    if (const auto out = select(x, static_cast<std::int64_t>(canary.ranks), memory, row, stream))
      results.push_back(right_ranks(canary, *out));
    return results;
  }
  if (canary.kind == SelectionCanary::counted || canary.kind == SelectionCanary::nan_values) {
    Operands memory;
    const View x = placed_rows(memory, storage_.a, canary.codes, canary.columns, 1, 0);
    if (const auto out = select(x, 1, memory, row, stream))
      results.push_back({"", static_cast<double>(right_rows(canary, *out))});
    return results;
  }
  for (const RowPlaces& at : {RowPlaces{1, 0, 1}, {3, 0, 1}, {3, 5, 1}, {3, 5, 3}, {3, 5, columns}}) {
    if (static_cast<std::int64_t>(canary.rank) >= at.k || at.k > columns || (!gives_values_ && at.k > 1)) continue;
    Operands memory;
    const View x = placed_rows(memory, storage_.a, canary.codes, canary.columns, at.rows, at.gap);
    if (const auto out = select(x, at.k, memory, row, stream)) collect_ranks(canary, *out, at.text(), results);
  }
  return results;
}

std::int64_t index_at(const Selected& out, std::int64_t row, std::int64_t rank) {
  const std::int64_t k = out.indices.elements() / out.indices.shape[0];
  return static_cast<std::int32_t>(code_at(out.indices, row * k + rank));
}

std::int64_t SelectionExperiment::right_rows(const SelectionCanary& canary, const Selected& out) const {
  std::int64_t right = 0;
  for (std::size_t r = 0; r < canary.wanted.size(); ++r) {
    const auto row = static_cast<std::int64_t>(r);
    const bool place = index_at(out, row, 0) == static_cast<std::int64_t>(canary.wanted[r]);
    const bool value =
        !gives_values_ || code_at(out.values, row) == canary.codes[r * canary.columns + canary.wanted[r]];
    right += place && (value || canary.kind == SelectionCanary::counted) ? 1 : 0;
  }
  return right;
}

/// How many indices are right, and how many values.
Result SelectionExperiment::right_ranks(const SelectionCanary& canary, const Selected& out) const {
  std::int64_t right = 0;
  std::string first;
  for (std::size_t i = 0; i < canary.wanted.size(); ++i) {
    const std::size_t row = i / canary.ranks, rank = i % canary.ranks;
    const bool place = index_at(out, static_cast<std::int64_t>(row), static_cast<std::int64_t>(rank)) ==
                       static_cast<std::int64_t>(canary.wanted[i]);
    const bool value =
        code_at(out.values, static_cast<std::int64_t>(i)) == canary.codes[row * canary.columns + canary.wanted[i]];
    right += (place ? 1 : 0) + (value ? 1 : 0);
    if ((!place || !value) && first.empty())
      first = std::string("the first wrong ")
                  .append(place ? "value" : "index")
                  .append(" is that of rank ")
                  .append(std::to_string(rank + 1));
  }
  return {first, static_cast<double>(right)};
}

/// Of the first row, and of the first one that is unlike it.
void SelectionExperiment::collect_ranks(const SelectionCanary& canary, const Selected& out, const std::string& place,
                                        std::vector<Result>& results) const {
  const std::int64_t rows = out.indices.shape[0], k = out.indices.elements() / rows;
  const auto rank = static_cast<std::int64_t>(canary.rank);
  const auto result = [&](std::int64_t r) {
    if (canary.kind == SelectionCanary::index) return static_cast<double>(index_at(out, r, rank));
    return decode(storage_.a, code_at(out.values, r * k + rank));
  };
  results.push_back({place, result(0)});
  for (std::int64_t r = 1; r < rows; ++r)
    if (!exactly(result(0)).contains(result(r)))
      return results.push_back({place + ", row " + std::to_string(r), result(r)});
}

class ArgmaxExperiment final : public SelectionExperiment {
 public:
  explicit ArgmaxExperiment(const Storage3& storage) : SelectionExperiment(storage, false) {}

 protected:
  std::optional<Selected> select(const View& x, std::int64_t, Operands& memory, const KernelRow& row,
                                 Stream& stream) const override {
    const View indices = memory.result(DType::i32, {x.shape[0]});
    if (!launch(row, stream, Argmax{.x = x, .indices = indices})) return std::nullopt;
    return Selected{indices, {}};
  }
};

class TopKExperiment final : public SelectionExperiment {
 public:
  explicit TopKExperiment(const Storage3& storage) : SelectionExperiment(storage, true) {}

 protected:
  std::optional<Selected> select(const View& x, std::int64_t k, Operands& memory, const KernelRow& row,
                                 Stream& stream) const override {
    const View values = memory.result(storage(), {x.shape[0], k}), indices = memory.result(DType::i32, {x.shape[0], k});
    if (!launch(row, stream, TopK{.x = x, .values = values, .indices = indices})) return std::nullopt;
    return Selected{indices, values};
  }
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Argmax>(const Storage3& storage) {
  return std::make_unique<ArgmaxExperiment>(storage);
}
template <>
std::unique_ptr<Experiment> make_experiment<TopK>(const Storage3& storage) {
  return std::make_unique<TopKExperiment>(storage);
}

}  // namespace candor::prove
