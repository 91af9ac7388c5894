#include <limits>
#include <unordered_map>

#include "candor/error.h"
#include "candor/text.h"
#include "text/tokenizer_impl.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace candor {
namespace {

/// Encodes the pieces of one text; a word that was seen before is copied from the ids it gave then.
class Encoding {
 public:
  Encoding(const Tokenizer::Impl& impl, std::vector<TokenId>& out) : impl_(impl), out_(out) {}

  void add(const std::vector<text::AddedPiece>& pieces) {
    for (const text::AddedPiece& piece : pieces) {
      if (piece.id >= 0) {
        out_.push_back(piece.id);
      } else {
        add_text(piece.text);
      }
    }
  }

 private:
  struct Seen {
    std::size_t begin, count;
  };

  void add_text(std::string_view text) {
    words_.clear();
    seen_.clear();  // its views point into the text
    impl_.pre_tokenizer.split(text, words_, budget_);
    for (const std::string_view word : words_) add_word(word);
  }

  void add_word(std::string_view word) {
    const auto [at, is_new] = seen_.try_emplace(word, Seen{out_.size(), 0});
    if (is_new) {
      impl_.encoder->encode(word, out_);
      at->second.count = out_.size() - at->second.begin;
      return;
    }
    for (std::size_t i = 0; i < at->second.count; ++i) {
      const TokenId id = out_[at->second.begin + i];
      out_.push_back(id);
    }
  }

  const Tokenizer::Impl& impl_;
  std::vector<TokenId>& out_;
  text::StepBudget budget_;  // one for the whole text, however many pieces it falls into
  std::vector<std::string_view> words_;
  std::unordered_map<std::string_view, Seen> seen_;
};

}  // namespace

Tokenizer::Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

std::size_t Tokenizer::vocabulary_size() const { return impl_->bytes.size(); }

std::vector<TokenId> Tokenizer::encode(std::string_view text, bool add_special, bool parse_special) const {
  if (text.size() > std::numeric_limits<std::int32_t>::max()) {
    throw ValueError("tokenizer: the text has " + std::to_string(text.size()) +
                     " bytes, at most 2147483647 are encoded");
  }
  text::require_utf8(text, "tokenizer");
  std::vector<TokenId> out;
  if (add_special) out = impl_->prefix;
  Encoding encoding(*impl_, out);
  std::vector<text::AddedPiece> pieces, parts;
  impl_->original_added.split(text, parse_special, pieces);
  for (const text::AddedPiece& piece : pieces) {
    if (piece.id >= 0) {
      out.push_back(piece.id);
      continue;
    }
    const std::string normalized = impl_->nfc ? text::to_nfc(piece.text) : std::string();
    parts.clear();
    impl_->normalized_added.split(impl_->nfc ? std::string_view(normalized) : piece.text, parse_special, parts);
    encoding.add(parts);
  }
  if (add_special) out.insert(out.end(), impl_->suffix.begin(), impl_->suffix.end());
  return out;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  std::string bytes;
  for (const TokenId id : ids) {
    const std::string& token = token_bytes(id);
    if (!skip_special || !is_special(id)) bytes += token;
  }
  return text::replace_malformed_utf8(bytes);
}

const std::string& Tokenizer::token_bytes(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= impl_->bytes.size()) {
    throw ValueError("tokenizer: token " + std::to_string(id) + " is outside the vocabulary of " +
                     std::to_string(impl_->bytes.size()) + " tokens");
  }
  return impl_->bytes[static_cast<std::size_t>(id)];
}

std::optional<TokenId> Tokenizer::find(std::string_view token) const {
  if (const auto added = impl_->added_by_text.find(std::string(token)); added != impl_->added_by_text.end()) {
    return added->second;
  }
  if (const auto word = impl_->words.find(token); word != impl_->words.end()) return word->second;
  return std::nullopt;
}

bool Tokenizer::is_special(TokenId id) const {
  return id >= 0 && static_cast<std::size_t>(id) < impl_->special.size() &&
         impl_->special[static_cast<std::size_t>(id)] != 0;
}

std::optional<TokenId> Tokenizer::bos() const { return impl_->bos; }
std::optional<TokenId> Tokenizer::eos() const { return impl_->eos; }

StreamingDetokenizer::StreamingDetokenizer(const Tokenizer& tokenizer, bool skip_special)
    : tokenizer_(tokenizer), skip_special_(skip_special) {}

std::string StreamingDetokenizer::push(TokenId id) {
  const std::string& token = tokenizer_.token_bytes(id);
  if (skip_special_ && tokenizer_.is_special(id)) return {};
  pending_ += token;
  std::string out;
  std::size_t position = 0;
  while (position < pending_.size()) {
    const text::DecodedCharacter character = text::decode_utf8(pending_, position);
    if (character.cut) break;
    if (character.valid) {
      out.append(pending_, position, character.length);
    } else {
      text::append_utf8(out, text::kReplacementCharacter);
    }
    position += character.length;
  }
  pending_.erase(0, position);
  return out;
}

std::string StreamingDetokenizer::flush() {
  std::string out = text::replace_malformed_utf8(pending_);
  pending_.clear();
  return out;
}

}  // namespace candor
