#include "prove/norm/norm_canaries.h"

#include <algorithm>

#include "prove/canary_search.h"

namespace candor::prove {
namespace {

enum class Shape {
  quads,   // v, -v, u, -u, then four zeros
  pairs,   // mean + v, mean - v
  threes,  // three times 3 and -3, 1 and -1, 2 and -2, six zeros: the mean square is 4, and a result 1.5 · weight
};

/// What a row repeats.
struct Pattern {
  std::size_t columns;
  double v, u, weight;
  double bias = 0, residual = 0, eps = 0, mean = 0;
  Shape shape = Shape::quads;
};

Pattern pairs(double v, double weight) { return {24, v, 0, weight, 0, 0, 0, 0, Shape::pairs}; }

double element_of(const Pattern& p, std::size_t i) {
  const double sign = i % 2 == 0 ? 1 : -1;
  constexpr double kThrees[] = {3, 3, 3, 1, 2, 0, 0, 0};
  switch (p.shape) {
    case Shape::quads:
      return i % 8 < 4 ? sign * (i % 8 < 2 ? p.v : p.u) : 0.0;
    case Shape::pairs:
      return p.mean + sign * p.v;
    case Shape::threes:
      return sign * kThrees[i % 16 / 2];
  }
  return 0;
}

std::string words_of(const Pattern& p) {
  const std::string plus_minus = "plus and minus ";
  std::string text = "C = " + std::to_string(p.columns) + ", x = ";
  if (p.mean != 0) text += text_of(p.mean) + " and to it ";
  switch (p.shape) {
    case Shape::quads:
      text += plus_minus + text_of(p.v) + ", " + plus_minus + text_of(p.u) + ", 4 zeros, over";
      break;
    case Shape::pairs:
      text += plus_minus + text_of(p.v) + ", over";
      break;
    case Shape::threes:
      text += "three times plus and minus 3, plus and minus 1, plus and minus 2, six zeros, over";
  }
  text += " and over";
  if (p.residual != 0) text += ", residual = " + text_of(p.residual) + " and its negative in turn";
  text += ", weight = " + text_of(p.weight);
  if (p.bias != 0) text += ", bias = " + text_of(p.bias);
  if (p.eps != 0) text += ", eps = " + text_of(p.eps);
  return text;
}

NormCanary canary_of(const Pattern& p, bool centred) {
  NormRow row;
  row.centred = centred;
  row.eps = p.eps;
  row.weight = Values(p.columns, p.weight);
  if (centred && p.bias != 0) row.bias = Values(p.columns, p.bias);
  for (std::size_t i = 0; i < p.columns; ++i) {
    row.x.push_back(element_of(p, i));
    if (p.residual != 0) row.residual.push_back(i % 2 == 0 ? p.residual : -p.residual);
  }
  return {{words_of(p), words_of(p)}, std::move(row)};
}

/// Rows whose scale is a power of two, so that every step but the last is exact.
std::vector<Pattern> exact_patterns(const Storage3& storage) {
  std::vector<Pattern> all;
  const Values mantissas = {1,           1 + 0x1p-4,  1 + 0x1p-6,  1 + 0x1p-7,     1 + 0x1p-9,
                            1 + 0x1p-10, 1 + 0x1p-12, 1 + 0x1p-23, 1 + 3 * 0x1p-23};
  const Values weights = {
      1,          1.5,         1 + 0x1p-4,      1 + 0x1p-6,  1 + 0x1p-7,  1 + 3 * 0x1p-7, 1 + 0x1p-8,
      1 + 0x1p-9, 1 + 0x1p-10, 1 + 3 * 0x1p-10, 1 + 0x1p-11, 1 + 0x1p-12, 1 + 0x1p-23,    1 + 3 * 0x1p-23,
      19,         123,         0x1p17,          0x1p-20,     0x1p-30,     0x1p-133,       3 * 0x1p-133};
  for (const double weight : weights) {
    for (const double m : mantissas) all.push_back(pairs(1, m * weight));
    all.push_back({48, 3, 2, weight, 0, 0, 0, 0, Shape::threes});
    for (const double m : mantissas) all.push_back({24, 0x1p-13 * m, 2, weight});
  }
  for (const double weight : {0x1p-20, 3 * 0x1p-20}) all.push_back({24, 17 * 0x1p-130, 2, weight});
  for (const double weight : {0x1p-130, 0x1p-120}) all.push_back({24, 0x1p-13, 2, weight});
  all.push_back({40, 0x1p-130, 0x1p-20, 0x1p10});
  all.push_back({24, 0x1p-20, 0x1p-4, 1});
  all.push_back({24, 0x1p-20, 2, 0x1p8});
  all.push_back({24, 0x1p-30, 0x1p-10, 1});
  all.push_back({24, 0x1p-24, 0x1p-6, 1});
  for (const double residual : {0x1p-9, 0x1p-8 + 0x1p-9, 0x1p-12, 0x1p-11 + 0x1p-12})
    for (const double weight : {1.0, 1.5, widest_value(storage.b)}) all.push_back({24, 1, 4, weight, 0, residual});
  return all;
}

std::vector<Pattern> centred_patterns() {
  std::vector<Pattern> all;
  for (const double bias : {1.0, 1 + 0x1p-9, 1 + 0x1p-12, 0x1p-130, 0x1p17, -3.0, 0x1p-24, 3 * 0x1p-24})
    for (const double weight : {1.0, 0x1p-8, 0x1p-11, 1 + 0x1p-9})
      all.push_back({24, 1, 0, weight, bias, 0, 0, 0, Shape::pairs});
  return all;
}

/// What is looked at though it tells no two hypotheses apart: eps, and a layer_norm's mean and bias.
std::vector<Pattern> further_patterns(bool centred) {
  std::vector<Pattern> all = {{24, 1, 0, 3, 0, 0, 3, 0, Shape::pairs}};  // mean square 1 and eps 3: scale 1/2
  if (!centred) return all;
  for (const double mean : {4.0, 129.0, 1025.0, 0x1p14}) all.push_back({24, 1, 0, 3, 0, 0, 0, mean, Shape::pairs});
  for (const double bias : {1 + 0x1p-9, 1 + 0x1p-12})
    for (const double weight : {1.0, 0x1p-8}) all.push_back({24, 1, 0, weight, bias, 0, 0, 0, Shape::pairs});
  return all;
}

/// x + residual as it is stored: rounded up, two ties, subnormal.
std::vector<NormCanary> sum_rows(const Storage3& storage, bool centred) {
  const Format format = format_of(storage.a);
  const double ulp = std::ldexp(1.0, 1 - format.bits), subnormal = std::ldexp(1.0, format.min_exponent - 3);
  const double sums[][2] = {{1, 0.75 * ulp}, {1, 0.5 * ulp}, {1 + ulp, 0.5 * ulp}, {subnormal, subnormal / 2}};
  std::vector<NormCanary> all;
  for (const auto& [x, residual] : sums) {
    NormCanary canary = canary_of({24, x, 0, 1, 0, residual, 0, 0, Shape::pairs}, centred);
    canary.text.name = "stored sum, " + text_of(x) + " + " + text_of(residual);
    canary.row.shows_sum = true;
    all.push_back(canary);
  }
  return all;
}

/// A value of `dtype` near 1, of as many bits as it has or of fewer.
double some_value(DType dtype, Choices& choose) {
  const double full = 1 + std::ldexp(choose.below(1u << 23), -23);
  return round_to(dtype, full, Rounding::toward_zero);
}

std::vector<Pattern> other_patterns(const Storage3& storage, bool centred) {
  std::vector<Pattern> all;
  Choices choose(7);
  for (int i = 0; i < 500; ++i) {
    Pattern p{std::size_t{24} + 16 * choose.below(3), some_value(storage.a, choose),
              some_value(storage.a, choose) * choose.of({0.25, 1, 4}), some_value(storage.b, choose)};
    p.weight *= choose.of({1, 1, 1, 0x1p-20, 0x1p17});
    if (i % 7 == 0) p.v *= choose.of({0x1p-12, 0x1p-18, 0x1p-22});
    if (i % 4 == 3) {  // x + residual has more bits than the storage
      p.residual = std::ldexp(some_value(storage.a, choose), -3);
      p.residual = round_to(DType::bf16, p.residual, Rounding::toward_zero);
    }
    if (centred && i % 5 == 1) p.bias = some_value(storage.b, choose);
    all.push_back(p);
  }
  return all;
}

bool held(const Storage3& storage, const NormRow& row) {
  const auto all = [](DType dtype, const Values& values) {
    return std::all_of(values.begin(), values.end(), [&](double value) { return holds(dtype, value); });
  };
  return all(storage.a, row.x) && all(storage.a, row.residual) && all(storage.b, row.weight) &&
         all(storage.b, row.bias);
}

/// A large value (for layer_norm two, of opposite signs) and small ones in one partial sum, whichever way the 64
/// columns between two of them are dealt out: the squares of the small ones are lost, one by one, in a format that is
/// too narrow. The mean is 0, and the scale 1 without them.
NormCanary stalling(const std::string& name, bool centred, double small, double weight) {
  const std::size_t large = centred ? 2 : 1;
  NormRow row;
  row.centred = centred;
  row.x = Values(centred ? 8192 : 4096, 0.0);
  row.weight = Values(row.x.size(), weight);
  for (std::size_t i = 0; i < row.x.size() / 64; ++i) row.x[64 * i] = (i % 2 == 0 ? 1 : -1) * (i < large ? 64 : small);
  row.at = 64 * large;
  const std::string input = "C = " + std::to_string(row.x.size()) + ", x = 64" + (centred ? ", -64" : "") +
                            ", then plus and minus " + text_of(small) +
                            " in turn, at every 64th column, 0 elsewhere, weight = " + text_of(weight);
  return {{name, input}, std::move(row)};
}

/// `weight` makes a tie of the result that rounds up, where the sum stalls: it rounds down where the sum does not.
double tie_weight(DType out) { return out == DType::f16 ? 69 : 9; }

std::vector<NormCanary> stalling_rows(const Storage3& storage, bool centred) {
  return {stalling("64 and small values that bf16 loses", centred, centred ? 4 : 2, 1),
          stalling("64 and small values that f16 loses", centred, 1, 1),
          stalling("64 and small values that f32 loses", centred, 31 * 0x1p-11, tie_weight(storage.out))};
}

/// What loses bits where it is squared and not where it is normalised. All elements but those looked at are 1 + 2^-9
/// and its negative, which bf16 takes for 1; a layer_norm's are all 1 - 2^-9 away from their mean, also in 16-bit
/// storage.
NormCanary unlike_squares(bool centred) {
  NormRow row;
  row.centred = centred;
  row.weight = Values(24, centred ? 1.5 : 1.0);
  if (centred) row.bias = Values(24, -0x1p-9);
  for (std::size_t i = 0; i < row.weight.size(); ++i) {
    const double other = centred ? (i % 2 == 0 ? 1 : -1 + 0x1p-8) : (i % 2 == 0 ? 1 + 0x1p-9 : -1 - 0x1p-9);
    row.x.push_back(i < 2 && !centred ? (i == 0 ? 1 : -1) : other);
  }
  if (centred) return {{"1 and -1 + 2^-8", "C = 24, x = 1, -1 + 2^-8 in turn, weight = 1.5, bias = -2^-9"}, row};
  return {{"1 among 1 + 2^-9", "C = 24, x = 1, -1, then 1 + 2^-9 and its negative in turn, weight = 1"}, row};
}

std::vector<NormCanary> nan_rows(bool centred) {
  const double nan = std::nan("");
  const auto plain = [&](const std::string& name) {
    NormCanary canary = canary_of(pairs(1, 1), centred);
    canary.text = {name, "C = 24, x = plus and minus 1 in turn, weight = 1, but for the NaN"};
    return canary;
  };
  NormCanary there = plain("NaN in x, where one looks"), elsewhere = plain("NaN in x, elsewhere"),
             weight = plain("NaN in the weight"), residual = plain("NaN in the residual");
  there.row.x[0] = nan;
  elsewhere.row.x[17] = nan;
  weight.row.weight[0] = nan;
  residual.row.residual = Values(24, 0.0);
  residual.row.residual[0] = nan;
  NormCanary sum = residual;
  sum.text.name = "NaN in the residual, stored sum";
  sum.row.shows_sum = true;
  std::vector<NormCanary> all = {there, elsewhere, weight, residual, sum};
  if (!centred) return all;
  all.push_back(plain("NaN in the bias"));
  all.back().row.bias = Values(24, 0.0);
  all.back().row.bias[0] = nan;
  return all;
}

}  // namespace

std::vector<NormCanary> norm_canaries(const Storage3& storage, bool centred,
                                      const std::vector<Arithmetic>& hypotheses) {
  const NormModel model(storage);
  std::vector<NormCanary> pool, all = sum_rows(storage, centred);
  std::vector<Pattern> patterns = exact_patterns(storage);
  for (const Pattern& p : centred ? centred_patterns() : std::vector<Pattern>()) patterns.push_back(p);
  for (const Pattern& p : other_patterns(storage, centred)) patterns.push_back(p);
  for (const Pattern& p : patterns) {
    NormCanary canary = canary_of(p, centred);
    if (held(storage, canary.row) && model.predictable(canary.row)) pool.push_back(std::move(canary));
  }
  std::vector<NormCanary> stalls = stalling_rows(storage, centred);
  pool.insert(pool.begin(), stalls.begin(), stalls.end());
  const auto predict = [&](std::size_t at, const Arithmetic& a) { return model.predict(pool[at].row, a); };
  for (const std::size_t at : telling_candidates(pool.size(), hypotheses, predict)) {
    if (at < stalls.size()) continue;
    all.push_back(pool[at]);
    if (pool[at].row.residual.empty()) continue;
    all.push_back(pool[at]);
    all.back().text.name += ", stored sum";
    all.back().row.shows_sum = true;
  }
  for (const Pattern& p : further_patterns(centred)) {
    NormCanary canary = canary_of(p, centred);
    if (held(storage, canary.row) && model.predictable(canary.row)) all.push_back(std::move(canary));
  }
  if (const NormCanary canary = unlike_squares(centred); held(storage, canary.row)) all.push_back(canary);
  for (const NormCanary& canary : nan_rows(centred)) all.push_back(canary);
  all.insert(all.end(), stalls.begin(), stalls.end());
  return all;
}

}  // namespace candor::prove
