// Character classes as the regular expressions of tokenizers see them, and NFC.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace candor::text {

struct CodeRange {
  std::uint32_t first, last;
};  // inclusive

/// Generated (unicode_ranges.cpp), the general categories of Unicode 16: the same ids on every machine, whichever
/// utf8proc it has.
std::span<const CodeRange> letter_ranges();  // \p{L}
std::span<const CodeRange> number_ranges();  // \p{N}

bool is_letter(char32_t code);
bool is_number(char32_t code);
bool is_numeric(char32_t code);         // what the Digits pre-tokenizer isolates: as \p{N}, but of Unicode 17
bool is_white_space(char32_t code);     // \s: the property White_Space, with U+000B and U+0085
bool is_word_character(char32_t code);  // \w of the rule `single_word`

/// Canonical composition. Linear but for the sorting of long runs of combining marks.
std::string to_nfc(std::string_view text);

}  // namespace candor::text
