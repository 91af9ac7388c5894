// attention: decode and prefill, heads alone and in groups, narrow and wide, keys in every block and chunk.
#include <algorithm>
#include <limits>

#include "prove/attention/attention_addresses.h"
#include "prove/attention/attention_canaries.h"
#include "prove/value/value_path.h"

namespace candor::prove {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// One run: every query is the same, and sees the canary's keys among others whose weight is
/// exp(-1024 scale), which is none.
struct Place {
  std::int64_t batches, tokens, heads, kv_heads, dim;
  std::int64_t before, after;  // keys without weight; causal: each query but the last misses some of those after
  bool causal;
  bool only_maximum_late = false;  // the chunk ends among the keys: other sums have another order there

  /// The last column tells keys without weight from the canary's.
  bool has_room_for(const AttentionProblem& problem) const {
    return static_cast<std::int64_t>(problem.q.size()) <= (before + after > 0 ? dim - 1 : dim);
  }
  std::string text() const {
    return "T=" + std::to_string(tokens) + (causal ? "" : ", all keys seen") + ", heads " + std::to_string(heads) +
           "/" + std::to_string(kv_heads) + ", D=" + std::to_string(dim) + ", from key " + std::to_string(before);
  }
};

constexpr Place kPlaces[] = {
    {1, 1, 1, 1, 2, 0, 0, true},
    {1, 1, 4, 2, 80, 6, 3, true},
    {1, 3, 2, 1, 64, kAttentionBlock - 2, 2, true},
    {2, 2, 2, 2, 64, 0, 1, false},
    {1, 1, 1, 1, 8, kAttentionChunk, 0, true},
    {1, 1, 2, 1, 8, kAttentionChunk - 2, 0, true, true},
    {1, 5, 2, 1, 2, kAttentionChunk - 2, 4, true, true},
    {1, 9, 4, 2, 80, 0, 8, true},
    {1, 7, 1, 1, 8, kAttentionChunk, 6, true},
    {1, 33, 3, 1, 8, 0, 32, true},
};

Values repeated(const Values& row, std::int64_t times) {
  Values all;
  for (std::int64_t i = 0; i < times; ++i) all.insert(all.end(), row.begin(), row.end());
  return all;
}

struct KeyRows {
  Values k, v;  // [S][D] of one head
};

KeyRows key_rows(const Place& place, const AttentionProblem& problem) {
  const auto dim = static_cast<std::size_t>(place.dim);
  Values weightless(dim, 0.0);
  weightless.back() = -1024;
  KeyRows rows{repeated(weightless, place.before), Values(static_cast<std::size_t>(place.before) * dim, 0.0)};
  for (std::size_t i = 0; i < problem.k.size(); ++i) {
    Values key = problem.k[i];
    key.resize(dim, 0.0);
    rows.k.insert(rows.k.end(), key.begin(), key.end());
    rows.v.insert(rows.v.end(), dim, problem.v[i]);
  }
  const Values after = repeated(weightless, place.after);
  rows.k.insert(rows.k.end(), after.begin(), after.end());
  rows.v.resize(rows.k.size(), 0.0);
  return rows;
}

/// [S][D] → [B, S, heads, D], all heads alike.
Values for_heads(const Place& place, const Values& rows, std::int64_t heads) {
  Values all;
  const auto dim = static_cast<std::ptrdiff_t>(place.dim);
  for (std::int64_t b = 0; b < place.batches; ++b)
    for (auto row = rows.begin(); row != rows.end(); row += dim)
      for (std::int64_t h = 0; h < heads; ++h) all.insert(all.end(), row, row + dim);
  return all;
}

/// As Operands::place; NaNs are those of this code. 0: any.
View placed(Operands& memory, DType dtype, const std::vector<std::int64_t>& shape, const Values& values,
            std::uint64_t nan_code) {
  const View all = memory.place(dtype, shape, values);
  for (std::size_t i = 0; i < values.size() && nan_code != 0; ++i)
    if (std::isnan(values[i])) set_code(all, static_cast<std::int64_t>(i), nan_code);
  return all;
}

Attention arguments(const Storage3& storage, const Place& place, const AttentionProblem& problem,
                    std::uint64_t nan_code, Operands& memory) {
  Values query = problem.q;
  query.resize(static_cast<std::size_t>(place.dim), 0.0);
  if (place.before + place.after > 0) query.back() = 1;
  const KeyRows rows = key_rows(place, problem);
  const auto keys = static_cast<std::int64_t>(rows.k.size()) / place.dim;
  const std::vector<std::int64_t> q_shape = {place.batches, place.tokens, place.heads, place.dim};
  const std::vector<std::int64_t> kv_shape = {place.batches, keys, place.kv_heads, place.dim};
  const Values queries = repeated(query, place.batches * place.tokens * place.heads);
  return {.q = placed(memory, storage.a, q_shape, queries, nan_code),
          .k = placed(memory, storage.b, kv_shape, for_heads(place, rows.k, place.kv_heads), nan_code),
          .v = placed(memory, storage.b, kv_shape, for_heads(place, rows.v, place.kv_heads), nan_code),
          .y = memory.result(storage.out, q_shape),
          .scale = static_cast<float>(problem.scale),
          .causal = place.causal};
}

/// Every element of y as one dimension.
View flat(View y) {
  y.shape[0] = y.elements();
  y.stride[0] = 1;
  y.rank = 1;
  return y;
}

struct PlantedNan {
  const char* where;
  DType dtype;
  AttentionProblem problem;
};

std::vector<PlantedNan> planted_nans(const Storage3& storage) {
  return {{"q", storage.a, {1, {kNaN}, {{1}, {1}}, {1, 1}}},
          {"k", storage.b, {1, {1}, {{1}, {kNaN}}, {1, 1}}},
          {"v", storage.b, {1, {1}, {{1}, {1}}, {1, kNaN}}}};
}

/// What the canaries are chosen to tell apart: at most one answer other than in plain arithmetic, with and without f64
/// and flushing.
bool is_single(const Arithmetic& arithmetic, Questions asked) {
  Arithmetic start;
  start.flushes = arithmetic.flushes;
  if (distance(start, arithmetic, asked) <= 1) return true;
  start.accumulate = start.score_sum = start.weight_sum = DType::f64;
  return distance(start, arithmetic, asked) <= 1;
}

class AttentionExperiment final : public Experiment {
 public:
  explicit AttentionExperiment(const Storage3& storage) : storage_(storage), considered_(all_hypotheses()) {
    std::vector<Arithmetic> singles = considered_;
    std::erase_if(singles, [&](const Arithmetic& a) { return !is_single(a, asked()); });
    canaries_ = attention_canaries(storage, singles);
    for (const PlantedNan& nan : planted_nans(storage)) nans_ += nan_codes(nan.dtype).size();
    for (const AddressCase& at : kAddressCases) address_texts_.push_back(at.text());
  }

  Questions asked() const override {
    const Questions always = kEntryA | kEntryB | kEntryC | kScoreProduct | kScoreSum | kScores | kProduct | kInner |
                             kAccumulate | kWeightSum | kBeforeOut | kRounding | kNan | kOrder;
    const bool subnormals =
        has_subnormal_f32(storage_.a) || has_subnormal_f32(storage_.b) || has_subnormal_f32(storage_.out);
    return subnormals ? always | kSubnormals : always;
  }
  std::vector<Arithmetic> considered(const Storage3&) const override { return considered_; }
  std::size_t size() const override { return canaries_.size() + 1 + address_texts_.size(); }
  const Canary& canary(std::size_t i) const override {
    if (is_address(i)) return address_texts_[address_of(i)];
    return i < canaries_.size() ? canaries_[i].text : nan_text_;
  }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override {
    if (is_address(i)) return exactly(static_cast<double>(kAddressCases[address_of(i)].elements()));
    if (i == canaries_.size()) return nans_kept(arithmetic, nans_);
    return attention_range(arithmetic, storage_.out, canaries_[i].problem);
  }
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override {
    std::vector<Result> results;
    if (is_address(i)) {
      if (const auto right = right_elements(kAddressCases[address_of(i)], storage_, row, stream))
        results.push_back(*right);
      return results;
    }
    for (const Place& place : kPlaces) {
      if (i == canaries_.size()) {
        run_nans(place, row, stream, results);
        continue;
      }
      const AttentionCanary& canary = canaries_[i];
      if (!place.has_room_for(canary.problem) || (place.only_maximum_late && !canary.maximum_late)) continue;
      Operands memory;
      const Attention args = arguments(storage_, place, canary.problem, 0, memory);
      if (launch(row, stream, args)) collect(flat(args.y), place.text(), results);
    }
    return results;
  }

 private:
  bool is_address(std::size_t i) const { return i > canaries_.size(); }
  std::size_t address_of(std::size_t i) const { return i - canaries_.size() - 1; }

  /// Products with P are never asked whether f32 holds them: no one knows the last bit of an exp.
  std::vector<Arithmetic> all_hypotheses() const {
    std::vector<Arithmetic> all = hypotheses(storage_, asked(), usual_order());
    std::erase_if(all, [](const Arithmetic& a) { return a.product == DType::f32; });
    return all;
  }

  /// One result: how many of the NaNs make a NaN of every element of y.
  void run_nans(const Place& place, const KernelRow& row, Stream& stream, std::vector<Result>& results) const {
    std::size_t kept = 0;
    std::string lost;
    for (const PlantedNan& nan : planted_nans(storage_))
      for (const std::uint64_t code : nan_codes(nan.dtype)) {
        Operands memory;
        const Attention args = arguments(storage_, place, nan.problem, code, memory);
        if (!launch(row, stream, args)) return;
        const Values y = values_of(flat(args.y));
        if (std::all_of(y.begin(), y.end(), [](double value) { return std::isnan(value); }))
          ++kept;
        else if (lost.find(nan.where) == std::string::npos)
          lost += (lost.empty() ? "; lost from " : ", ") + std::string(nan.where);
      }
    results.push_back({place.text() + lost, static_cast<double>(kept)});
  }

  Storage3 storage_;
  std::vector<Arithmetic> considered_;
  std::vector<AttentionCanary> canaries_;
  std::vector<Canary> address_texts_;
  std::size_t nans_ = 0;
  Canary nan_text_ = {"NaNs in q, k and v",
                      "a quiet NaN, one with its sign set, one with a payload, a signalling one, in q, in k and in v"};
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Attention>(const Storage3& storage) {
  return std::make_unique<AttentionExperiment>(storage);
}

}  // namespace candor::prove
