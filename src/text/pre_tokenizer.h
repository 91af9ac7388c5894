// Cuts text into the words that byte-pair encoding sees one at a time.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/known_patterns.h"
#include "text/split_regex.h"

namespace candor::text {

/// What becomes of the matches, in tokenizer.json's words.
enum class SplitBehavior { isolated, removed, merged_with_previous, merged_with_next, contiguous };

struct DigitMatcher {};  // every numeric character
struct LiteralMatcher {
  std::string text;
};  // every occurrence of a fixed text
using SplitMatcher = std::variant<KnownPattern, DigitMatcher, LiteralMatcher, SplitRegex>;

struct SplitStep {
  SplitMatcher matcher;
  SplitBehavior behavior;
  bool invert;  // what lies between the matches counts as matched, and the reverse
};

/// Steps, each applied to every piece that the steps before it left.
class PreTokenizer {
 public:
  void add(SplitMatcher matcher, SplitBehavior behavior = SplitBehavior::isolated, bool invert = false);
  /// Appends the words of UTF-8 `text`, none empty. errors: ValueError (`budget` does not suffice for a regex)
  void split(std::string_view text, std::vector<std::string_view>& words, StepBudget& budget) const;

 private:
  std::vector<SplitStep> steps_;
};

}  // namespace candor::text
