#include "prove/attention/attention_canaries.h"

#include <algorithm>
#include <set>
#include <utility>

#include "prove/canary_search.h"
#include "prove/dot/dot_canaries.h"
#include "prove/sum.h"

namespace candor::prove {
namespace {

constexpr std::size_t kLongestScore = 79;  // terms of q k: one less than the widest head that is run

std::string list_of(const Values& values) {
  std::string text;
  std::size_t same = 0;
  for (std::size_t i = 0; i < values.size(); i += same) {
    same = 1;
    while (i + same < values.size() && values[i + same] == values[i]) ++same;
    text += (i == 0 ? "" : ", ") + text_of(values[i]) + (same > 1 ? " x " + std::to_string(same) : "");
  }
  return text;
}

/// Keys whose scores are all zero: P is 1, and y = Σ v / keys.
AttentionCanary of_values(const std::string& name, const Values& v) {
  AttentionCanary canary{{name, "q = 0, v = " + list_of(v)}, {}};
  canary.problem.q = {0};
  canary.problem.k.assign(v.size(), {0});
  canary.problem.v = v;
  return canary;
}

/// `v`, then zeros up to `keys`.
Values padded(Values v, std::size_t keys) {
  v.resize(keys, 0.0);
  return v;
}

std::vector<AttentionCanary> operand_canaries() {
  std::vector<AttentionCanary> all;
  for (const double tail : {0x1p-9, 0x1p-12, 0x1p-20})
    all.push_back(of_values("value 1 + " + text_of(tail), {1 + tail, -1}));
  for (const double tiny : {0x1p-24, 0x1p-30, 0x1p-130}) all.push_back(of_values("value " + text_of(tiny), {tiny, 0}));
  all.push_back(of_values("value 2^17", {0x1p17, 0, -0x1p17, 1}));
  all.push_back(of_values("value 2^17, alone", {0x1p17, 0}));
  return all;
}

/// The format and the order of Σ P v.
std::vector<AttentionCanary> sum_canaries() {
  std::vector<AttentionCanary> all = {
      of_values("256 + 1 - 256", {256, 1, -256, 0}),
      of_values("2048 + 1 - 2048", {2048, 1, -2048, 0}),
      of_values("2^15 + 2^-10 - 2^15", {0x1p15, 0x1p-10, -0x1p15, 0}),
      of_values("2^15 - 2^15 + 2^-10 in the last pair", {0x1p15, 0, -0x1p15, 0x1p-10}),
      of_values("2^30 - 2^30 + 2^-30 in the last pair", {0x1p30, 0, -0x1p30, 0x1p-30}),
  };
  for (const auto& [large, small] : {std::pair{0x1p15, 0x1p-10}, std::pair{0x1p30, 0x1p-24}}) {  // for f32, for f64
    Values halves = padded({large}, 64), lanes = padded({large}, 64);
    std::fill(halves.begin() + 32, halves.end() - 1, small);
    halves.back() = -large;
    lanes[1] = small;
    lanes[16] = -large;
    all.push_back(of_values(text_of(large) + ", 31 times " + text_of(small) + ", -" + text_of(large), halves));
    all.push_back(of_values(text_of(large) + ", " + text_of(small) + ", -" + text_of(large) + " 16 keys on", lanes));
  }
  Values late(512, 0.0);
  std::fill(late.begin() + 256, late.end(), 1.0);
  all.push_back(of_values("512 keys, the late half ones", late));
  return all;
}

/// One rounding to the result: j quarters of an ulp beside 1, and what a detour makes a tie of.
std::vector<AttentionCanary> rounding_canaries(DType out) {
  std::vector<AttentionCanary> all;
  const int bits = format_of(out).bits;
  for (const int j : {1, 2, 3, 6}) {
    const double sign = j % 2 ? 4 : -4;
    all.push_back(
        of_values("1 and " + std::to_string(j) + "/4 ulp", {sign, 0, sign * j * std::ldexp(1.0, -(bits + 1)), 0}));
  }
  for (const double half : {0x1p-8, 0x1p-9, 0x1p-11, 0x1p-12})
    for (const double more : {0.0, 0x1p-16, 0x1p-20, 0x1p-22})
      all.push_back(of_values("1 + " + text_of(half) + " + " + text_of(more), {4, 4 * half, 4 * more, 0}));
  return all;
}

/// Values of dot products as scores, against a key whose score is zero, so scaled that some hypothesis sees about 2.
void add_scores(std::vector<AttentionCanary>& all, const Storage3& storage, const std::vector<Arithmetic>& hypotheses) {
  for (const DotCanary& dot : dot_canaries({storage.a, storage.b, DType::f32})) {
    if (dot.x.size() > kLongestScore) continue;
    std::set<double> scales = {1};
    for (const Arithmetic& a : hypotheses) {
      Arithmetic scores = a;
      scores.product = a.score_product;
      scores.accumulate = a.score_sum;
      const double sum = std::fabs(sum_of_products(scores, terms_of(dot.x, dot.w)));
      if (sum > 0 && sum < 16) scales.insert(std::ldexp(1.0, std::min(1 - std::ilogb(sum), 126)));
    }
    for (const double scale : scales)
      all.push_back({{"score of " + dot.text.name + ", scale " + text_of(scale),
                      "k = " + list_of(dot.w) + " and 0, q = " + list_of(dot.x) + ", v = 1 and 0"},
                     {scale, dot.x, {dot.w, Values(dot.x.size(), 0.0)}, {1, 0}}});
  }
  for (const double large : {256.0, 2048.0})
    all.push_back({{"scores " + text_of(large) + " and " + text_of(large + 1), "q = 1, 0, 1, v = 1 and 0"},
                   {1, {1, 0, 1}, {{large, 0, 1}, {large, 0, 0}}, {1, 0}}});
}

/// The weight of a second key, times v, less what is left of it when it is rounded somewhere.
struct Weighed {
  double distance, v, taken;  // taken: from the sum, by keys of weight 1
};

std::vector<Weighed> weighed_values() {
  std::vector<Weighed> all;
  for (const double distance : {0.3125, 0.75, 1.0, 1.25, 1.625, 2.125, 2.375, 2.875, 3.25})
    for (const double v : {1.0, 3.0, 5.0})
      for (const DType dtype : {DType::bf16, DType::f16}) {
        const double weight = std::exp(-distance);
        all.push_back({distance, v, round_to(dtype, weight) * v});
        if (v != 1) all.push_back({distance, v, round_to(dtype, weight * v)});
      }
  return all;
}

/// P, its product with v, and Σ P.
std::vector<AttentionCanary> weight_canaries() {
  std::vector<AttentionCanary> all;
  for (const Weighed& w : weighed_values()) {
    const double head = round_to(DType::bf16, w.taken, Rounding::toward_zero);
    AttentionCanary canary{{"exp(-" + text_of(w.distance) + ") " + text_of(w.v) + " - " + text_of(w.taken), ""}, {}};
    canary.problem = {1, {1}, {{0}, {0}, {-w.distance}}, {-head, head - w.taken, w.v}};
    canary.weighed = true;
    canary.text.input = "scores 0, 0, -" + text_of(w.distance) + ", v = " + list_of(canary.problem.v);
    all.push_back(canary);
  }
  for (const double distance : {6.75, 8.5, 9.0}) {
    AttentionCanary canary{{"1 and 64 weights of exp(-" + text_of(distance) + ")", "v = 1, then 0"}, {}};
    canary.problem = {1, {1}, std::vector<Values>(65, Values{-distance}), padded({1}, 65)};
    canary.problem.k[0] = {0};
    all.push_back(canary);
  }
  for (const double tiny : {0x1p-24, 0x1p-16})
    all.push_back({{"exp(-80) " + text_of(tiny), "scores 0 and -80, v = 0 and " + text_of(tiny)},
                   {1, {1}, {{0}, {-80}}, {0, tiny}}});
  return all;
}

/// The same sum with the lighter key first, in a pair of its own: the others can lie in another block or chunk.
AttentionCanary with_late_maximum(const AttentionCanary& canary) {
  const AttentionProblem& p = canary.problem;
  AttentionCanary late = canary;
  late.text.name += ", the maximum late";
  late.problem = {1, {1}, {p.k[2], {-1024}, {0}, {0}}, {p.v[2], 0, p.v[0], p.v[1]}};
  late.text.input = "scores " + text_of(p.k[2][0]) + ", -1024, 0, 0, v = " + list_of(late.problem.v);
  late.maximum_late = true;
  return late;
}

/// A scale with more bits than bf16 has: how much lighter the second key is shows it.
AttentionCanary of_scale() {
  const double scale = 1 + 0x1p-9;
  return {{"scale 1 + 2^-9", "scale " + text_of(scale) + ", q = 1, k = 8 and 0, v = 0 and 1"},
          {scale, {1}, {{8}, {0}}, {0, 1}}};
}

bool held(const Storage3& storage, const AttentionProblem& problem) {
  const auto all_held = [](DType dtype, const Values& values) {
    return std::all_of(values.begin(), values.end(), [&](double value) { return holds(dtype, value); });
  };
  return all_held(storage.a, problem.q) && all_held(storage.b, problem.v) &&
         std::all_of(problem.k.begin(), problem.k.end(), [&](const Values& key) { return all_held(storage.b, key); });
}

}  // namespace

std::vector<AttentionCanary> attention_canaries(const Storage3& storage, const std::vector<Arithmetic>& hypotheses) {
  std::vector<AttentionCanary> pool;
  for (const auto& more : {operand_canaries(), sum_canaries(), rounding_canaries(storage.out), weight_canaries()})
    pool.insert(pool.end(), more.begin(), more.end());
  add_scores(pool, storage, hypotheses);
  std::erase_if(pool, [&](const AttentionCanary& canary) {  // what loses a NaN somewhere may keep others
    return !held(storage, canary.problem) || std::isnan(attention_range({}, storage.out, canary.problem).low);
  });
  const auto predict = [&](std::size_t at, const Arithmetic& a) {
    return attention_range(a, storage.out, pool[at].problem);
  };
  std::vector<AttentionCanary> telling;
  for (const std::size_t at : telling_candidates(pool.size(), hypotheses, predict)) {
    telling.push_back(pool[at]);
    if (pool[at].weighed) telling.push_back(with_late_maximum(pool[at]));
  }
  telling.push_back(of_scale());  // no hypothesis asks for it
  return telling;
}

}  // namespace candor::prove
