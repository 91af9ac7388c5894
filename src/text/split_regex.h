// Any other Split expression of a tokenizer.json, by PCRE2 with Unicode properties.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/known_patterns.h"

namespace candor::text {

/// Expressions are written for Oniguruma; those whose meaning differs between the engines are translated
/// (\s \S \w \W \v \u0041) or refused by name.
class SplitRegex {
 public:
  /// errors   FormatError "<where>: …": a construct outside the common subset, or what the compiler says
  SplitRegex(std::string_view pattern, std::string_view where);
  /// errors   ValueError: the expression takes too many steps on this text
  void match(std::string_view text, std::vector<Segment>& out) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

/// The expression in PCRE2's spelling; throws FormatError as the constructor does.
std::string translate_regex(std::string_view pattern, std::string_view where);

}  // namespace candor::text
