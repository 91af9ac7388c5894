// unary: every function in one experiment.
#include <algorithm>

#include "prove/canary_search.h"
#include "prove/random.h"
#include "prove/value/unary_codes.h"

namespace candor::prove {
namespace {

struct UnaryCanary {
  Canary text;
  UnaryKind kind;
  double x = 0;
  bool nans = false;      // all NaNs of the storage instead of x; the result is how many come out right
  UnaryCodes codes = {};  // if any, these instead of x: the same
};

/// Arguments of every size, simple ones first, then some with many bits.
Values arguments(DType dtype) {
  Values values = {-12, -17, -20, 11.25, 88, -88.5, -95, -100};
  for (const double mantissa : {1.0, 1.5, 1 + 0x1p-7, 1 + 0x1p-9, 1 + 0x1p-10, 1 + 0x1p-12, widest_value(dtype)})
    for (const int exponent : {0, 1, -1, 2, -2, 3, -3, -5, -8, -12, -16, -20, -24, -30, -130, -140, 5, 12, 17, 40, 100})
      for (const double sign : {1.0, -1.0}) values.push_back(sign * std::ldexp(mantissa, exponent));
  std::uint32_t state = 1;
  for (int i = 0; i < 80; ++i) {
    state = state * 1664525u + 1013904223u;
    const double mantissa = round_to(dtype, 1 + std::ldexp(state >> 9, -23), Rounding::toward_zero);
    values.push_back(std::ldexp(i % 2 == 0 ? mantissa : -mantissa, i % 8 - 5));
  }
  std::erase_if(values, [&](double value) { return !holds(dtype, value); });
  return values;
}

/// Two that no hypothesis asks for. Of a size that no function takes to the ends of f32 or to its subnormals.
Values drawn_arguments(const Storage3& storage, UnaryKind kind) {
  Random random(storage.seed, "arguments of " + name_of(kind));
  Values values;
  for (int i = 0; i < 2; ++i) {
    const double mantissa = 1 + std::ldexp(static_cast<double>(random.bits() >> 12), -52);
    const double value = round_to(storage.a, std::ldexp(mantissa, random.between(-6, 2)), Rounding::toward_zero);
    values.push_back(takes_negative(kind) && random.bits() & 1 ? -value : value);
  }
  return values;
}

/// What a NaN gives: "that NaN, quiet: neg flips its sign and abs clears it".
std::uint64_t expected_nan(UnaryKind kind, DType dtype, std::uint64_t code) {
  code = quieted(dtype, code);
  if (kind == UnaryKind::neg) return code ^ sign_bit(dtype);
  return kind == UnaryKind::abs ? code & ~sign_bit(dtype) : code;
}

class UnaryExperiment final : public Experiment {
 public:
  explicit UnaryExperiment(const Storage3& storage) : storage_(storage), path_(storage) {
    for (const UnaryKind kind : kUnaryKinds) add_canaries(kind);
    for (const UnaryKind kind : kUnaryKinds) {  // last: they tell no hypotheses apart
      UnaryCodes codes = unary_codes(storage, kind);
      canaries_.push_back({{name_of(kind) + " of many numbers", codes.input}, kind, 0, false, std::move(codes)});
    }
  }

  Questions asked() const override { return kEntryA | kBeforeOut | kRounding | kSubnormals | kNan; }
  /// Which way ties go cannot be seen: no root of a number is a tie of the number's own format, and the functions that
  /// have an error never promise to hit one.
  std::vector<Arithmetic> considered(const Storage3& storage) const override {
    std::vector<Arithmetic> all = hypotheses(storage, asked(), usual_order());
    std::erase_if(all, [](const Arithmetic& a) { return a.rounding == Rounding::half_away; });
    return all;
  }
  std::size_t size() const override { return canaries_.size(); }
  const Canary& canary(std::size_t i) const override { return canaries_[i].text; }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override {
    const UnaryCanary& canary = canaries_[i];
    if (canary.nans) return nans_kept(arithmetic, nan_codes(storage_.a).size());
    if (canary.codes.size() > 0) return right_codes(canary.codes, arithmetic);
    return value_of(canary.kind, canary.x, arithmetic);
  }
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override {
    const UnaryCanary& canary = canaries_[i];
    if (canary.nans) return run_nans(canary.kind, row, stream);
    if (canary.codes.size() > 0) return run_codes(canary, row, stream);
    std::vector<Result> results;
    run_places(canary.kind, encode(storage_.a, canary.x), row, stream, results);
    return results;
  }

 private:
  Prediction value_of(UnaryKind kind, double x, const Arithmetic& a) const {
    const double entered = path_.entering(a, a.entry_a, x);
    if (!moves_bits(kind)) return path_.leaving(a, function_range(kind, entered));
    const double kept = round_to(a.entry_a, x);
    return path_.moving(a, function_range(kind, entered).low, function_range(kind, kept).low);
  }

  /// All of them by plain arithmetic. What others make of them other canaries say.
  static Prediction right_codes(const UnaryCodes& codes, const Arithmetic& a) {
    const auto all = static_cast<double>(codes.size());
    const bool plain = a.entry_a == DType::any && a.before_out == DType::any && a.rounding == Rounding::nearest_even;
    return {plain ? all : 0, all};
  }

  void add_canaries(UnaryKind kind) {
    Values pool = arguments(storage_.a);
    const double subnormal = path_.smallest_normal() / 16;
    std::erase_if(pool, [&](double x) {  // relu of what may be -0: either zero is right
      return x < 0 && (!takes_negative(kind) || (kind == UnaryKind::relu && -x < path_.smallest_normal()));
    });
    pool.insert(pool.begin(), {subnormal, widest_value(storage_.a)});  // both stay, whatever they tell
    std::vector<std::size_t> chosen =
        telling_candidates(pool.size(), considered(storage_),
                           [&](std::size_t at, const Arithmetic& a) { return value_of(kind, pool[at], a); });
    for (const std::size_t at : {std::size_t{1}, std::size_t{0}})
      if (std::find(chosen.begin(), chosen.end(), at) == chosen.end()) chosen.insert(chosen.begin(), at);
    Values arguments_used;
    for (const std::size_t at : chosen) arguments_used.push_back(pool[at]);
    for (const double x : drawn_arguments(storage_, kind)) arguments_used.push_back(x);
    for (const double x : arguments_used)
      canaries_.push_back({{name_of(kind) + " of " + text_of(x), "x = " + text_of(x)}, kind, x});
    canaries_.push_back({{"NaNs that " + name_of(kind) + " keeps",
                          "x = a quiet NaN, one with its sign set, one with a payload, a signalling one"},
                         kind,
                         0,
                         true});
  }

  std::vector<Result> run_nans(UnaryKind kind, const KernelRow& row, Stream& stream) const {
    int kept = 0;
    for (const std::uint64_t code : nan_codes(storage_.a)) {
      Operands memory;
      const View x = filled(memory, storage_.a, {kColumns}, code), y = memory.result(storage_.out, {kColumns});
      if (!launch(row, stream, Unary{.x = x, .y = y, .kind = kind})) return {};
      bool right = true;
      for (std::int64_t at = 0; at < kColumns; ++at)
        right = right && code_at(y, at) == expected_nan(kind, storage_.out, code);
      kept += right ? 1 : 0;
    }
    return {{"", static_cast<double>(kept)}};
  }

  std::vector<Result> run_codes(const UnaryCanary& canary, const KernelRow& row, Stream& stream) const {
    Operands memory;
    const auto count = static_cast<std::int64_t>(canary.codes.size());
    const View x = memory.result(storage_.a, {count}), y = memory.result(storage_.out, {count});
    for (std::int64_t i = 0; i < count; ++i) set_code(x, i, canary.codes.codes[static_cast<std::size_t>(i)]);
    if (!launch(row, stream, Unary{.x = x, .y = y, .kind = canary.kind})) return {};
    std::int64_t right = 0;
    std::string first;
    for (std::int64_t i = 0; i < count; ++i) {
      const double value = decode(y.dtype, code_at(y, i));
      if (canary.codes.right[static_cast<std::size_t>(i)].contains(value))
        ++right;
      else if (first.empty())
        first = "the first wrong one: " + text_of(decode(x.dtype, code_at(x, i))) + " gives " + text_of(value);
    }
    return {{first, static_cast<double>(right)}};
  }

  void run_places(UnaryKind kind, std::uint64_t code, const KernelRow& row, Stream& stream,
                  std::vector<Result>& results) const {
    const auto add = [&](const View& x, const View& y, const std::string& place) {
      if (launch(row, stream, Unary{.x = x, .y = y, .kind = kind})) collect(y, place, results);
    };
    Operands memory;
    add(filled(memory, storage_.a, {kColumns}, code), memory.result(storage_.out, {kColumns}), "37 elements");
    add(filled(memory, storage_.a, {1}, code), memory.result(storage_.out, {1}), "1 element");
    add(every_second(memory, storage_.a, kColumns, code), every_second(memory, storage_.out, kColumns, 0),
        "every second element");
  }

  Storage3 storage_;
  ValuePath path_;
  std::vector<UnaryCanary> canaries_;
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Unary>(const Storage3& storage) {
  return std::make_unique<UnaryExperiment>(storage);
}

}  // namespace candor::prove
