#include "text/pre_tokenizer.h"

#include <algorithm>

#include "text/unicode.h"
#include "text/utf8.h"

namespace candor::text {
namespace {

using Segments = std::vector<Segment>;

/// Adds a match and the unmatched text before it.
void add_match(Segments& out, std::uint32_t& covered, Span span) {
  if (covered < span.begin) out.push_back({{covered, span.begin}, false});
  out.push_back({span, true});
  covered = span.end;
}

void add_rest(Segments& out, std::uint32_t covered, std::string_view text) {
  if (covered < text.size()) out.push_back({{covered, static_cast<std::uint32_t>(text.size())}, false});
}

struct FindMatches {
  std::string_view text;
  Segments& out;
  StepBudget& budget;

  void operator()(KnownPattern pattern) const { match_known_pattern(pattern, text, out); }
  void operator()(const SplitRegex& regex) const { regex.match(text, out, budget); }

  void operator()(DigitMatcher) const {
    std::uint32_t covered = 0;
    for (std::uint32_t position = 0; position < text.size();) {
      const DecodedCharacter character = decode_utf8(text, position);
      if (is_numeric(character.code)) add_match(out, covered, {position, position + character.length});
      position += character.length;
    }
    add_rest(out, covered, text);
  }

  void operator()(const LiteralMatcher& literal) const {
    std::uint32_t covered = 0;
    for (std::size_t at = text.find(literal.text); at != std::string_view::npos;
         at = text.find(literal.text, covered)) {
      add_match(out, covered, {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + literal.text.size())});
    }
    add_rest(out, covered, text);
  }
};

/// Joins every matched segment that follows an unmatched one to it; `reversed` when walking from the end.
Segments merge_into_neighbour(const Segments& segments, bool reversed) {
  Segments out;
  bool previous = false;
  const auto visit = [&](const Segment& segment) {
    if (segment.match && !previous && !out.empty()) {
      (reversed ? out.back().span.begin : out.back().span.end) = reversed ? segment.span.begin : segment.span.end;
    } else {
      out.push_back(segment);
    }
    previous = segment.match;
  };
  if (reversed) {
    std::for_each(segments.rbegin(), segments.rend(), visit);
    std::reverse(out.begin(), out.end());
  } else {
    std::for_each(segments.begin(), segments.end(), visit);
  }
  return out;
}

Segments merge_equal_neighbours(const Segments& segments) {
  Segments out;
  bool previous = false;
  for (const Segment& segment : segments) {
    if (segment.match == previous && !out.empty()) {
      out.back().span.end = segment.span.end;
    } else {
      out.push_back(segment);
    }
    previous = segment.match;
  }
  return out;
}

Segments apply_behavior(Segments segments, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::isolated:
      return segments;
    case SplitBehavior::removed:
      std::erase_if(segments, [](const Segment& s) { return s.match; });
      return segments;
    case SplitBehavior::merged_with_previous:
      return merge_into_neighbour(segments, false);
    case SplitBehavior::merged_with_next:
      return merge_into_neighbour(segments, true);
    case SplitBehavior::contiguous:
      return merge_equal_neighbours(segments);
  }
  return segments;
}

}  // namespace

void PreTokenizer::add(SplitMatcher matcher, SplitBehavior behavior, bool invert) {
  steps_.push_back({std::move(matcher), behavior, invert});
}

void PreTokenizer::split(std::string_view text, std::vector<std::string_view>& words, StepBudget& budget) const {
  std::vector<std::string_view> pieces{text}, next;
  Segments segments;
  for (const SplitStep& step : steps_) {
    next.clear();
    for (const std::string_view piece : pieces) {
      segments.clear();
      std::visit(FindMatches{piece, segments, budget}, step.matcher);
      if (step.invert) {
        for (Segment& segment : segments) segment.match = !segment.match;
      }
      segments = apply_behavior(std::move(segments), step.behavior);
      for (const Segment& s : segments) {
        if (s.span.end > s.span.begin) next.push_back(piece.substr(s.span.begin, s.span.end - s.span.begin));
      }
    }
    pieces.swap(next);
  }
  for (const std::string_view piece : pieces) {
    if (!piece.empty()) words.push_back(piece);
  }
}

}  // namespace candor::text
