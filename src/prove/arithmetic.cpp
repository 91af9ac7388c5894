#include "prove/arithmetic.h"

#include <algorithm>
#include <functional>

namespace candor::prove {
namespace {

std::string rounded_in(DType dtype) {
  return dtype == DType::any ? "as it is" : "rounded to " + std::string(dtype_name(dtype));
}

std::string name_of(Rounding rounding) {
  switch (rounding) {
    case Rounding::nearest_even:
      return "nearest, ties to even";
    case Rounding::toward_zero:
      return "truncated";
    case Rounding::half_away:
      return "nearest, ties away from zero";
  }
  return "";
}

std::string name_of(Order order) {
  switch (order) {
    case Order::odd_first:
      return "pairs of k, odd element first";
    case Order::rising:
      return "k rising";
    case Order::halves_apart:
      return "halves of k apart";
    case Order::sixteen_lanes:
      return "sixteen partial sums";
  }
  return "";
}

using Change = std::function<void(Arithmetic&)>;

/// Collects the single changes that the storage lets be changes at all.
class Changes {
 public:
  Changes(const Storage3& storage, Questions asked) : storage_(storage), asked_(asked) {}

  void roundings(Question question, DType Arithmetic::*field, DType inner, std::initializer_list<DType> dtypes) {
    if (!(asked_ & question)) return;
    for (const DType dtype : dtypes)
      if (inner == DType::any || !holds_all(dtype, inner)) all.push_back([=](Arithmetic& a) { a.*field = dtype; });
  }
  template <class T>
  void values(Question question, T Arithmetic::*field, std::initializer_list<T> options, T usual) {
    if (!(asked_ & question)) return;
    for (const T option : options)
      if (option != usual) all.push_back([=](Arithmetic& a) { a.*field = option; });
  }
  const Storage3& storage() const { return storage_; }

  std::vector<Change> all;

 private:
  Storage3 storage_;
  Questions asked_;
};

/// True when f32 holds every product of the operands.
bool products_fit_f32(const Storage3& storage) {
  return significant_bits(storage.a) + significant_bits(storage.b) <= 24;
}

std::vector<Change> single_changes(const Storage3& storage, Questions asked, Order usual_order) {
  Changes changes(storage, asked);
  using enum DType;
  changes.roundings(kEntryA, &Arithmetic::entry_a, storage.a, {bf16, f16, tf32});
  changes.roundings(kEntryB, &Arithmetic::entry_b, storage.b, {bf16, f16, tf32});
  changes.roundings(kEntryC, &Arithmetic::entry_c, storage.b, {bf16, f16, tf32});
  changes.roundings(kProduct, &Arithmetic::product, any, {bf16, f16});
  changes.roundings(kScoreProduct, &Arithmetic::score_product, any, {bf16, f16});
  if (!products_fit_f32(storage)) {
    changes.roundings(kProduct, &Arithmetic::product, any, {f32});
    changes.roundings(kScoreProduct, &Arithmetic::score_product, any, {f32});
  }
  changes.values(kScoreSum, &Arithmetic::score_sum, {bf16, f16, f64}, f32);
  changes.roundings(kScores, &Arithmetic::scores, any, {bf16, f16});
  changes.values(kWeightSum, &Arithmetic::weight_sum, {bf16, f16}, f32);
  changes.roundings(kInner, &Arithmetic::inner, any, {bf16, f16});
  changes.values(kAccumulate, &Arithmetic::accumulate, {bf16, f16}, f32);
  for (const DType dtype : {bf16, f16})
    if (dtype != storage.out) changes.roundings(kBeforeOut, &Arithmetic::before_out, any, {dtype});
  changes.values(kRounding, &Arithmetic::rounding, {Rounding::toward_zero, Rounding::half_away},
                 Rounding::nearest_even);
  changes.values(kNan, &Arithmetic::loses_nan, {true}, false);
  changes.values(kStore, &Arithmetic::skips_store, {true}, false);
  changes.values(kOrder, &Arithmetic::order,
                 {Order::odd_first, Order::rising, Order::halves_apart, Order::sixteen_lanes}, usual_order);
  return changes.all;
}

/// The two answers that honest kernels differ in: every combination is a start of its own.
std::vector<Arithmetic> starts(Questions asked, Order usual_order) {
  Arithmetic plain;
  plain.order = usual_order;
  std::vector<Arithmetic> all = {plain};
  const auto doubled = [&](auto change) {
    const std::vector<Arithmetic> before = all;
    for (Arithmetic a : before) {
      change(a);
      all.push_back(a);
    }
  };
  if (asked & kAccumulate)
    doubled([&](Arithmetic& a) {
      a.accumulate = DType::f64;
      if (asked & kScoreSum) a.score_sum = DType::f64;
      if (asked & kWeightSum) a.weight_sum = DType::f64;
    });
  if (asked & kSubnormals) doubled([](Arithmetic& a) { a.flushes = true; });
  return all;
}

}  // namespace

std::string question_text(Question question) {
  switch (question) {
    case kEntryA:
      return "first operand";
    case kEntryB:
      return "second operand";
    case kProduct:
      return "products";
    case kInner:
      return "between the steps";
    case kAccumulate:
      return "accumulation";
    case kBeforeOut:
      return "on the way out";
    case kRounding:
      return "result";
    case kSubnormals:
      return "subnormals";
    case kNan:
      return "NaN";
    case kOrder:
      return "order of the sum";
    case kStore:
      return "what is stored half-way";
    case kEntryC:
      return "third operand";
    case kScoreProduct:
      return "products of scores";
    case kScoreSum:
      return "accumulation of scores";
    case kScores:
      return "scores";
    case kWeightSum:
      return "sum of weights";
  }
  return "";
}

std::string answer(const Arithmetic& a, Question question) {
  switch (question) {
    case kEntryA:
      return rounded_in(a.entry_a);
    case kEntryB:
      return rounded_in(a.entry_b);
    case kProduct:
      return a.product == DType::any ? "exact" : rounded_in(a.product);
    case kInner:
      return rounded_in(a.inner);
    case kAccumulate:
      return std::string(dtype_name(a.accumulate));
    case kBeforeOut:
      return a.before_out == DType::any ? "direct" : "through " + std::string(dtype_name(a.before_out));
    case kRounding:
      return name_of(a.rounding);
    case kSubnormals:
      return a.flushes ? "flushed" : "kept";
    case kNan:
      return a.loses_nan ? "lost" : "kept";
    case kOrder:
      return name_of(a.order);
    case kStore:
      return a.skips_store ? "used before it is rounded" : "read back rounded";
    case kEntryC:
      return rounded_in(a.entry_c);
    case kScoreProduct:
      return a.score_product == DType::any ? "exact" : rounded_in(a.score_product);
    case kScoreSum:
      return std::string(dtype_name(a.score_sum));
    case kScores:
      return rounded_in(a.scores);
    case kWeightSum:
      return std::string(dtype_name(a.weight_sum));
  }
  return "";
}

std::string deviation(const Arithmetic& claimed, const Arithmetic& found, Questions asked) {
  std::string text;
  for (const Question question : kEveryQuestion) {
    if (!(asked & question)) continue;
    const std::string expected = answer(claimed, question), got = answer(found, question);
    if (expected == got) continue;
    text += (text.empty() ? "" : "; ") + question_text(question) + ": " + got + ", not " + expected;
  }
  return text;
}

int distance(const Arithmetic& x, const Arithmetic& y, Questions asked) {
  int differences = 0;
  for (const Question question : kEveryQuestion)
    differences += (asked & question) && answer(x, question) != answer(y, question) ? 1 : 0;
  return differences;
}

namespace {

/// A way of rounding the result, where sums are already of the result's format.
bool rounds_nothing(const Arithmetic& a, const Storage3& storage, Questions asked) {
  return a.rounding != Rounding::nearest_even && (asked & kAccumulate) && a.before_out == DType::any &&
         holds_all(storage.out, a.accumulate);
}

}  // namespace

std::vector<Arithmetic> hypotheses(const Storage3& storage, Questions asked, Order usual_order) {
  const std::vector<Change> changes = single_changes(storage, asked, usual_order);
  std::vector<Arithmetic> all;
  const auto add = [&](const Arithmetic& candidate) {
    if (std::find(all.begin(), all.end(), candidate) == all.end()) all.push_back(candidate);
  };
  for (const Arithmetic& start : starts(asked, usual_order)) {
    add(start);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      Arithmetic one = start;
      changes[i](one);
      if (rounds_nothing(one, storage, asked)) continue;
      add(one);
      for (std::size_t j = i + 1; j < changes.size(); ++j) {
        Arithmetic two = one;
        changes[j](two);
        if (rounds_nothing(two, storage, asked)) continue;
        add(two);
      }
    }
  }
  return all;
}

}  // namespace candor::prove
