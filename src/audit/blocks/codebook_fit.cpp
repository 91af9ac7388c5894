#include <array>
#include <vector>

#include "audit/blocks/fit.h"
#include "audit/blocks/narrowing.h"
#include "core/formats.h"

namespace candor::audit_internal {

namespace {

// QLoRA (arXiv 2305.14314), appendix E: quantiles of a normal, zero included,
// both ends at 1.
constexpr std::array<double, 16> kNf4 = {-1.0,
                                         -0.6961928009986877,
                                         -0.5250730514526367,
                                         -0.39491748809814453,
                                         -0.28444138169288635,
                                         -0.18477343022823334,
                                         -0.09105003625154495,
                                         0.0,
                                         0.07958029955625534,
                                         0.16093020141124725,
                                         0.24611230194568634,
                                         0.33791524171829224,
                                         0.44070982933044434,
                                         0.5626170039176941,
                                         0.7229568362236023,
                                         1.0};
// OCP Microscaling Formats 1.0: one bit of mantissa, two of exponent.
constexpr std::array<double, 15> kE2m1 = {-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6};
// bitsandbytes' own four-bit float, in twelfths of the largest: its subnormal
// is a sixteenth.
constexpr std::array<double, 15> kBitsandbytes = {-12, -8, -6, -4, -3, -2, -0.0625, 0, 0.0625, 2, 3, 4, 6, 8, 12};
// GGUF's non-linear four-bit codes.
constexpr std::array<double, 16> kIq4Nl = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

template <class ToF32>
std::vector<double> float_levels(ToF32 to_f32) {
  std::vector<double> levels;
  for (int code = 1; code < 128; ++code) {
    const double value = static_cast<double>(to_f32(static_cast<std::uint8_t>(code)));
    if (std::isfinite(value)) levels.push_back(value);
  }
  const std::vector<double> positive = levels;
  for (const double value : positive) levels.push_back(-value);
  levels.push_back(0);
  std::sort(levels.begin(), levels.end());
  return levels;
}

struct Codebook {
  std::span<const double> levels;
  double least_top = 0;  // of the outermost value: subnormals of an 8-bit float
                         // alone are a lattice like any integers'

  /// The first level that is not below x, neither the lowest nor beyond the highest. No branch depends on x: half of
  /// such branches would be guessed wrong.
  std::span<const double>::iterator first_from(double x) const {
    auto at = levels.begin() + 1;
    for (std::ptrdiff_t left = std::ssize(levels) - 2; left > 0;) {
      const std::ptrdiff_t half = (left + 1) / 2;
      at += half * static_cast<std::ptrdiff_t>(at[half - 1] < x);
      left -= half;
    }
    return at;
  }
  Level nearest(double x) const {
    const auto above = first_from(x);
    const auto at = above - ((*above - x > x - *(above - 1)) ? 1 : 0);
    const double left = at == levels.begin() ? 0 : *at - *(at - 1);
    const double right = at + 1 == levels.end() ? 0 : *(at + 1) - *at;
    const double gap = left == 0 ? right : right == 0 ? left : std::min(left, right);
    return {.value = *at, .spacing = (left + right) / (left == 0 || right == 0 ? 1 : 2), .gap = gap};
  }
};

// The outermost value is on some level of its sign: the outermost one half of
// the time, the others share the rest.
Fit best_scale(std::span<const Point> points, const Codebook& book) {
  const Point& top = points.back();
  const std::span<const Point> inner = points.first(points.size() - 1);
  const bool negative = top.value < 0;
  const double cost_of_inner = 1 + std::log2(static_cast<double>(book.levels.size()) / 2);
  Fit best;
  best.bits = -1e300;
  // An 8-bit float has the same levels in each octave down to its subnormals, which are fewer: what is on none of them
  // with the outermost value in one octave is on none in the octaves below, but where a value's error is as wide as the
  // levels lie apart; such a fit has no evidence.
  const bool has_octaves = book.least_top != 0;
  std::uint32_t failed = 0;  // by the three bits after a level's first
  // From the outermost inwards: where an octave makes no difference (f8 without
  // subnormals) the largest level stands.
  for (std::size_t i = 0; i < book.levels.size(); ++i) {
    const double level = negative ? book.levels[i] : book.levels[book.levels.size() - 1 - i];
    if (level == 0 || (level < 0) != negative || std::fabs(level) < book.least_top) break;
    const double steps = std::fabs(level), magnitude = std::fabs(top.value);
    const std::uint32_t fraction = 1u << (f64_bits(steps) >> 49 & 7);
    if (has_octaves && (failed & fraction) != 0) continue;
    Interval scale{.low = (magnitude - top.error) / steps, .high = (magnitude + top.error) / steps};
    const double edge = negative ? book.levels.front() : book.levels.back();
    const double cost = level == edge ? 1 : cost_of_inner;
    const double found = narrow_all(inner, book, scale);
    if (found < 0) failed |= fraction;
    if (found < 0 || found - cost <= best.bits) continue;
    const double score = score_all(points, book, scale);
    if (score < 0) continue;
    best = {.fits = true, .bits = found - cost, .score = score - cost, .low = scale.low, .high = scale.high};
    if (book.least_top != 0)
      break;  // the same mantissa in lower octaves would fit as well, and cost
              // more
  }
  return best;
}

Fit mirrored(std::span<const Point> points, const Codebook& book) {
  thread_local std::vector<Point> turned;
  turned.assign(points.begin(), points.end());
  for (Point& point : turned) point.value = -point.value;
  Fit fit = best_scale(turned, book);
  fit.low = -fit.low;
  fit.high = -fit.high;
  std::swap(fit.low, fit.high);
  return fit;
}

Fit fit_codebook(Family family, const Block& block) {
  thread_local std::vector<Point> folded;
  const double least_top = family == Family::fp8_e4m3 ? 0x1p-2 : family == Family::fp8_e5m2 ? 0x1p-10 : 0;
  const Codebook book{.levels = codebook_levels(family), .least_top = least_top};  // 16 times the least normal value
  const bool symmetric = family != Family::nf4 && family != Family::iq4_nl;
  if (!symmetric) {
    Fit fit = best_scale(block.points, book);
    if (family != Family::iq4_nl) return fit;
    const Fit other = mirrored(block.points,
                               book);  // llama.cpp's scale has the sign of the largest value
    return other.fits && (!fit.fits || other.bits > fit.bits) ? other : fit;
  }
  fold_signs(block.points, folded);
  return best_scale(folded, book);
}

}  // namespace

std::span<const double> codebook_levels(Family family) {
  static const std::vector<double> e4m3 = float_levels(f8_e4m3_bits_to_f32);
  static const std::vector<double> e5m2 = float_levels(f8_e5m2_bits_to_f32);
  switch (family) {
    case Family::nf4:
      return kNf4;
    case Family::fp4:
      return kE2m1;
    case Family::fp4_bitsandbytes:
      return kBitsandbytes;
    case Family::iq4_nl:
      return kIq4Nl;
    case Family::fp8_e4m3:
      return e4m3;
    case Family::fp8_e5m2:
      return e5m2;
    default:
      return {};
  }
}

// Of three-bit integers four magnitudes are multiples in every small codebook:
// five are needed to speak for one.
bool has_enough_values(Family family, const Block& block) {
  switch (family) {
    case Family::integer:
      return block.magnitudes >= 2;
    case Family::affine:
      return block.points.size() + (block.zeros != 0 ? 1 : 0) >= 3;
    default:
      return block.magnitudes >= 5;
  }
}

Fit fit_block(Family family, const Block& block) {
  if (block.crowded || !has_enough_values(family, block)) return {};
  switch (family) {
    case Family::integer:
      return fit_integers(block);
    case Family::affine:
      return fit_affine_integers(block);
    default:
      return fit_codebook(family, block);
  }
}

}  // namespace candor::audit_internal
