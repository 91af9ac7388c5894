// Any other Split expression of a tokenizer.json, by PCRE2 with Unicode properties.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/known_patterns.h"

namespace candor::text {

/// Steps of backtracking that the costly positions of one text may take together. An expression that backtracks without
/// end uses it up at one position, a mean one over many.
struct StepBudget {
  std::uint64_t left = 20'000'000;
};

/// Expressions are written for Oniguruma; those whose meaning differs between the engines are translated
/// (\s \S \w \W \v \u0041) or refused by name.
class SplitRegex {
 public:
  /// errors   FormatError "<where>: …": a construct outside the common subset, or what the compiler says
  SplitRegex(std::string_view pattern, std::string_view where);
  /// Every position has a few thousand steps of its own, so that work is linear in the text; more is the budget's.
  /// errors   ValueError: the budget does not suffice
  void match(std::string_view text, std::vector<Segment>& out, StepBudget& budget) const;

 private:
  struct Compiled;
  class Search;
  std::shared_ptr<const Compiled> compiled_;
};

/// The expression in PCRE2's spelling; throws FormatError as the constructor does.
std::string translate_regex(std::string_view pattern, std::string_view where);

}  // namespace candor::text
