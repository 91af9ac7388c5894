// Byte-pair encoding of one word: O(n log n) in the bytes of the word.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "candor/text.h"

namespace candor::text {

struct Merge {
  std::uint32_t rank;  // lower merges first
  TokenId result;
};

/// Pair of tokens → merge; open addressing, because a vocabulary has hundreds of thousands.
class MergeTable {
 public:
  void reserve(std::size_t count);
  void insert(TokenId left, TokenId right, Merge merge);  // a pair given twice keeps the later rank
  const Merge* find(TokenId left, TokenId right) const;

 private:
  struct Slot {
    std::uint64_t key = kEmpty;
    Merge merge{};
  };
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  static std::uint64_t key_of(TokenId left, TokenId right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
  }
  Slot& slot_for(std::uint64_t key);

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

/// How a character without a token is written.
struct UnknownRule {
  std::optional<TokenId> token;  // none: it leaves no trace, as in Hugging Face's tokenizers
  bool fuse = false;             // one token for a run of unknown bytes
};

using WordMap = std::unordered_map<std::string_view, TokenId>;  // raw bytes → id

class BytePairEncoder {
 public:
  /// `byte_tokens`: -1 where the vocabulary lacks the byte.
  BytePairEncoder(const std::array<TokenId, 256>& byte_tokens, MergeTable merges, UnknownRule unknown)
      : byte_tokens_(byte_tokens), merges_(std::move(merges)), unknown_(unknown) {}

  /// A word that is a token as it stands is not merged ("ignore_merges"). The views must outlive the encoder.
  void set_whole_words(WordMap words) { whole_words_ = std::move(words); }

  void encode(std::string_view word, std::vector<TokenId>& out) const;

 private:
  struct Symbol {
    TokenId id;
    std::int32_t previous, next;  // -1: none
    bool alive;
  };
  std::vector<Symbol> symbols_of(std::string_view word) const;
  void merge_all(std::vector<Symbol>& symbols) const;

  std::array<TokenId, 256> byte_tokens_;
  MergeTable merges_;
  UnknownRule unknown_;
  WordMap whole_words_;
};

}  // namespace candor::text
