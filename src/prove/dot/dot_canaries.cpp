#include "prove/dot/dot_canaries.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "prove/random.h"
#include "prove/rounding.h"

namespace candor::prove {
namespace {

constexpr int kDrawnCanaries = 4;
constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();

DotCanary terms(const std::string& name, Values x, Values w) {
  std::string input;
  for (std::size_t i = 0; i < x.size(); ++i) {
    char text[80];
    std::snprintf(text, sizeof text, "%s%a·%a", i == 0 ? "" : " + ", x[i], w[i]);
    input += text;
  }
  return {{name, input}, std::move(x), std::move(w)};
}

DotCanary repeated(const std::string& name, std::size_t count, double x, double w) {
  char text[80];
  std::snprintf(text, sizeof text, "%zu times %a·%a", count, x, w);
  return {{name, text}, Values(count, x), Values(count, w), true};
}

/// Operands rounded on entry, detours through f16, subnormals.
std::vector<DotCanary> operand_canaries() {
  return {
      terms("2^17 in a weight", {0x1p-14}, {0x1p17}),
      terms("2^17 in an activation", {0x1p17}, {0x1p-14}),
      terms("activation 1 + 2^-9", {1 + 0x1p-9, 0, -1}, {1, 0, 1}),
      terms("weight 1 + 2^-9", {1, 0, -1}, {1 + 0x1p-9, 0, 1}),
      terms("activation 1 + 2^-12", {1 + 0x1p-12, 0, -1}, {1, 0, 1}),
      terms("weight 1 + 2^-12", {1, 0, -1}, {1 + 0x1p-12, 0, 1}),
      terms("activation 2^-30", {0x1p-30}, {0x1p10}),
      terms("weight 2^-30", {0x1p10}, {0x1p-30}),
      terms("activation 2^-24", {0x1p-24}, {0x1p10}),
      terms("weight 2^-24", {0x1p10}, {0x1p-24}),
      terms("activation 2^-130", {0x1p-130}, {0x1p14}),
      terms("weight 2^-130", {0x1p14}, {0x1p-130}),
      terms("activation 2^-130, scaled up", {0x1p-130}, {0x1p127}),
      terms("weight 2^-130, scaled up", {0x1p127}, {0x1p-130}),
      terms("product 2^-130", {0x1p-120}, {0x1p-10}),
      terms("product 2^-20", {0x1p-10}, {0x1p-10}),
  };
}

/// Products rounded before they are added.
std::vector<DotCanary> product_canaries() {
  return {
      terms("(1 + 2^-4)^2 - (1 + 2^-3)", {1 + 0x1p-4, 0, -(1 + 0x1p-3)}, {1 + 0x1p-4, 0, 1}),
      terms("(1 + 2^-6)^2 - (1 + 2^-5)", {1 + 0x1p-6, 0, -(1 + 0x1p-5)}, {1 + 0x1p-6, 0, 1}),
      terms("-(1 + 2^-11) + (1 + 2^-12)^2", {-(1 + 0x1p-11), 0, 1 + 0x1p-12}, {1, 0, 1 + 0x1p-12}),
      terms("2^17 - 2^17", {0x1p9, 1, -0x1p9}, {0x1p8, 1, 0x1p8}),
      repeated("64 times (1 + 2^-4)^2", 64, 1 + 0x1p-4, 1 + 0x1p-4),
      repeated("64 times (1 + 2^-6)^2", 64, 1 + 0x1p-6, 1 + 0x1p-6),
  };
}

/// The bits of the widest product that f32 does not hold: the rest is taken away first, in pieces of eight bits.
DotCanary product_tail(const Storage3& storage, double scale) {
  const double x = scale * widest_value(storage.a), w = widest_value(storage.b);
  double left = round_to(DType::f32, x * w, Rounding::toward_zero);
  Values xs, ws;
  while (left != 0) {
    const double piece = round_to(DType::bf16, left, Rounding::toward_zero);
    xs.insert(xs.end(), {-piece, 0});
    ws.insert(ws.end(), {1, 1});
    left -= piece;
  }
  xs.push_back(x);
  ws.push_back(w);
  return terms("what f32 cannot hold of a product", xs, ws);
}

/// 2^24, 1 and -2^24, `apart` elements from one to the next, then zeros.
DotCanary spaced(const std::string& name, std::size_t apart, std::size_t count) {
  Values x(count, 0.0);
  x[0] = 0x1p14;
  x[apart] = 0x1p-10;
  x[2 * apart] = -0x1p14;
  return {{name, "2^14·2^10 + 2^-10·2^10 - 2^14·2^10, " + std::to_string(apart) + " from one to the next, of " +
                     std::to_string(count)},
          x,
          Values(count, 0x1p10),
          true};
}

/// As many terms as models have. Where a sum starts anew on the way the 1 survives; where it is rounded or put aside in
/// a narrower format on the way 2^-5 is lost.
std::vector<DotCanary> long_canaries() {
  Values anew(1300, 0.0), aside(1026, 0.0);
  anew[0] = 0x1p14;
  anew[1296] = 0x1p-10;
  anew[1298] = -0x1p14;
  aside[0] = 0x1p-5;
  std::fill_n(aside.begin() + 1, 512, 1.0);
  aside.back() = -512;
  return {{{"2^24, 1 and -2^24 at the end of 1300", "2^14·2^10, at k = 1296 2^-10·2^10, at k = 1298 -2^14·2^10"},
           anew,
           Values(anew.size(), 0x1p10),
           true},
          {{"2^-5 + 512 ones - 512", "2^-5·1 + 512 times 1·1, at k = 1025 -512·1"},
           aside,
           Values(aside.size(), 1.0),
           true}};
}

/// The format and the order of the sum.
std::vector<DotCanary> sum_canaries() {
  return {
      terms("2^24 + 1 - 2^24", {0x1p12, 0, 1, 0, -0x1p12}, {0x1p12, 1, 1, 1, 0x1p12}),
      terms("2^24 + 1 + 1", {0x1p12, 0, 1, 0, 1}, {0x1p12, 1, 1, 1, 1}),
      terms("2^53 + 1 - 2^53", {0x1p13, 0, 1, 0, -0x1p13}, {0x1p40, 1, 1, 1, 0x1p40}),
      {{"2^24, -2^24, 1", "2^14·2^10 + 0·2^10 - 2^14·2^10 + 2^-10·2^10"},
       {0x1p14, 0, -0x1p14, 0x1p-10},
       Values(4, 0x1p10),
       true},
      spaced("2^24, 1, -2^24 and zeros", 1, 8),         // partial sums by lane lose nothing
      spaced("2^24, 1, -2^24, sixteen apart", 16, 80),  // in one lane and one half: only f64 loses nothing
      terms("2^53, -2^53, 1", {0x1p13, 0, -0x1p13, 1}, {0x1p40, 1, 0x1p40, 1}),
      repeated("257 ones", 257, 1, 1),
      repeated("2049 ones", 2049, 1, 1),
  };
}

/// One rounding to the result: j quarters of an ulp beside 1. Down, two ties, up, both signs.
std::vector<DotCanary> rounding_canaries(DType out) {
  std::vector<DotCanary> all;
  const int bits = format_of(out).bits;
  for (const int j : {1, 2, 3, 6}) {
    const int low = -(bits + 1) / 2, high = -(bits + 1) - low;
    const double sign = j % 2 ? 1 : -1;
    all.push_back(terms("1 and " + std::to_string(j) + "/4 ulp", {sign, 0, sign * std::ldexp(1.0, low)},
                        {1, 0, j * std::ldexp(1.0, high)}));
  }
  // Between two values of bf16, just above the tie that f16 or a 16-bit detour would make of it.
  all.push_back(terms("1 + 2^-8 + 2^-16", {1, 1, 1}, {1, 0x1p-8, 0x1p-16}));
  all.push_back(terms("1 + 2^-11 + 2^-20", {1, 1, 1}, {1, 0x1p-11, 0x1p-20}));
  return all;
}

DotCanary biased(const std::string& name, Values x, double bias) {
  const Values ones(x.size(), 1.0);
  DotCanary canary = terms(name, std::move(x), ones);
  char text[40];
  std::snprintf(text, sizeof text, ", bias %a", bias);
  canary.text.input += text;
  canary.bias = bias;
  return canary;
}

/// Sum and bias meet before the one rounding to the result, and the bias keeps its bits. Both are just above a tie,
/// which a sum that is stored first, or a bias that is rounded, loses.
std::vector<DotCanary> bias_canaries(DType out) {
  const int tie = out == DType::f16 ? -11 : -8;
  const double step = std::ldexp(1.0, tie), half = step / 2, low = out == DType::f16 ? 0x1p-23 : 0x1p-21;
  return {biased("1 and a bias of 2", {1}, 2),
          biased("a tie and a bias", {1, 0, step}, out == DType::f16 ? 0x1p-20 : 0x1p-16),
          biased("a bias of many bits", {1, 0, half}, half + low)};
}

/// Fills whole blocks of `unit` elements.
void spread(DotCanary& canary, std::size_t unit) {
  if (unit == 1) return;
  const std::size_t step = canary.dense ? 1 : unit, count = canary.x.size() * step;
  Values x((count + unit - 1) / unit * unit, 0.0), w(x.size(), canary.w[0]);
  for (std::size_t i = 0; i < canary.x.size(); ++i) {
    x[i * step] = canary.x[i];
    if (!canary.dense) std::fill_n(w.begin() + static_cast<std::ptrdiff_t>(i * unit), unit, canary.w[i]);
  }
  canary.x = std::move(x);
  canary.w = std::move(w);
}

/// `bits` significant bits, an exponent from -8 to 2, a sign.
double drawn_value(Random& random, int bits) {
  const double whole = random.between(1 << (bits - 1), (1 << bits) - 1);
  return (random.bits() & 1 ? -1 : 1) * std::ldexp(whole, 1 - bits + random.between(-8, 2));
}

/// Some sixty terms of mixed sizes, so that most additions round. Of eleven bits at most, and products from 2^-16 to
/// 2^6: f64 holds every sum of one with an f32, and the prediction is exact to the last bit. Weights in blocks are
/// alike within a block.
DotCanary drawn_canary(const Storage3& storage, int number, std::size_t unit) {
  Random random(storage.seed, "dot canary " + std::to_string(number));
  const int x_bits = std::min(11, significant_bits(storage.a));
  const int w_bits = unit > 1 ? 8 : std::min(11, significant_bits(storage.b));
  const auto count = unit == 1 ? static_cast<std::size_t>(random.between(40, 70)) : std::max<std::size_t>(64, unit);
  Values x(count), w(count);
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = drawn_value(random, x_bits);
    w[i] = i % unit == 0 ? drawn_value(random, w_bits) : w[i - 1];
  }
  const std::string name = "terms drawn at random, " + std::to_string(number);
  if (unit == 1) return terms(name, std::move(x), std::move(w));
  const std::string input = std::to_string(count) + " terms, drawn from seed " + std::to_string(storage.seed);
  return {{name, input}, std::move(x), std::move(w)};
}

/// Those whose terms the storage holds, in whole blocks.
void keep_held(std::vector<DotCanary>& all, const Storage3& storage) {
  std::erase_if(all, [&](const DotCanary& canary) {
    for (const double value : canary.x)
      if (!holds(storage.a, value)) return true;
    for (const double value : canary.w)
      if (!holds(storage.b, value)) return true;
    return false;
  });
  const auto unit = static_cast<std::size_t>(dtype_info(storage.b).block_elements);
  for (DotCanary& canary : all) spread(canary, unit);
}

/// What an op that leaves out zeros, cuts off what is infinite or rounds small results otherwise would lose.
std::vector<DotCanary> extreme_canaries() {
  return {
      terms("0 times a NaN weight", {1, 0, 0}, {1, 0, kNaN}),
      terms("NaN activation times 0", {1, 0, kNaN}, {1, 0, 0}),
      terms("0 times an infinite weight", {1, 0, 0}, {1, 0, kInfinity}),
      terms("4 times an activation of 2^127", {0x1p127}, {4}),
      terms("4 times a weight of 2^127", {4}, {0x1p127}),
      terms("1.75 of the least f16", {0x1p-12}, {1.75 * 0x1p-12}),
  };
}

}  // namespace

std::vector<DotCanary> dot_canaries(const Storage3& storage) {
  std::vector<DotCanary> all;
  for (const auto& more :
       {operand_canaries(), product_canaries(), rounding_canaries(storage.out), sum_canaries(), long_canaries()})
    all.insert(all.end(), more.begin(), more.end());
  for (const double scale : {1.0, 256.0, 4096.0}) all.push_back(product_tail(storage, scale));  // f16 needs the larger
  const double wide = widest_value(storage.b), head = round_to(DType::bf16, wide, Rounding::toward_zero);
  all.push_back(terms("the low bits of the widest weight", {-1, 0, 1}, {head, 0, wide}));
  all.push_back(terms("NaN activation", {1, 0, kNaN}, {1, 0, 1}));
  all.push_back(terms("NaN weight", {1, 0, 1}, {1, 0, kNaN}));
  all.push_back(terms("infinities that cancel", {kInfinity, 0, -kInfinity}, {1, 0, 1}));
  keep_held(all, storage);
  const auto unit = static_cast<std::size_t>(dtype_info(storage.b).block_elements);
  for (int i = 1; i <= kDrawnCanaries; ++i) all.push_back(drawn_canary(storage, i, unit));
  return all;
}

std::vector<DotCanary> linear_canaries(const Storage3& storage) {
  std::vector<DotCanary> all = dot_canaries(storage), more = bias_canaries(storage.out);
  for (const DotCanary& canary : extreme_canaries()) more.push_back(canary);
  keep_held(more, storage);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace candor::prove
