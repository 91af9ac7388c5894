#include "kernels/cases_attention.h"
#include "kernels/claims_value.h"
#include "kernels/suite-inl.h"

namespace candor::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kDim = 18;  // more than one vector, not whole ones

// `tokens` equal queries (head dim 18, scale 1) whose first elements are `q`; each key and value likewise.
// Returns the first element of every result, or nothing when the row refuses.
Doubles attend(Runner<Attention>& runner, std::int64_t tokens, const Doubles& q, const std::vector<Doubles>& keys,
               const Doubles& values) {
  const Precision& p = runner.precision();
  const auto count = static_cast<std::int64_t>(values.size());
  Doubles queries(static_cast<std::size_t>(tokens * kDim), 0.0), k(static_cast<std::size_t>(count * kDim), 0.0);
  Doubles v(static_cast<std::size_t>(count * kDim), 0.0);
  for (std::int64_t t = 0; t < tokens; ++t) std::copy(q.begin(), q.end(), queries.begin() + t * kDim);
  for (std::int64_t s = 0; s < count; ++s) {
    const Doubles& key = keys[static_cast<std::size_t>(s) % keys.size()];
    std::copy(key.begin(), key.end(), k.begin() + s * kDim);
    std::fill_n(v.begin() + s * kDim, kDim, values[static_cast<std::size_t>(s)]);
  }
  Workspace workspace;
  const Attention args{.q = workspace.make(p.a, {1, tokens, 1, kDim}, queries),
                       .k = workspace.make(p.b, {1, count, 1, kDim}, k),
                       .v = workspace.make(p.b, {1, count, 1, kDim}, v),
                       .y = workspace.place(p.out, {1, tokens, 1, kDim}),
                       .scale = 1.0f,
                       .causal = false};
  return runner.run(args) ? ref::load_all(args.y) : Doubles();
}

bool all_held(DType dtype, const std::vector<Doubles>& rows) {
  for (const Doubles& row : rows)
    for (const double value : row)
      if (!holds(dtype, value)) return false;
  return true;
}

struct Claim {
  Runner<Attention>& runner;

  // Bit equality, in decode's and in prefill's shape.
  void equals(const std::string& what, const Doubles& q, const std::vector<Doubles>& keys, const Doubles& values,
              double expected) const {
    each(
        q, keys, values,
        [&](double actual) { return same_bits_value(expected, actual) || (expected == 0 && actual == 0); }, what,
        expected);
  }
  // One rounding and a few units of f32 away at most; 16-bit arithmetic on the way is further.
  void near(const std::string& what, const Doubles& q, const std::vector<Doubles>& keys, const Doubles& values,
            double exact) const {
    const double bound = rounded_to(runner.precision().out, exact, gamma(64, kUnitF32));
    each(
        q, keys, values, [&](double actual) { return std::fabs(actual - exact) <= bound; }, what, exact);
  }

 private:
  template <class Check>
  void each(const Doubles& q, const std::vector<Doubles>& keys, const Doubles& values, const Check& check,
            const std::string& what, double expected) const {
    const Precision& p = runner.precision();
    if (!all_held(p.a, {q}) || !all_held(p.b, keys) || !all_held(p.b, {values})) return;
    for (const std::int64_t tokens : {1, 2, 7, 20})
      for (const double actual : attend(runner, tokens, q, keys, values))
        if (!check(actual)) {
          ADD_FAILURE() << what << ", T=" << tokens << ": expected " << describe(expected) << ", got "
                        << describe(actual);
          return;
        }
  }
};

void value_claims(const Claim& claim) {
  const Precision& p = claim.runner.precision();
  const bool flushes = flushes_denormals(claim.runner.row().instruction_class);
  for (const double v : canaries(p.b)) {  // one key: the result is its value
    const bool lost = flushes && std::fabs(v) < kTinyF32;
    claim.equals("one value " + describe(v), {1}, {{1}}, {v}, lost ? 0 : ref::round_to(p.out, v));
  }
  for (int j = 1; j < 16; ++j) {  // the mean of 1 and 1 + 2 x is 1 + x: one rounding, to nearest even
    const double x = std::ldexp(j, -format_of(p.out).precision - 1);
    claim.equals("one rounding", {0}, {{0}}, {1, 1 + 2 * x}, ref::round_to(p.out, 1 + x));
  }
  // 8192 equal weights, half of them on ones: sums in bf16 stop at 256, in f16 at 2048.
  Doubles halves(8192, 0.0);
  std::fill_n(halves.begin(), 4096, 1.0);
  claim.equals("sums of 4096 ones", {0}, {{0}}, halves, 0.5);
  // Equal weights: the odd key of the second pair comes first and is lost beside 2^14 in f32. It would stay in a wider
  // sum, and in another order.
  claim.equals("values summed in f32, odd key first", {0}, {{0}}, {0x1p14, 0, -0x1p14, 0x1p-10}, 0);
}

void score_claims(const Claim& claim) {
  const double e = std::exp(1.0);
  // The scores differ by one only if q (or k) keeps its low bits; otherwise the weights are equal.
  claim.near("query 1 + 2^-9", {1 + 0x1p-9, 1}, {{512, 0}, {0, 512}}, {1, 0}, e / (1 + e));
  claim.near("query 1 + 2^-12", {1 + 0x1p-12, 1}, {{4096, 0}, {0, 4096}}, {1, 0}, e / (1 + e));
  claim.near("key 1 + 2^-9", {512, 512}, {{1 + 0x1p-9, 0}, {0, 1}}, {1, 0}, e / (1 + e));
  claim.near("key 1 + 2^-12", {4096, 4096}, {{1 + 0x1p-12, 0}, {0, 1}}, {1, 0}, e / (1 + e));
  // Products rounded to 16 bits: (1 + 2^-4)² - (1 + 2^-3) = 2^-8, scaled to one.
  claim.near("products", {16 + 1, 16 + 2}, {{16 + 1, -16}, {0, 0}}, {1, 0}, e / (1 + e));
  claim.near("scores summed in f32", {64, 1, 64}, {{64, 1, -64}, {0, 0, 0}}, {1, 0}, e / (1 + e));
  // Both scores are 0 in f32 with the odd element of each pair first; a wider sum or another order gives 1 and 0.
  claim.equals("score of 2^24 + 1 - 2^24", {0x1p12, 0, -0x1p12, 1}, {{0x1p12, 0, 0x1p12, 1}, {0, 0, 0, 0}}, {1, 0},
               0.5);
  claim.near("query 2^17", {0x1p17}, {{0x1p-17}, {0}}, {1, 0}, e / (1 + e));
  claim.near("key 2^17", {0x1p-17}, {{0x1p17}, {0}}, {1, 0}, e / (1 + e));
  claim.near("query 2^-30", {0x1p-30}, {{0x1p30}, {0}}, {1, 0}, e / (1 + e));
  // P rounded to 16 bits before it meets V: exp(-2^-6) = 0.98450 would be 0.984375, and 1 - P is 1/64.
  const double weight = std::exp(-0x1p-6);
  claim.near("P is not rounded", {1}, {{0}, {-0x1p-6}}, {1, -1}, (1 - weight) / (1 + weight));
}

// Keys whose score is -inf weigh nothing, also where a whole block or chunk of them comes first.
void masked_claims(const Claim& claim) {
  struct Masked {
    const char* what;
    std::int64_t before, seen, after;  // masked keys around keys of score 0
  };
  for (const Masked& m :
       {Masked{"one masked key", 1, 1, 0}, Masked{"a masked block", kAttentionBlock, 1, 0},
        Masked{"a masked chunk", kAttentionChunk, 1, 0},
        Masked{"masked chunks and a block around keys", 2 * kAttentionChunk + kAttentionBlock, 2, 700}}) {
    std::vector<Doubles> keys(static_cast<std::size_t>(m.before + m.seen + m.after), Doubles{-kInfinity});
    Doubles values(keys.size(), 3.0);
    for (std::int64_t s = m.before; s < m.before + m.seen; ++s) {
      keys[static_cast<std::size_t>(s)] = {0};
      values[static_cast<std::size_t>(s)] = 2.0;
    }
    claim.equals(m.what, {1}, keys, values, 2.0);
  }
  // Nothing to weigh: 0 / 0, as in the reference.
  for (const std::size_t count : {std::size_t{1}, std::size_t{70}, std::size_t{600}})
    claim.equals("every key masked", {1}, {{-kInfinity}}, Doubles(count, 3.0), kNaN);
  std::vector<Doubles> keys(600, Doubles{-kInfinity});
  keys[10] = {kNaN};
  keys[599] = {0};
  claim.equals("NaN among masked keys", {1}, keys, Doubles(600, 3.0), kNaN);
}

}  // namespace

void Cases<Attention>::claims(Runner<Attention>& runner) {
  const Claim claim{runner};
  value_claims(claim);
  score_claims(claim);
  masked_claims(claim);
  claim.equals("NaN value", {0}, {{0}}, {1, kNaN}, kNaN);
  claim.equals("NaN query", {kNaN}, {{1}}, {1, 2}, kNaN);
  claim.equals("infinite value", {0}, {{0}}, {1, kInfinity}, kInfinity);
  claim.equals("NaN key", {1}, {{kNaN}}, {1}, kNaN);
}

template <>
std::unique_ptr<OpSuite> make_suite<Attention>() {
  return std::make_unique<Suite<Attention>>();
}

}  // namespace candor::test
