#include "audit/diff/questions.h"

#include <algorithm>

namespace candor::audit_internal::comparison {
namespace {

/// Places where some history but the first predicts something else than one rounding.
template <class Word>
using Marks = std::array<Word, PairBatch<Word>::kSize>;

/// What B says of one prediction.
template <class Word>
HistoryTally count(const PairBatch<Word>& batch, const std::array<Word, PairBatch<Word>::kSize>& predicted,
                   const std::array<Word, PairBatch<Word>::kSize>& once, Marks<Word>& marks) {
  std::uint32_t explains = 0, differs = 0, right = 0;  // a piece has fewer elements
  for (std::size_t i = 0; i < batch.kSize; ++i) {
    const std::uint32_t as_found = predicted[i] == batch.b[i] ? batch.weight[i] : 0;
    const std::uint32_t other = predicted[i] != once[i] ? ~0u : 0;
    explains += as_found;
    differs += batch.weight[i] & other;
    right += as_found & other;
  }
  if (differs != 0)
    for (std::size_t i = 0; i < batch.kSize; ++i) marks[i] |= predicted[i] ^ once[i];
  return {explains, differs, right};
}

void add(const HistoryTally& found, HistoryTally& history) {
  history.explains += found.explains;
  history.differs += found.differs;
  history.differs_right += found.differs_right;
}

template <RoundingMode kMode, class Word>
void round_plain(int drop, std::array<Word, PairBatch<Word>::kSize>& values) {
  const Word mask = (Word{1} << drop) - 1, half = mask >> 1;  // the sign bit is above every carry
  for (Word& x : values) {
    if constexpr (kMode == RoundingMode::nearest_even) x = (x + half + (x >> drop & 1)) & ~mask;
    if constexpr (kMode == RoundingMode::half_away) x = (x + half + 1) & ~mask;
    if constexpr (kMode == RoundingMode::toward_zero) x &= ~mask;
  }
}

}  // namespace

template <class Word>
Questions<Word>::Questions(const std::vector<History>& histories) {
  for (const History& history : histories) {
    std::vector<Rounder<Word>>& stages = rounders_.emplace_back();
    for (const Rounding& rounding : history.stages) stages.emplace_back(rounding);
    const bool holds_plain = std::all_of(history.stages.begin(), history.stages.end(),
                                         [](const Rounding& rounding) { return rounding.to.lowest <= -14; });
    if (!holds_plain) {
      plain_of_.push_back(kNone);
      continue;
    }
    const PlainStages plain = plain_stages(history);
    const auto known = std::find(plain_.begin(), plain_.end(), plain);
    plain_of_.push_back(static_cast<std::size_t>(known - plain_.begin()));
    if (known == plain_.end()) plain_.push_back(plain);
  }
}

/// Without those that have nothing left to round.
template <class Word>
typename Questions<Word>::PlainStages Questions<Word>::plain_stages(const History& history) {
  PlainStages stages;
  int dropped = 0;
  for (const Rounding& rounding : history.stages) {
    const int drop = WordFormat<Word>::kMantissa - rounding.to.mantissa;
    if (drop <= dropped) continue;
    stages.push_back({drop, rounding.mode});
    dropped = drop;
  }
  return stages;
}

template <class Word>
void Questions<Word>::predict_plain(const PlainStages& stages, const Words& values, Words& predicted) {
  predicted = values;
  for (const PlainStage& stage : stages) {
    if (stage.mode == RoundingMode::nearest_even)
      round_plain<RoundingMode::nearest_even>(stage.drop, predicted);
    else if (stage.mode == RoundingMode::half_away)
      round_plain<RoundingMode::half_away>(stage.drop, predicted);
    else
      round_plain<RoundingMode::toward_zero>(stage.drop, predicted);
  }
}

template <class Word>
void Questions<Word>::predict(std::size_t history, const PairBatch<Word>& batch, Words& predicted) const {
  predicted = batch.a;
  for (const Rounder<Word>& stage : rounders_[history])
    for (std::size_t i = 0; i < batch.count; ++i) predicted[i] = stage(predicted[i]);
}

template <class Word>
void Questions<Word>::ask(const PairBatch<Word>& batch, bool plain, Words& once, Tally& tally) const {
  Words predicted;
  Marks<Word> marks{};
  const bool base_plain = plain && plain_of_[0] != kNone;
  if (base_plain)
    predict_plain(plain_[plain_of_[0]], batch.a, once);
  else
    predict(0, batch, once);
  std::array<HistoryTally, kMostHistories> of_plain{};
  for (std::size_t p = 0; p < plain_.size() && plain; ++p) {
    predict_plain(plain_[p], batch.a, predicted);
    of_plain[p] = count(batch, predicted, once, marks);
  }
  for (std::size_t k = 1; k < rounders_.size(); ++k) {
    if (plain && plain_of_[k] != kNone) {
      add(of_plain[plain_of_[k]], tally.histories[k]);
      continue;
    }
    predict(k, batch, predicted);
    add(count(batch, predicted, once, marks), tally.histories[k]);
  }
  HistoryTally& first = tally.histories[0];
  for (std::size_t i = 0; i < batch.count; ++i) {
    const bool right = batch.b[i] == once[i];
    first.explains += right ? batch.weight[i] : 0;
    first.differs += marks[i] != 0 ? batch.weight[i] : 0;
    first.differs_right += right && marks[i] != 0 ? batch.weight[i] : 0;
  }
}

template class Questions<std::uint32_t>;
template class Questions<std::uint64_t>;

}  // namespace candor::audit_internal::comparison
