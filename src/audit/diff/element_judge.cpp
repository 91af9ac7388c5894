#include "audit/diff/element_judge.h"

#include <bit>
#include <cmath>

#include "audit/code_value.h"
#include "audit/diff/values.h"

namespace candor::audit_internal::comparison {

template <class Word>
ElementJudge<Word>::ElementJudge(DType a, DType b)
    : dtype_a_(a),
      dtype_b_(b),
      format_b_(*number_format(b)),
      exact_(holds(format_b_, *number_format(a))),
      largest_(F::bits(format_b_.largest)),
      toward_zero_({.to = format_b_, .mode = RoundingMode::toward_zero}) {
  if (a != b && a != DType::f64 && !is_block(a) && !is_block(b)) shared_source_.emplace(*number_format(a), format_b_);
}

template <class Word>
bool ElementJudge<Word>::can_share_source(const ValuePair<Word>& pair) const {
  return !is_nan(pair.b) && shared_source_->possible(F::value(pair.a), F::value(pair.b));
}

template <class Word>
void ElementJudge<Word>::count_small(const ValuePair<Word>& pair, DiffCounts& counts) {
  const Word a = pair.a & ~F::kSign, b = pair.b & ~F::kSign;
  const bool small_a = a - 1 < kSmall - 1, small_b = b - 1 < kSmall - 1;
  const bool off_a = small_a && is_off_f16_lattice(F::value(a)), off_b = small_b && is_off_f16_lattice(F::value(b));
  if (small_a) counts.small_a += pair.weight;
  if (small_b) counts.small_b += pair.weight;
  if (off_a) counts.off_grid_a += pair.weight;
  if (off_b) counts.off_grid_b += pair.weight;
  if (off_a && !off_b) counts.snapped += pair.weight;
}

template <class Word>
void ElementJudge<Word>::look_at_loss(const ValuePair<Word>& pair, Word expected, std::uint64_t first,
                                      Tally& tally) const {
  DiffCounts& counts = tally.counts;
  const Word a = pair.a & ~F::kSign, b = pair.b & ~F::kSign;
  if (b == 0) (a == 0 ? counts.zero_signs : counts.zeroed) += pair.weight;
  if (b >= F::kInfinity) {
    if (a < F::kInfinity) counts.overflowed += pair.weight;
    return;
  }
  if ((expected & ~F::kSign) >= F::kInfinity) counts.saturated += pair.weight;
  if (a >= F::kInfinity) return;
  const double before = F::value(pair.a), change = std::fabs(F::value(pair.b) - before);
  tally.absolute.see(change, first + pair.at);
  if (a != 0) tally.relative.see(change / std::fabs(before), first + pair.at);
}

/// The two values of B's dtype between which A's lies, and how far it has got from the one nearer to zero.
template <class Word>
void ElementJudge<Word>::look_at_neighbours(const ValuePair<Word>& pair, Tally& tally) const {
  const Word nearer = toward_zero_(pair.a);
  const Word magnitude = pair.a & ~F::kSign, low = nearer & ~F::kSign;
  bool away = false;
  if (pair.b != nearer) {
    const Word b = pair.b & ~F::kSign;
    away = magnitude != low && (pair.b & F::kSign) == (pair.a & F::kSign) && b <= largest_ &&
           steps_from_zero(b, format_b_) == steps_from_zero(low, format_b_) + 1;
    if (!away) return;
  }
  tally.counts.neighbours += pair.weight;
  const int drop = F::kMantissa - format_b_.mantissa;
  if (magnitude >> F::kMantissa < static_cast<Word>(format_b_.lowest + F::kBias) || drop <= 0) return;
  const std::uint64_t rest = static_cast<std::uint64_t>(magnitude - low);
  const std::uint64_t r = drop >= 16 ? rest >> (drop - 16) : rest << (16 - drop);
  Residuals& bin = tally.residuals[r >> 13];
  bin.count += pair.weight;
  bin.away += away ? pair.weight : 0;
  bin.position += r * pair.weight;
  bin.variance += (r * (65536 - r) >> 16) * pair.weight;
}

template <class Word>
void ElementJudge<Word>::look_at_change(const ValuePair<Word>& pair, Word expected, const Piece& piece,
                                        Tally& tally) const {
  const Word a = pair.a & ~F::kSign, b = pair.b & ~F::kSign, e = expected & ~F::kSign;
  tally.counts.changed += pair.weight;
  ChangedElement element;
  if (b < F::kInfinity && e < F::kInfinity) {
    const bool same_sign = (pair.b & F::kSign) == (expected & F::kSign);
    const std::uint64_t from = steps_from_zero(e, format_b_), to = steps_from_zero(b, format_b_);
    element.steps = same_sign ? (to > from ? to - from : from - to) : from + to;
    element.below = same_sign ? (to < from) == ((expected & F::kSign) == 0) : (pair.b & F::kSign) != 0;
    if (element.steps == 1) (element.below ? tally.counts.step_down : tally.counts.step_up) += pair.weight;
    if (element.steps > 0)
      (element.below ? tally.below : tally.above)[static_cast<std::size_t>(std::bit_width(element.steps) - 1)] +=
          pair.weight;
  }
  if (!tally.wants(piece.first + pair.at)) return;
  if (b > F::kInfinity)
    element.damage = Damage::to_nan;
  else if (b == F::kInfinity)
    element.damage = Damage::to_infinity;
  else if (e >= F::kInfinity)
    element.damage = Damage::saturated;
  else if (b == 0)
    element.damage = a == 0 ? Damage::zero_sign : Damage::zeroed;
  keep(pair, expected, piece, element, tally);
}

template <class Word>
void ElementJudge<Word>::judge_nan(const ValuePair<Word>& pair, const Piece& piece, Tally& tally) const {
  const Word b = pair.b & ~F::kSign;
  DiffCounts& counts = tally.counts;
  counts.nans += pair.weight;
  ChangedElement element;
  if (b < F::kInfinity) {
    counts.nan_to_finite += pair.weight;
    element.damage = Damage::nan_to_finite;
  } else if (b == F::kInfinity) {
    counts.nan_to_infinity += pair.weight;
    element.damage = Damage::nan_to_infinity;
  } else {
    if (dtype_a_ != dtype_b_ || pair.a == pair.b) return;  // conversions keep what fits of a payload, or do not
    counts.nan_codes += pair.weight;
    element.damage = Damage::nan_code;
  }
  counts.changed += pair.weight;
  if (tally.wants(piece.first + pair.at)) keep(pair, pair.a, piece, element, tally);
}

template <class Word>
void ElementJudge<Word>::keep(const ValuePair<Word>& pair, Word expected, const Piece& piece, ChangedElement element,
                              Tally& tally) const {
  element.index = piece.first + pair.at;
  element.code_a = element_code(dtype_a_, piece.a, pair.at);
  element.code_b = element_code(dtype_b_, piece.b, pair.at);
  element.value_a = F::value(pair.a);
  element.value_b = F::value(pair.b);
  element.expected = F::value(expected);
  tally.keep(element);
}

template class ElementJudge<std::uint32_t>;
template class ElementJudge<std::uint64_t>;

}  // namespace candor::audit_internal::comparison
