#include "audit/diff/value_comparer.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "audit/diff/values.h"

namespace candor::audit_internal::comparison {
namespace {

/// Where B has always the same value for a code of A, one pair stands for all of them.
template <class Word>
struct Slot {
  Word b = 0;
  std::uint32_t count = 0, at = 0;
};

std::size_t code_at(std::size_t width, const std::byte* bytes, std::size_t index) {
  if (width == 1) return std::to_integer<std::size_t>(bytes[index]);
  std::uint16_t code;
  std::memcpy(&code, bytes + 2 * index, sizeof code);
  return code;
}

}  // namespace

/// One call of compare().
template <class Word>
class ValueComparer<Word>::Pass {
 public:
  Pass(const ValueComparer& comparer, const Piece& piece, Tally& tally)
      : comparer_(comparer), piece_(piece), tally_(tally) {}
  const Piece& piece() const { return piece_; }

  void push(const ValuePair<Word>& pair) {
    if (ElementJudge<Word>::is_nan(pair.a)) return comparer_.judge_.judge_nan(pair, piece_, tally_);
    const bool plain = is_plain(pair.a);
    PairBatch<Word>& batch = plain ? plain_ : other_;
    batch.push(pair);
    if (batch.full()) judge(batch, plain);
  }
  void finish() {
    if (plain_.count > 0) judge(plain_, true);
    if (other_.count > 0) judge(other_, false);
  }

 private:
  void judge(PairBatch<Word>& batch, bool plain) {
    comparer_.questions_.ask(batch, plain, once_, tally_);
    for (std::size_t i = 0; i < batch.count; ++i) comparer_.judge_.judge(batch[i], once_[i], piece_, tally_);
    batch.clear();
  }

  const ValueComparer& comparer_;
  Piece piece_;
  Tally& tally_;
  PairBatch<Word> plain_, other_;
  typename Questions<Word>::Words once_{};
};

template <class Word>
ValueComparer<Word>::ValueComparer(DType a, DType b)
    : a_(a), b_(b), histories_(histories_of(a, b)), questions_(histories_), judge_(a, b) {}

template <class Word>
void ValueComparer<Word>::compare(const std::byte* a, const std::byte* b, std::size_t count, std::uint64_t first,
                                  Tally& tally) const {
  tally.counts.elements += count;
  const auto pass = std::make_unique<Pass>(*this, Piece{a, b, first}, tally);
  const DTypeInfo& info = dtype_info(a_);
  if (info.block_elements == 1 && info.block_bytes <= 2)
    compare_by_code(*pass, count);
  else
    compare_in_order(*pass, count);
  pass->finish();
}

namespace {

/// Calls `function(a, b, index)` for the values of a piece.
template <class Word, class Function>
void for_each_pair(DType dtype_a, DType dtype_b, const Piece& piece, std::size_t count, Function&& function) {
  constexpr std::size_t kSize = PairBatch<Word>::kSize;
  std::array<Word, kSize> a, b;
  for (std::size_t begin = 0; begin < count; begin += kSize) {
    const std::size_t n = std::min(kSize, count - begin);
    read_values(dtype_a, piece.a + element_offset(dtype_a, begin), n, a.data());
    read_values(dtype_b, piece.b + element_offset(dtype_b, begin), n, b.data());
    for (std::size_t i = 0; i < n; ++i) function(a[i], b[i], static_cast<std::uint32_t>(begin + i));
  }
}

}  // namespace

template <class Word>
void ValueComparer<Word>::compare_in_order(Pass& pass, std::size_t count) const {
  for_each_pair<Word>(a_, b_, pass.piece(), count, [&](Word a, Word b, std::uint32_t at) { pass.push({a, b, 1, at}); });
}

template <class Word>
void ValueComparer<Word>::compare_by_code(Pass& pass, std::size_t count) const {
  const auto width = static_cast<std::size_t>(dtype_info(a_).block_bytes);
  const std::byte* bytes = pass.piece().a;
  std::vector<Slot<Word>> slots(std::size_t{1} << (8 * width));
  for_each_pair<Word>(a_, b_, pass.piece(), count, [&](Word a, Word b, std::uint32_t at) {
    Slot<Word>& slot = slots[code_at(width, bytes, at)];
    if (slot.count == 0) {
      slot = {b, 1, at};
    } else if (slot.b == b) {
      ++slot.count;
    } else {
      pass.push({a, b, 1, at});
    }
  });
  for (const Slot<Word>& slot : slots) {
    if (slot.count == 0) continue;
    Word a = 0;
    read_values(a_, bytes + element_offset(a_, slot.at), 1, &a);
    pass.push({a, slot.b, slot.count, slot.at});
  }
}

template class ValueComparer<std::uint32_t>;
template class ValueComparer<std::uint64_t>;

}  // namespace candor::audit_internal::comparison
