// The split patterns of the common byte-level tokenizers, matched by hand in one pass.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace candor::text {

struct Span {
  std::uint32_t begin, end;  // bytes
};

/// A part of a text that a pattern matched, or that lies between two matches. Segments cover the whole text in order.
struct Segment {
  Span span;
  bool match;
};

enum class KnownPattern { gpt2, qwen2, llama3 };

/// The published regular expression, as files spell it.
std::string_view pattern_text(KnownPattern pattern);
/// The pattern with exactly this spelling, if there is a matcher for it.
std::optional<KnownPattern> find_known_pattern(std::string_view regex);

/// The matches of `pattern` in UTF-8 `text`; they cover it without gaps. Linear in the length of the text.
void match_known_pattern(KnownPattern pattern, std::string_view text, std::vector<Segment>& out);

}  // namespace candor::text
