// Tokens that are found in the text before anything else happens to it: control tokens, tool markers, and the like.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "candor/text.h"

namespace candor::text {

struct AddedToken {
  TokenId id = 0;
  std::string content;
  bool special = false;      // found only on request, dropped from text on request
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // takes the white space after it
  bool single_word = false;  // not next to a word character
  bool normalized = false;   // sought in the normalised text instead of the original
};

/// A piece of text: one added token, or text between them.
struct AddedPiece {
  TokenId id;  // -1: text
  std::string_view text;
};

inline constexpr std::size_t kMaxAddedTokenBytes = 1024;

/// Leftmost, longest, non-overlapping search for a set of tokens.
class AddedTokenSet {
 public:
  void insert(AddedToken token, std::string_view sought);  // `sought`: content, or its normalised form
  bool empty() const { return tokens_.empty(); }
  /// Appends the pieces of `text`. Specials are skipped, as one match, unless `find_special`.
  void split(std::string_view text, bool find_special, std::vector<AddedPiece>& out) const;

 private:
  struct Node {
    std::int32_t token = -1;                                       // index in tokens_
    std::vector<std::pair<unsigned char, std::int32_t>> children;  // few per node
  };
  struct Match {
    std::size_t begin, end;
    const AddedToken* token;
  };
  std::int32_t child(std::int32_t node, unsigned char byte) const;
  bool find(std::string_view text, std::size_t from, Match& match) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_{Node{}};
  std::array<bool, 256> starts_{};
};

}  // namespace candor::text
