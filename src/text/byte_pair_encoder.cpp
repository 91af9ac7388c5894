#include "text/byte_pair_encoder.h"

#include <bit>
#include <queue>

namespace candor::text {
namespace {

std::uint64_t mix(std::uint64_t key) {
  key ^= key >> 31;
  key *= 0x9e3779b97f4a7c15u;
  return key ^ key >> 29;
}

/// A merge that was possible when it was queued.
struct Candidate {
  std::uint32_t rank;
  std::int32_t position;  // of the left symbol
  TokenId result;
  bool operator<(const Candidate& other) const {  // for a queue whose top is the lowest rank, then the leftmost
    return rank != other.rank ? rank > other.rank : position > other.position;
  }
};

}  // namespace

void MergeTable::reserve(std::size_t count) { slots_.resize(std::bit_ceil(count * 2 + 16)); }

MergeTable::Slot& MergeTable::slot_for(std::uint64_t key) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = mix(key) & mask;
  while (slots_[at].key != kEmpty && slots_[at].key != key) at = (at + 1) & mask;
  return slots_[at];
}

void MergeTable::insert(TokenId left, TokenId right, Merge merge) {
  if ((used_ + 1) * 2 > slots_.size()) {
    std::vector<Slot> old = std::move(slots_);
    slots_.assign(std::bit_ceil(old.size() * 2 + 16), Slot{});
    for (const Slot& slot : old) {
      if (slot.key != kEmpty) slot_for(slot.key) = slot;
    }
  }
  Slot& slot = slot_for(key_of(left, right));
  used_ += slot.key == kEmpty;
  slot = {key_of(left, right), merge};
}

const Merge* MergeTable::find(TokenId left, TokenId right) const {
  if (slots_.empty()) return nullptr;
  const std::uint64_t key = key_of(left, right);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = mix(key) & mask; slots_[at].key != kEmpty; at = (at + 1) & mask) {
    if (slots_[at].key == key) return &slots_[at].merge;
  }
  return nullptr;
}

void BytePairEncoder::encode(std::string_view word, std::vector<TokenId>& out) const {
  if (const auto found = whole_words_.find(word); found != whole_words_.end()) return out.push_back(found->second);
  std::vector<Symbol> symbols = symbols_of(word);
  merge_all(symbols);
  for (const Symbol& symbol : symbols) {
    if (symbol.alive) out.push_back(symbol.id);
  }
}

std::vector<BytePairEncoder::Symbol> BytePairEncoder::symbols_of(std::string_view word) const {
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  bool previous_unknown = false;
  for (const char c : word) {
    TokenId id = byte_tokens_[static_cast<unsigned char>(c)];
    const bool unknown = id < 0;
    if (unknown) {
      if (!unknown_.token || (unknown_.fuse && previous_unknown)) continue;
      id = *unknown_.token;
    }
    previous_unknown = unknown;
    const auto index = static_cast<std::int32_t>(symbols.size());
    if (index > 0) symbols.back().next = index;
    symbols.push_back({id, index - 1, -1, true});
  }
  return symbols;
}

void BytePairEncoder::merge_all(std::vector<Symbol>& symbols) const {
  std::vector<Candidate> storage;
  storage.reserve(symbols.size());
  std::priority_queue<Candidate> queue({}, std::move(storage));
  const auto at = [&symbols](std::int32_t i) -> Symbol& { return symbols[static_cast<std::size_t>(i)]; };
  const auto consider = [&](std::int32_t left) {
    if (left < 0 || at(left).next < 0) return;
    if (const Merge* merge = merges_.find(at(left).id, at(at(left).next).id)) {
      queue.push({merge->rank, left, merge->result});
    }
  };
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) consider(static_cast<std::int32_t>(i));
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    Symbol& left = at(top.position);
    if (!left.alive || left.next < 0) continue;
    Symbol& right = at(left.next);
    // Stale when the pair has changed since; the same result by another pair still counts, as in the reference.
    const Merge* merge = merges_.find(left.id, right.id);
    if (merge == nullptr || merge->result != top.result) continue;
    left.id = top.result;
    right.alive = false;
    left.next = right.next;
    if (right.next >= 0) at(right.next).previous = top.position;
    consider(left.previous);
    consider(top.position);
  }
}

}  // namespace candor::text
