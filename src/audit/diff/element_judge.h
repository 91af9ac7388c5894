// What happened to one element, beside what the histories say of it.
#pragma once

#include <cstddef>

#include "audit/diff/pair_batch.h"
#include "audit/diff/shared_source.h"
#include "audit/diff/tally.h"

namespace candor::audit_internal::comparison {

/// The bytes of the piece that is looked at.
struct Piece {
  const std::byte *a = nullptr, *b = nullptr;
  std::uint64_t first = 0;  // index of its first element
};

template <class Word>
class ElementJudge {
 public:
  ElementJudge(DType a, DType b);

  static bool is_nan(Word bits) { return (bits & ~F::kSign) > F::kInfinity; }
  /// `expected`: what one rounding makes of it. Not for NaN in A.
  void judge(const ValuePair<Word>& pair, Word expected, const Piece& piece, Tally& tally) const {
    const bool kept = pair.a == pair.b;
    if (kept) tally.counts.kept += pair.weight;
    const Word magnitude_a = pair.a & ~F::kSign, magnitude_b = pair.b & ~F::kSign;
    if (magnitude_a - 1 < kSmall - 1 || magnitude_b - 1 < kSmall - 1) count_small(pair, tally.counts);
    if (!exact_ && magnitude_a < largest_)
      look_at_neighbours(pair, tally);
    else if (kept || pair.b == expected)
      tally.counts.neighbours += pair.weight;
    if (!kept) look_at_loss(pair, expected, piece.first, tally);
    if (pair.b == expected)
      tally.counts.as_rounded += pair.weight;
    else
      look_at_change(pair, expected, piece, tally);
    if (shared_source_ && (pair.b == expected || can_share_source(pair))) tally.counts.shared_source += pair.weight;
  }
  void judge_nan(const ValuePair<Word>& pair, const Piece& piece, Tally& tally) const;

 private:
  using F = WordFormat<Word>;
  static constexpr Word kSmall = static_cast<Word>(F::kBias - 17) << F::kMantissa;  // 2^-17

  bool can_share_source(const ValuePair<Word>& pair) const;
  static void count_small(const ValuePair<Word>& pair, DiffCounts& counts);
  void look_at_loss(const ValuePair<Word>& pair, Word expected, std::uint64_t first, Tally& tally) const;
  void look_at_neighbours(const ValuePair<Word>& pair, Tally& tally) const;
  void look_at_change(const ValuePair<Word>& pair, Word expected, const Piece& piece, Tally& tally) const;
  void keep(const ValuePair<Word>& pair, Word expected, const Piece& piece, ChangedElement element, Tally& tally) const;

  DType dtype_a_, dtype_b_;
  NumberFormat format_b_;
  bool exact_;    // B's dtype holds every value of A's
  Word largest_;  // of B's dtype
  Rounder<Word> toward_zero_;
  std::optional<SharedSource> shared_source_;
};

}  // namespace candor::audit_internal::comparison
