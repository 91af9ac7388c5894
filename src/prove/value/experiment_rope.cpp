// rope: both results of a pair and the elements past 2R, in both styles.
#include <algorithm>

#include "prove/canary_search.h"
#include "prove/value/value_path.h"

namespace candor::prove {
namespace {

constexpr std::int64_t kTokens = 2, kHeads = 2, kPairs = 21, kDim = 2 * kPairs + 3;

/// One result of a pair is main · main_angle ± other · other_angle.
enum class Part { first, second, moved };

struct Rotation {
  double main, main_angle, other, other_angle;
};

struct RopeCanary {
  Canary text;
  Part part;
  Rotation rotation{};
  bool nans = false;
  bool places = false;  // other numbers everywhere; the result is how many come out wrong
};

std::string name_of(Part part) {
  switch (part) {
    case Part::first:
      return "a cos - b sin";
    case Part::second:
      return "b cos + a sin";
    case Part::moved:
      return "past 2R";
  }
  return "";
}

/// a, b, cos and sin of a rotation: the cosine goes with a in the first result and with b in the second.
struct Elements {
  double a, b, cos, sin;
};
Elements elements_of(Part part, const Rotation& r) {
  if (part == Part::second) return {r.other, r.main, r.main_angle, r.other_angle};
  return {r.main, r.other, r.main_angle, r.other_angle};
}

double rotated(Part part, double main_product, double other_product) {
  return part == Part::first ? main_product - other_product : main_product + other_product;
}

/// One product is none or both are exact in f32: it does not show which of them is fused with the sum, which no one
/// promises. The whole fits f64.
bool predictable(const Rotation& r) {
  const double main = r.main * r.main_angle, other = r.other * r.other_angle;
  if (main == 0 || other == 0) return main != 0 || other != 0;
  const double sum = main + other;
  return round_to(DType::f32, main) == main && round_to(DType::f32, other) == other && sum != 0 && main != other &&
         sum - main == other && sum - other == main;
}

std::vector<Rotation> pool(DType dtype) {
  std::vector<Rotation> all;
  const Values values = {
      1,      3,      1 + 0x1p-6, 1 + 0x1p-9, 1 + 0x1p-10, 1 + 0x1p-12, 1 + 0x1p-23, widest_value(dtype),
      0x1p17, 0x1p-8, 0x1p-14,    0x1p-18,    0x1p-24,     0x1p-30,     0x1p-130,    0x1p-120};
  const Values angles = {1,      -1,      0.5,     1 + 0x1p-6, 1 + 0x1p-9, 1 + 0x1p-12, 1 + 0x1p-23,
                         0x1p-8, 0x1p-11, 0x1p-14, 0x1p-24,    0x1p-30,    0x1p-130,    0x1p17};
  for (const double value : values)
    for (const double angle : angles) {
      all.push_back({value, angle, 0, 0});
      all.push_back({0, 0, value, angle});
      for (const double other : {1.0, 1 + 0x1p-6})
        for (const double other_angle : {1.0, -1.0, 0x1p-8, 0x1p-11, -0x1p-24})
          all.push_back({value, angle, other, other_angle});
    }
  std::erase_if(all,
                [&](const Rotation& r) { return !holds(dtype, r.main) || !holds(dtype, r.other) || !predictable(r); });
  return all;
}

/// Whole numbers so small that every step with them is exact, other angles for each token and pair.
double element_at(std::int64_t token, std::int64_t head, std::int64_t d) {
  return static_cast<double>(1 + (token + 2 * head + d) % 3);
}
double cos_at(std::int64_t token, std::int64_t pair) { return static_cast<double>(1 + pair + kPairs * token); }
double sin_at(std::int64_t token, std::int64_t pair) {
  return static_cast<double>(kPairs - (pair + 5 * token) % kPairs);
}

double rotated_at(RopeStyle style, std::int64_t token, std::int64_t head, std::int64_t d) {
  const double x = element_at(token, head, d);
  if (d >= 2 * kPairs) return x;
  const bool halves = style == RopeStyle::half_split, first = halves ? d < kPairs : d % 2 == 0;
  const std::int64_t pair = halves ? d % kPairs : d / 2, apart = halves ? kPairs : 1;
  const double other = element_at(token, head, first ? d + apart : d - apart) * sin_at(token, pair);
  return x * cos_at(token, pair) + (first ? -other : other);
}

class RopeExperiment final : public Experiment {
 public:
  explicit RopeExperiment(const Storage3& storage) : storage_{storage.a, DType::f32, storage.out}, path_(storage_) {
    for (const Part part : {Part::first, Part::second}) add_canaries(part);
    for (const double value : {1.0, path_.smallest_normal() / 16, widest_value(storage_.a), -0x1p-10})
      canaries_.push_back({{name_of(Part::moved) + ": " + text_of(value), "x = " + text_of(value)},
                           Part::moved,
                           {value, 1 + 0x1p-12, value, 0.5}});
    for (const Part part : {Part::first, Part::second, Part::moved})
      canaries_.push_back({{"NaNs in x, " + name_of(part),
                            "x = a quiet NaN, one with its sign set, one with a payload, a signalling one"},
                           part,
                           {},
                           true});
    canaries_.push_back({{"each pair and its angles",
                          "whole numbers, cos = 1 + pair + 21 token, sin = 21 - (pair + 5 token) mod 21; the result is "
                          "how many elements are wrong"},
                         Part::moved,
                         {},
                         false,
                         true});
  }

  Questions asked() const override { return kEntryA | kEntryB | kInner | kBeforeOut | kRounding | kSubnormals | kNan; }
  /// The second operand is the tables, which are f32 whatever the row says of its second storage.
  std::vector<Arithmetic> considered(const Storage3&) const override {
    return hypotheses(storage_, asked(), usual_order());
  }
  std::size_t size() const override { return canaries_.size(); }
  const Canary& canary(std::size_t i) const override { return canaries_[i].text; }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override {
    const RopeCanary& canary = canaries_[i];
    if (canary.nans) return kept_nans(canary.part, arithmetic);
    if (canary.places) return exactly(0);
    return canary.part == Part::moved ? moved(canary.rotation.main, arithmetic)
                                      : predicted(canary.part, canary.rotation, arithmetic);
  }
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override {
    const RopeCanary& canary = canaries_[i];
    if (canary.places) return run_each_pair(row, stream);
    std::vector<Result> results;
    if (!canary.nans) {
      const Elements e = elements_of(canary.part, canary.rotation);
      run_places(canary.part, e, {encode(storage_.a, e.a), encode(storage_.a, e.b)}, row, stream, results);
      return results;
    }
    int kept = 0;
    for (const std::uint64_t code : nan_codes(storage_.a)) {
      std::vector<Result> seen;
      run_places(canary.part, {1, 1, 0.5, 0.5}, {code, code}, row, stream, seen);
      if (seen.empty()) return {};
      kept += std::all_of(seen.begin(), seen.end(), [](const Result& r) { return std::isnan(r.value); }) ? 1 : 0;
    }
    results.push_back({"", static_cast<double>(kept)});
    return results;
  }

 private:
  struct Codes {
    std::uint64_t a, b;
  };

  Prediction predicted(Part part, const Rotation& r, const Arithmetic& a) const {
    const auto product = [&](double value, double angle) {
      const double exact = path_.entering(a, a.entry_a, value) * path_.entering(a, a.entry_b, angle);
      return path_.flushed(a, round_to(a.inner, exact));
    };
    return path_.leaving(a, exactly(rotated(part, product(r.main, r.main_angle), product(r.other, r.other_angle))));
  }

  Prediction kept_nans(Part part, const Arithmetic& a) const {
    Prediction kept = nans_kept(a, nan_codes(storage_.a).size());
    if (part == Part::moved && a.loses_nan) ++kept.high;  // what loses them in arithmetic may still move them
    return kept;
  }
  /// Here too a kernel that computes wrongly may move rightly.
  Prediction moved(double value, const Arithmetic& a) const {
    const Prediction whole = path_.leaving(a, exactly(path_.entering(a, a.entry_a, value)));
    return {std::min(whole.low, value), std::max(whole.high, value)};
  }

  void add_canaries(Part part) {
    std::vector<Rotation> rotations = pool(storage_.a);
    Arithmetic wide;
    wide.accumulate = DType::f64;
    std::erase_if(rotations,  // whether the sum is wider than f32 is not asked
                  [&](const Rotation& r) { return predicted(part, r, {}) != predicted(part, r, wide); });
    const auto predict_rotation = [&](std::size_t at, const Arithmetic& a) {
      return predicted(part, rotations[at], a);
    };
    for (const std::size_t at : telling_candidates(rotations.size(), considered(storage_), predict_rotation)) {
      const Elements e = elements_of(part, rotations[at]);
      const std::string text =
          "a = " + text_of(e.a) + ", b = " + text_of(e.b) + ", cos = " + text_of(e.cos) + ", sin = " + text_of(e.sin);
      canaries_.push_back({{name_of(part) + " for " + text, text}, part, rotations[at]});
    }
  }

  /// Runs x and the tables in both styles, in place and not, and gives each y to `use`.
  template <class Element, class Use>
  void run_styles(const Element& code_of, const Values& cos, const Values& sin, const KernelRow& row, Stream& stream,
                  const Use& use) const {
    for (const RopeStyle style : {RopeStyle::half_split, RopeStyle::interleaved})
      for (const bool in_place : {false, true}) {
        if (in_place && storage_.a != storage_.out) continue;
        Operands memory;
        const View x = memory.result(storage_.a, {kTokens, kHeads, kDim});
        for (std::int64_t i = 0; i < x.elements(); ++i) set_code(x, i, code_of(style, i));
        const Rope args{.x = x,
                        .cos = memory.place(DType::f32, {kTokens, kPairs}, cos),
                        .sin = memory.place(DType::f32, {kTokens, kPairs}, sin),
                        .y = in_place ? x : memory.result(storage_.out, {kTokens, kHeads, kDim}),
                        .style = style};
        const bool halves = style == RopeStyle::half_split;
        const std::string place = std::string(halves ? "half split" : "interleaved") + (in_place ? ", in place" : "");
        if (launch(row, stream, args)) use(args, place);
      }
  }

  void run_places(Part part, const Elements& e, const Codes& codes, const KernelRow& row, Stream& stream,
                  std::vector<Result>& results) const {
    const auto code_of = [&](RopeStyle style, std::int64_t i) {
      const std::int64_t d = i % kDim;
      const bool second = d < 2 * kPairs && (style == RopeStyle::half_split ? d >= kPairs : d % 2 == 1);
      return second ? codes.b : codes.a;
    };
    const Values cos(kTokens * kPairs, e.cos), sin(kTokens * kPairs, e.sin);
    run_styles(code_of, cos, sin, row, stream, [&](const Rope& args, const std::string& place) {
      collect(part_of(part, args.y, args.style == RopeStyle::half_split), place, results);
    });
  }

  std::vector<Result> run_each_pair(const KernelRow& row, Stream& stream) const {
    const auto at = [](std::int64_t i, const auto& value) {
      return value(i / kDim / kHeads, i / kDim % kHeads, i % kDim);
    };
    const auto code_of = [&](RopeStyle, std::int64_t i) { return encode(storage_.a, at(i, element_at)); };
    Values cos, sin;
    for (std::int64_t i = 0; i < kTokens * kPairs; ++i) {
      cos.push_back(cos_at(i / kPairs, i % kPairs));
      sin.push_back(sin_at(i / kPairs, i % kPairs));
    }
    int wrong = 0, runs = 0;
    std::string places;
    run_styles(code_of, cos, sin, row, stream, [&](const Rope& args, const std::string& place) {
      const int before = wrong;
      for (std::int64_t i = 0; i < args.y.elements(); ++i) {
        const double wanted = at(i, [&](auto... where) { return rotated_at(args.style, where...); });
        wrong += decode(storage_.out, code_at(args.y, i)) == wanted ? 0 : 1;
      }
      ++runs;
      if (wrong > before) places.append(places.empty() ? "" : "; ").append(place);
    });
    if (runs == 0) return {};
    return {{places, static_cast<double>(wrong)}};
  }

  /// The elements of y that are this part of a pair, one head after the other.
  static View part_of(Part part, View y, bool halves) {
    const std::int64_t begin = part == Part::moved ? 2 * kPairs : part == Part::first ? 0 : halves ? kPairs : 1;
    y.data = y.as<std::byte>() + begin * element_bytes(y.dtype);
    y.rank = 2;
    y.shape[0] = kTokens * kHeads;
    y.shape[1] = part == Part::moved ? kDim - 2 * kPairs : kPairs;
    y.stride[0] = kDim;
    y.stride[1] = part == Part::moved || halves ? 1 : 2;
    return y;
  }

  Storage3 storage_;  // of x, the tables and y
  ValuePath path_;
  std::vector<RopeCanary> canaries_;
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Rope>(const Storage3& storage) {
  return std::make_unique<RopeExperiment>(storage);
}

}  // namespace candor::prove
