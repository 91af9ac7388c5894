// softmax: exponentials within the error that a kernel may have, pushed through the sum and the division.
#include <algorithm>

#include "prove/canary_search.h"
#include "prove/norm/row_sums.h"
#include "prove/value/unary_function.h"

namespace candor::prove {
namespace {

constexpr double kMasked = -std::numeric_limits<double>::infinity();

struct SoftmaxCanary {
  Canary text;
  Values x;
  std::size_t at = 0;
};

/// e^(x - max): nothing where x is masked, exactly 1 at the maximum.
Prediction exponential(double difference) {
  if (difference == 0) return exactly(1);
  if (difference == kMasked) return exactly(0);
  return function_range(UnaryKind::exp, difference);
}

/// As every row has few different values, each exponential is formed once.
class Exponentials {
 public:
  Exponentials(const Arithmetic& arithmetic, const ValuePath& path, double maximum)
      : arithmetic_(arithmetic), path_(path), maximum_(maximum) {}
  const Prediction& of(double x) {
    for (const auto& [value, range] : known_)
      if (value == x) return range;
    const Prediction e = exponential(x - maximum_);
    const auto end = [&](double value) {
      const bool f32 = path_.smallest_normal() == 0x1p-126;  // where all is f16 the exponentials still are f32
      return round_to(arithmetic_.inner, f32 ? path_.flushed(arithmetic_, value) : value);
    };
    return known_.emplace_back(x, Prediction{end(e.low), end(e.high)}).second;
  }

 private:
  const Arithmetic& arithmetic_;
  const ValuePath& path_;
  double maximum_;
  std::vector<std::pair<double, Prediction>> known_;
};

class SoftmaxModel {
 public:
  explicit SoftmaxModel(const Storage3& storage) : storage_(storage), path_(storage) {}

  Prediction predict(const SoftmaxCanary& canary, const Arithmetic& a) const {
    Values x;
    for (const double value : canary.x) x.push_back(path_.entering(a, a.entry_a, value));
    const double maximum = *std::max_element(x.begin(), x.end());
    const bool spoiled = std::isinf(maximum) || std::any_of(x.begin(), x.end(), [](double v) { return std::isnan(v); });
    if (spoiled) return row_result(a, storage_.out, path_, exactly(std::nan("")));
    Exponentials exponentials(a, path_, maximum);
    Values low, high;
    for (const double value : x) {
      const Prediction e = exponentials.of(value);
      low.push_back(e.low);
      high.push_back(e.high);
    }
    const Values ones(x.size(), 1.0);
    const double least = row_sum(a, low, ones), most = row_sum(a, high, ones);
    return row_result(a, storage_.out, path_, share(exponentials.of(x[canary.at]), least, most));
  }

 private:
  /// A quotient of exact values is rounded once; otherwise a kernel may multiply by the reciprocal.
  static Prediction share(const Prediction& e, double least, double most) {
    if (e.low == e.high && least == most) return exactly(e.low / least);
    return {e.low / most * (1 - 0x1p-23), e.high / least * (1 + 0x1p-23)};
  }

  Storage3 storage_;
  ValuePath path_;
};

SoftmaxCanary alike(std::size_t columns, double value) {
  const std::string text = std::to_string(columns) + " times " + text_of(value);
  return {{text, "x = " + text}, Values(columns, value)};
}

/// v, top, u and a masked value, over and over; a tail that sixteen does not divide.
SoftmaxCanary repeated(std::size_t columns, double v, double top, double u) {
  const std::string text = "C = " + std::to_string(columns) + ", x = " + text_of(v) + ", " + text_of(top) + ", " +
                           text_of(u) + " and -inf, over and over";
  SoftmaxCanary canary{{text, text}, {}};
  const double values[] = {v, top, u, kMasked};
  for (std::size_t i = 0; i < columns; ++i) canary.x.push_back(values[i % 4]);
  return canary;
}

/// Ones and small exponentials in one partial sum, whichever way the 64 columns between two of them are dealt out: the
/// small ones are lost, one by one, in a format that is too narrow.
SoftmaxCanary stalling(const std::string& name, std::size_t ones, std::size_t count, double small) {
  const std::size_t columns = 64 * (ones + count);
  const std::string input = "C = " + std::to_string(columns) + ", x = " + std::to_string(ones) + " times 0, then " +
                            std::to_string(count) + " times " + text_of(small) +
                            ", at every 64th column, -inf elsewhere";
  SoftmaxCanary canary{{name, input}, Values(columns, kMasked)};
  for (std::size_t i = 0; i < ones + count; ++i) canary.x[64 * i] = i < ones ? 0 : small;
  return canary;
}

/// 1/657 and 1/73 lie just above a tie of bf16 and of f16, and below it when the sum holds the small ones as well.
SoftmaxCanary stalling_in_f32(DType out) {
  const std::string name = "small exponentials that f32 loses";
  if (out == DType::bf16) return stalling(name, 657, 130, -10.5);
  return out == DType::f16 ? stalling(name, 73, 130, -12.5) : stalling(name, 1, 63, -17.5);
}

std::vector<SoftmaxCanary> stalling_rows(DType out) {
  return {stalling("small exponentials that bf16 loses", 1, 63, -6.5),
          stalling("small exponentials that f16 loses", 1, 255, -8.5), stalling_in_f32(out)};
}

double some_value(DType dtype, Choices& choose) {
  const double full = std::ldexp(choose.below(1u << 23), -23) * choose.of({1, 2, 4, 8, 16});
  return -round_to(dtype, full, Rounding::toward_zero);
}

std::vector<SoftmaxCanary> chosen_rows(DType dtype) {
  std::vector<SoftmaxCanary> all;
  for (const std::size_t columns : {3, 7, 24, 37, 40, 49, 1}) all.push_back(alike(columns, 1));
  for (const double v :
       {-1 - 0x1p-7, -1 - 0x1p-9, -1 - 0x1p-10, -1 - 0x1p-12, -5.0, -12.0, -13.0, -15.0, -30.0, -89.0, -95.0})
    for (const double top : {0.0, 1.0}) all.push_back(repeated(39, v, top, kMasked));
  all.push_back(repeated(39, 0x1p17 - 0x1p10, 0x1p17, kMasked));
  all.push_back(repeated(39, 0x1p17 - 4, 0x1p17, kMasked));
  Choices choose(11);
  for (int i = 0; i < 500; ++i) {
    const double v = some_value(dtype, choose), u = some_value(dtype, choose);
    const std::size_t columns = std::size_t{23} + 16 * choose.below(3);
    all.push_back(repeated(columns, v, choose.of({0, 0, 1, 4}), i % 3 == 0 ? kMasked : u));
  }
  std::erase_if(all, [&](const SoftmaxCanary& canary) {
    const double top = *std::max_element(canary.x.begin(), canary.x.end());
    return !std::all_of(canary.x.begin(), canary.x.end(), [&](double x) {
      return holds(dtype, x) && (x == kMasked || round_to(DType::f32, x - top) == x - top);
    });
  });
  return all;
}

/// What only exponentials of x - max can be formed of.
std::vector<SoftmaxCanary> far_rows() { return {repeated(39, 992, 1000, kMasked), alike(24, -1000)}; }

std::vector<SoftmaxCanary> nan_rows() {
  SoftmaxCanary there = alike(24, 1), elsewhere = there;
  there.x[0] = std::nan("");
  elsewhere.x[17] = std::nan("");
  there.text = {"NaN where one looks", "24 times 1, but for x[0]"};
  elsewhere.text = {"NaN elsewhere", "24 times 1, but for x[17]"};
  return {there, elsewhere};
}

class SoftmaxExperiment final : public Experiment {
 public:
  explicit SoftmaxExperiment(const Storage3& storage) : storage_(storage), model_(storage) {
    std::vector<SoftmaxCanary> pool = stalling_rows(storage.out);
    const std::size_t stalls = pool.size();
    for (const SoftmaxCanary& canary : chosen_rows(storage.a)) pool.push_back(canary);
    const auto predict_row = [&](std::size_t at, const Arithmetic& a) { return model_.predict(pool[at], a); };
    for (const std::size_t at :
         telling_candidates(pool.size(), one_change_apart(considered(storage), asked()), predict_row))
      if (at >= stalls) canaries_.push_back(pool[at]);
    for (const auto& more : {far_rows(), nan_rows()}) canaries_.insert(canaries_.end(), more.begin(), more.end());
    for (std::size_t at = 0; at < stalls; ++at) canaries_.push_back(pool[at]);
  }

  Questions asked() const override {
    return kEntryA | kInner | kAccumulate | kBeforeOut | kRounding | kSubnormals | kNan;
  }
  Order usual_order() const override { return Order::sixteen_lanes; }
  /// Which way ties go cannot be seen: a share that is exact is a power of two or no tie.
  std::vector<Arithmetic> considered(const Storage3& storage) const override {
    std::vector<Arithmetic> all = row_hypotheses(storage, asked());
    std::erase_if(all, [](const Arithmetic& a) { return a.rounding == Rounding::half_away; });
    return all;
  }
  std::size_t size() const override { return canaries_.size(); }
  const Canary& canary(std::size_t i) const override { return canaries_[i].text; }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override {
    return model_.predict(canaries_[i], arithmetic);
  }
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override {
    const SoftmaxCanary& canary = canaries_[i];
    std::vector<std::size_t> columns = {canary.at};
    for (std::size_t c = 0; c < canary.x.size(); ++c)
      if (c != canary.at && exactly(canary.x[canary.at]).contains(canary.x[c])) columns.push_back(c);
    std::vector<Result> results;
    for (const std::int64_t rows : {1, 3}) {
      Operands memory;
      const std::int64_t gap = rows == 1 ? 0 : 5;
      Softmax args;
      args.x = rows_apart(memory, storage_.a, rows, gap, canary.x);
      args.y = result_rows_apart(memory, storage_.out, rows, static_cast<std::int64_t>(canary.x.size()), gap);
      if (launch(row, stream, args)) collect_columns(args.y, columns, rows == 1 ? "1 row" : "3 rows apart", results);
    }
    return results;
  }

 private:
  Storage3 storage_;
  SoftmaxModel model_;
  std::vector<SoftmaxCanary> canaries_;
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Softmax>(const Storage3& storage) {
  return std::make_unique<SoftmaxExperiment>(storage);
}

}  // namespace candor::prove
