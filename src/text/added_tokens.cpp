#include "text/added_tokens.h"

#include "text/unicode.h"
#include "text/utf8.h"

namespace candor::text {
namespace {

/// The character that ends just before `end`.
DecodedCharacter character_before(std::string_view text, std::size_t end) {
  std::size_t begin = end - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0u) == 0x80) --begin;
  return decode_utf8(text, begin);
}

bool touches_word(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_word_character(character_before(text, begin).code)) return true;
  return end < text.size() && is_word_character(decode_utf8(text, end).code);
}

/// Not past `floor`, where the piece before ends: looking further would cost the square of a long run of blanks.
std::size_t skip_space_backwards(std::string_view text, std::size_t begin, std::size_t floor) {
  while (begin > floor) {
    const DecodedCharacter before = character_before(text, begin);
    if (!is_white_space(before.code)) break;
    begin -= before.length;
  }
  return begin;
}

std::size_t skip_space(std::string_view text, std::size_t end) {
  while (end < text.size()) {
    const DecodedCharacter next = decode_utf8(text, end);
    if (!is_white_space(next.code)) break;
    end += next.length;
  }
  return end;
}

}  // namespace

std::int32_t AddedTokenSet::child(std::int32_t node, unsigned char byte) const {
  for (const auto& [label, target] : nodes_[static_cast<std::size_t>(node)].children) {
    if (label == byte) return target;
  }
  return -1;
}

void AddedTokenSet::insert(AddedToken token, std::string_view sought) {
  if (sought.empty()) return;
  starts_[static_cast<unsigned char>(sought[0])] = true;
  std::int32_t node = 0;
  for (const char c : sought) {
    std::int32_t next = child(node, static_cast<unsigned char>(c));
    if (next < 0) {
      next = static_cast<std::int32_t>(nodes_.size());
      nodes_[static_cast<std::size_t>(node)].children.emplace_back(static_cast<unsigned char>(c), next);
      nodes_.emplace_back();
    }
    node = next;
  }
  nodes_[static_cast<std::size_t>(node)].token = static_cast<std::int32_t>(tokens_.size());
  tokens_.push_back(std::move(token));
}

bool AddedTokenSet::find(std::string_view text, std::size_t from, Match& match) const {
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    if (!starts_[static_cast<unsigned char>(text[begin])]) continue;
    std::int32_t node = 0, longest = -1;
    std::size_t end = begin;
    for (std::size_t i = begin; i < text.size(); ++i) {
      node = child(node, static_cast<unsigned char>(text[i]));
      if (node < 0) break;
      if (nodes_[static_cast<std::size_t>(node)].token < 0) continue;
      longest = nodes_[static_cast<std::size_t>(node)].token;
      end = i + 1;
    }
    if (longest < 0) continue;
    match = {begin, end, &tokens_[static_cast<std::size_t>(longest)]};
    return true;
  }
  return false;
}

void AddedTokenSet::split(std::string_view text, bool find_special, std::vector<AddedPiece>& out) const {
  std::size_t covered = 0;
  Match match{};
  for (std::size_t from = 0; !tokens_.empty() && find(text, from, match);) {
    const AddedToken& token = *match.token;
    from = match.end;
    if (token.special && !find_special) continue;
    if (token.single_word && touches_word(text, match.begin, match.end)) continue;
    std::size_t begin = match.begin, end = match.end;
    if (token.lstrip) begin = skip_space_backwards(text, begin, covered);
    if (token.rstrip) end = skip_space(text, end);
    if (covered < begin) out.push_back({-1, text.substr(covered, begin - covered)});
    out.push_back({token.id, {}});
    covered = from = end;
  }
  if (covered < text.size()) out.push_back({-1, text.substr(covered)});
}

}  // namespace candor::text
