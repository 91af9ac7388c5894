// A tokenizer put together: what both kinds of description come down to.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "candor/text.h"
#include "text/added_tokens.h"
#include "text/byte_pair_encoder.h"
#include "text/pre_tokenizer.h"

namespace candor {

struct Tokenizer::Impl {
  std::vector<std::string> bytes;  // by id: raw bytes of the token, what it decodes to
  std::vector<char> special;       // by id
  text::WordMap words;             // raw bytes → id of the tokens that encoding may produce
  std::unordered_map<std::string, TokenId> added_by_text;
  text::AddedTokenSet original_added;    // sought in the text as given
  text::AddedTokenSet normalized_added;  // sought after normalisation
  bool nfc = false;
  text::PreTokenizer pre_tokenizer;
  std::optional<text::BytePairEncoder> encoder;
  std::vector<TokenId> prefix, suffix;  // added on request: BOS, EOS
  std::optional<TokenId> bos, eos;
};

namespace text {

inline constexpr std::size_t kMaxVocabulary = std::size_t{1} << 22;

/// The raw material of an Impl, checked by `assemble`.
struct TokenizerParts {
  std::string where;               // starts every error: the file, or the metadata's prefix
  std::vector<std::string> bytes;  // by id
  std::vector<char> encodable;     // by id: encoding may produce it
  std::vector<AddedToken> added;
  std::span<const std::string> merges;  // "left right" in the byte-level spelling, by rank
  bool whole_words_first = false;
  bool nfc = false;
  UnknownRule unknown;
};

/// Fills everything but the pre-tokenizer, prefix, suffix, BOS and EOS. errors: FormatError
std::shared_ptr<Tokenizer::Impl> assemble(TokenizerParts parts);

}  // namespace text
}  // namespace candor
