// Asks every history what it makes of A's values, and counts how often B agrees.
#pragma once

#include <vector>

#include "audit/diff/history.h"
#include "audit/diff/pair_batch.h"
#include "audit/diff/tally.h"

namespace candor::audit_internal::comparison {

template <class Word>
class Questions {
 public:
  using Words = std::array<Word, PairBatch<Word>::kSize>;
  explicit Questions(const std::vector<History>& histories);

  /// `once`: gets what one rounding makes of each value. `plain`: all values are, see is_plain().
  void ask(const PairBatch<Word>& batch, bool plain, Words& once, Tally& tally) const;

 private:
  /// A rounding of plain values.
  struct PlainStage {
    int drop = 0;  // mantissa bits of the word that go
    RoundingMode mode = RoundingMode::nearest_even;
    bool operator==(const PlainStage&) const = default;
  };
  using PlainStages = std::vector<PlainStage>;
  static constexpr std::size_t kNone = kMostHistories;

  static PlainStages plain_stages(const History& history);
  static void predict_plain(const PlainStages& stages, const Words& values, Words& predicted);
  void predict(std::size_t history, const PairBatch<Word>& batch, Words& predicted) const;

  std::vector<std::vector<Rounder<Word>>> rounders_;  // of each history's stages
  std::vector<std::size_t> plain_of_;                 // of each history, in plain_; kNone: a stage does not hold them
  std::vector<PlainStages> plain_;                    // different ones
};

}  // namespace candor::audit_internal::comparison
