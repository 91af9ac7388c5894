#include "candor/error.h"
#include "text/byte_alphabet.h"
#include "text/tokenizer_impl.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace candor::text {
namespace {

std::string quoted(std::string_view text) { return "\"" + replace_malformed_utf8(text.substr(0, 80)) + "\""; }

/// Raw bytes → id. A user-defined token may look like an ordinary one ("  "): then the ordinary one is meant.
WordMap collect_words(const std::vector<std::string>& bytes, const std::vector<char>& encodable,
                      const std::vector<char>& is_added, const std::string& where) {
  WordMap words;
  words.reserve(bytes.size());
  for (const bool added : {false, true}) {
    for (std::size_t id = 0; id < bytes.size(); ++id) {
      if (!encodable[id] || bytes[id].empty() || (is_added[id] != 0) != added) continue;
      const auto [at, inserted] = words.emplace(bytes[id], static_cast<TokenId>(id));
      if (!inserted && !added) {
        throw FormatError(where + ": tokens " + std::to_string(at->second) + " and " + std::to_string(id) +
                          " are both " + quoted(spelling_of_bytes(bytes[id])) + "; every token must be unique");
      }
    }
  }
  return words;
}

TokenId find_part(const WordMap& words, std::string_view spelled, std::string_view merge, std::size_t rank,
                  const std::string& where) {
  const std::optional<std::string> bytes = bytes_from_spelling(spelled);
  const auto found = bytes ? words.find(*bytes) : words.end();
  if (found != words.end()) return found->second;
  throw FormatError(where + ": merge " + std::to_string(rank) + " " + quoted(merge) + " names " + quoted(spelled) +
                    ", which is not in the vocabulary");
}

MergeTable collect_merges(std::span<const std::string> merges, const WordMap& words, const std::string& where) {
  MergeTable table;
  table.reserve(merges.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string& merge = merges[rank];
    const std::size_t space = merge.find(' ');
    if (space == std::string::npos || merge.find(' ', space + 1) != std::string::npos) {
      throw FormatError(where + ": merge " + std::to_string(rank) + " is " + quoted(merge) +
                        ", expected two tokens with one space between them");
    }
    const std::string_view left(merge.data(), space), right = std::string_view(merge).substr(space + 1);
    const TokenId left_id = find_part(words, left, merge, rank, where);
    const TokenId right_id = find_part(words, right, merge, rank, where);
    const std::string joined = merge.substr(0, space) + merge.substr(space + 1);
    table.insert(left_id, right_id, {static_cast<std::uint32_t>(rank), find_part(words, joined, merge, rank, where)});
  }
  return table;
}

void insert_added(Tokenizer::Impl& impl, AddedToken token, const std::string& where) {
  const std::string label = "added token " + std::to_string(token.id) + " " + quoted(token.content);
  if (token.content.size() > kMaxAddedTokenBytes) {
    throw FormatError(where + ": " + label + " has " + std::to_string(token.content.size()) + " bytes, at most " +
                      std::to_string(kMaxAddedTokenBytes) + " are accepted");
  }
  if (find_malformed_utf8(token.content) != std::string_view::npos) {
    throw FormatError(where + ": " + label + " is not UTF-8");
  }
  const auto [at, inserted] = impl.added_by_text.emplace(token.content, token.id);
  if (!inserted) {
    throw FormatError(where + ": " + label + " repeats the text of token " + std::to_string(at->second));
  }
  impl.special[static_cast<std::size_t>(token.id)] = token.special;
  const std::string sought = token.normalized && impl.nfc ? to_nfc(token.content) : token.content;
  AddedTokenSet& set = token.normalized ? impl.normalized_added : impl.original_added;
  set.insert(std::move(token), sought);
}

std::array<TokenId, 256> collect_bytes(const WordMap& words) {
  std::array<TokenId, 256> tokens{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const auto found = words.find(std::string_view(&c, 1));
    tokens[byte] = found == words.end() ? -1 : found->second;
  }
  return tokens;
}

}  // namespace

std::shared_ptr<Tokenizer::Impl> assemble(TokenizerParts parts) {
  if (parts.bytes.empty()) throw FormatError(parts.where + ": the vocabulary is empty");
  if (parts.bytes.size() > kMaxVocabulary || parts.merges.size() > kMaxVocabulary) {
    throw FormatError(parts.where + ": " + std::to_string(parts.bytes.size()) + " tokens and " +
                      std::to_string(parts.merges.size()) + " merges, at most " + std::to_string(kMaxVocabulary) +
                      " of each are accepted");
  }
  auto impl = std::make_shared<Tokenizer::Impl>();
  impl->nfc = parts.nfc;
  impl->bytes = std::move(parts.bytes);
  impl->special.resize(impl->bytes.size());
  std::vector<char> is_added(impl->bytes.size());
  for (const AddedToken& token : parts.added) is_added[static_cast<std::size_t>(token.id)] = 1;
  impl->words = collect_words(impl->bytes, parts.encodable, is_added, parts.where);
  impl->encoder.emplace(collect_bytes(impl->words), collect_merges(parts.merges, impl->words, parts.where),
                        parts.unknown);
  for (AddedToken& token : parts.added) insert_added(*impl, std::move(token), parts.where);
  if (parts.whole_words_first) {
    WordMap whole = impl->words;  // plain text must never become a control token
    std::erase_if(whole, [&](const auto& entry) { return impl->special[static_cast<std::size_t>(entry.second)] != 0; });
    impl->encoder->set_whole_words(std::move(whole));
  }
  return impl;
}

}  // namespace candor::text
