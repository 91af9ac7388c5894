#include "prove/value/unary_codes.h"

#include "prove/random.h"

namespace candor::prove {
namespace {

std::vector<std::uint64_t> every_code(DType dtype) {
  std::vector<std::uint64_t> codes(std::size_t{1} << (8 * element_bytes(dtype)));
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = i;
  return codes;
}

/// Of every size at which some function has a result of its own.
std::vector<std::uint64_t> drawn_codes(const Storage3& storage, UnaryKind kind) {
  Random random(storage.seed, "many arguments of " + name_of(kind));
  std::vector<std::uint64_t> codes;
  for (int i = 0; i < 4096; ++i) {
    const double mantissa = 1 + std::ldexp(static_cast<double>(random.bits() >> 12), -52);
    const double value = round_to(storage.a, std::ldexp(mantissa, random.between(-20, 6)), Rounding::toward_zero);
    codes.push_back(encode(storage.a, random.bits() & 1 ? -value : value));
  }
  return codes;
}

/// Whether every kernel must give what the function gives: nothing on the way is flushed or too large.
bool is_ordinary(UnaryKind kind, double x, const Prediction& result, double smallest_normal) {
  if (!std::isfinite(x) || std::fabs(x) < smallest_normal || (x < 0 && !takes_negative(kind))) return false;
  if (kind == UnaryKind::relu && x < 0) return true;
  return std::fabs(result.low) >= smallest_normal && std::fabs(result.high) >= smallest_normal &&
         std::fabs(result.low) < 0x1p127 && std::fabs(result.high) < 0x1p127;
}

}  // namespace

UnaryCodes unary_codes(const Storage3& storage, UnaryKind kind) {
  const ValuePath path(storage);
  const bool narrow = element_bytes(storage.a) <= 2;
  UnaryCodes all;
  for (const std::uint64_t code : narrow ? every_code(storage.a) : drawn_codes(storage, kind)) {
    const double x = decode(storage.a, code);
    const Prediction result = function_range(kind, x);
    if (!is_ordinary(kind, x, result, path.smallest_normal())) continue;
    all.codes.push_back(code);
    all.right.push_back(path.leaving({}, result));
  }
  all.input = std::to_string(all.size()) + " numbers of " + std::string(dtype_name(storage.a)) +
              (narrow ? "" : " drawn at random") + "; the result is how many come out right";
  return all;
}

}  // namespace candor::prove
