#include "kernels/witness.h"

namespace candor::test {
namespace {

double flushed(const Arithmetic& arithmetic, double value) {
  return arithmetic.flushes && std::fabs(value) < kTinyF32 ? std::copysign(0.0, value) : value;
}

// ref::round_to for the two formats that emulated sums are full of.
double rounded(DType dtype, double value) {
  if (dtype == DType::f64) return value;
  return dtype == DType::f32 ? static_cast<double>(static_cast<float>(value)) : ref::round_to(dtype, value);
}

// The elements of each partial sum, in its order.
std::vector<std::vector<std::size_t>> sum_parts(SumOrder order, std::size_t count) {
  const bool apart = order == SumOrder::even_and_odd_apart || order == SumOrder::halves_apart;
  std::vector<std::vector<std::size_t>> parts(apart ? 2 : 1);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t k = i, part = 0;
    if (order == SumOrder::odd_first) k = i % 2 == 1 ? i - 1 : i + 1 < count ? i + 1 : i;
    if (order == SumOrder::even_and_odd_apart) part = k % 2;
    if (order == SumOrder::halves_apart) part = k < count / 2 ? 0 : 1;
    parts[part].push_back(k);
  }
  return parts;
}

}  // namespace

double emulate_dot(const Arithmetic& arithmetic, const Doubles& x, const Doubles& w, DType out) {
  double sum = 0;
  for (const std::vector<std::size_t>& part : sum_parts(arithmetic.order, x.size())) {
    double partial = 0;
    for (const std::size_t k : part) {
      const double a = rounded(arithmetic.operands, flushed(arithmetic, x[k]));
      const double b = rounded(arithmetic.operands, flushed(arithmetic, w[k]));
      const double product = rounded(arithmetic.products, a * b);
      partial = flushed(arithmetic, rounded(arithmetic.accumulate, partial + product));
    }
    sum = flushed(arithmetic, rounded(arithmetic.accumulate, sum + partial));
  }
  return ref::round_to(out, sum);
}

namespace {

Witness repeated(const std::string& name, std::int64_t count, double x, double w) {
  const auto n = static_cast<std::size_t>(count);
  return {name, Doubles(n, x), Doubles(n, w), true};
}

}  // namespace

bool holds(DType dtype, double value) {
  if (std::isnan(value)) return !is_block(dtype);
  if (is_block(dtype)) return ref::round_to(DType::f16, value / 4) == value / 4;
  return ref::round_to(dtype, value) == value;
}

namespace {

bool all_held(const Witness& witness, const Precision& precision) {
  for (const double value : witness.x)
    if (!holds(precision.a, value)) return false;
  for (const double value : witness.w)
    if (!holds(precision.b, value)) return false;
  return true;
}

std::vector<Witness> sum_witnesses() {
  return {
      // accumulation: a bf16 sum of ones stops at 256, an f16 one at 2048, an f32 one at 2^24; wider ones do not
      repeated("257 ones", 257, 1, 1),
      repeated("2049 ones", 2049, 1, 1),
      repeated("2304 ones", 2304, 1, 1),
      {"2^24 + 1 - 2^24", {0x1p12, 0, 1, 0, -0x1p12}, {0x1p12, 1, 1, 1, 0x1p12}},
      {"2^24 + 1 + 1", {0x1p12, 0, 1, 0, 1}, {0x1p12, 1, 1, 1, 1}},
      // the order of the sum, within one block of any format: odd first, 2^24 + 1 is 2^24; any other keeps the one
      {"2^24, then 1 - 2^24", {0x1p14, 0, -0x1p14, 0x1p-10}, Doubles(4, 0x1p10), true},
      // products: exact in f32, rounded in 16 bits
      repeated("64 (1 + 2^-4)^2", 64, 1 + 0x1p-4, 1 + 0x1p-4),
      repeated("64 (1 + 2^-6)^2", 64, 1 + 0x1p-6, 1 + 0x1p-6),
      {"(1 + 2^-4)^2 - (1 + 2^-3)", {1 + 0x1p-4, 0, -(1 + 0x1p-3)}, {1 + 0x1p-4, 0, 1}},
      {"(1 + 2^-6)^2 - (1 + 2^-5)", {1 + 0x1p-6, 0, -(1 + 0x1p-5)}, {1 + 0x1p-6, 0, 1}},
  };
}

std::vector<Witness> operand_witnesses() {
  return {
      // operands rounded on entry
      {"activation 1 + 2^-9", {1 + 0x1p-9, 0, -1}, {1, 0, 1}},
      {"weight 1 + 2^-9", {1, 0, -1}, {1 + 0x1p-9, 0, 1}},
      {"activation 1 + 2^-12", {1 + 0x1p-12, 0, -1}, {1, 0, 1}},
      {"weight 1 + 2^-12", {1, 0, -1}, {1 + 0x1p-12, 0, 1}},
      // an f16 detour overflows or flushes
      {"weight 2^17", {0x1p-14}, {0x1p17}},
      {"activation 2^17", {0x1p17}, {0x1p-14}},
      {"sum beyond 65504", {0x1p9, 1, -0x1p9}, {0x1p8, 1, 0x1p8}},
      {"activation 2^-30", {0x1p-30}, {0x1p10}},
      {"weight 2^-30", {0x1p10}, {0x1p-30}},
      {"f16 subnormals", {0x1p-24}, {0x1p10}},
      {"f16 subnormal weight", {0x1p10}, {0x1p-24}},
      // denormals: f32 ones are flushed or kept as the instruction class says
      {"activation 2^-130", {0x1p-130}, {0x1p127}},
      {"weight 2^-130", {0x1p127}, {0x1p-130}},
      {"activation 2^-130 against a small weight", {0x1p-130}, {0x1p14}},
      {"product 2^-130", {0x1p-120}, {0x1p-10}},
      {"product 2^-130, scaled back", {0x1p-120, 0}, {0x1p-10, 0}},
      {"result 2^-20", {0x1p-10}, {0x1p-10}},
  };
}

// One rounding to the result, to nearest even: j quarters of an ulp beside 1. Down, two ties, up, both signs.
std::vector<Witness> rounding_witnesses(DType out) {
  std::vector<Witness> all;
  const int precision = format_of(out).precision;
  for (const int j : {1, 2, 3, 6}) {
    const int low = -(precision + 1) / 2, high = -(precision + 1) - low;
    const double sign = j % 2 ? 1 : -1;
    all.push_back({"1 + " + std::to_string(j) + "/4 ulp",
                   {sign, 0, sign * std::ldexp(1.0, low)},
                   {1, 0, j * std::ldexp(1.0, high)}});
  }
  return all;
}

}  // namespace

std::vector<Witness> dot_witnesses(const Precision& precision) {
  std::vector<Witness> all = sum_witnesses();
  for (const std::vector<Witness>& more : {operand_witnesses(), rounding_witnesses(precision.out)})
    all.insert(all.end(), more.begin(), more.end());
  std::erase_if(all, [&](const Witness& witness) { return !all_held(witness, precision); });
  return all;
}

std::vector<Alternative> dot_alternatives(const Precision& precision, const Arithmetic& claimed) {
  std::vector<Alternative> all;
  const auto with = [&](const std::string& name, auto change) {
    Arithmetic other = claimed;
    change(other);
    all.push_back({name, other});
  };
  for (const DType dtype : {DType::bf16, DType::f16, DType::f64})
    if (dtype != precision.accumulate)
      with("sums in " + std::string(dtype_name(dtype)), [&](Arithmetic& a) { a.accumulate = dtype; });
  with("even element of a pair first", [](Arithmetic& a) { a.order = SumOrder::rising; });
  with("even and odd elements summed apart", [](Arithmetic& a) { a.order = SumOrder::even_and_odd_apart; });
  with("halves of K summed apart", [](Arithmetic& a) { a.order = SumOrder::halves_apart; });
  for (const DType dtype : {DType::bf16, DType::f16})
    with("products in " + std::string(dtype_name(dtype)), [&](Arithmetic& a) { a.products = dtype; });
  if (precision.a != DType::bf16 || precision.b != DType::bf16)
    with("operands in bf16", [](Arithmetic& a) { a.operands = DType::bf16; });
  if (holds(precision.a, 0x1p17) || holds(precision.b, 1 + 0x1p-12))
    with("operands in f16", [](Arithmetic& a) { a.operands = DType::f16; });
  if (holds(precision.a, 0x1p-130) && holds(precision.b, 0x1p14))
    with("other treatment of denormals", [](Arithmetic& a) { a.flushes = !a.flushes; });
  return all;
}

}  // namespace candor::test
