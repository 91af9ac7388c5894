#include "text/jinja/text_case.h"

#include <utf8proc.h>

#include "text/jinja/value_text.h"
#include "text/utf8.h"

namespace candor::jinja {
namespace {

/// Applies `change(code)` to every character.
template <class Change>
std::string map_characters(std::string_view text, Change change) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t position = 0; position < text.size();) {
    const text::DecodedCharacter c = text::decode_utf8(text, position);
    text::append_utf8(out, static_cast<char32_t>(change(static_cast<utf8proc_int32_t>(c.code))));
    position += c.length;
  }
  return out;
}

bool is_cased(utf8proc_int32_t code) { return utf8proc_tolower(code) != code || utf8proc_toupper(code) != code; }

}  // namespace

std::string to_upper(std::string_view text) { return map_characters(text, utf8proc_toupper); }
std::string to_lower(std::string_view text) { return map_characters(text, utf8proc_tolower); }

std::string to_capitalized(std::string_view text) {
  bool first = true;
  return map_characters(text, [&first](utf8proc_int32_t c) {
    return std::exchange(first, false) ? utf8proc_totitle(c) : utf8proc_tolower(c);
  });
}

std::string to_title(std::string_view text) {
  bool inside = false;
  return map_characters(text, [&inside](utf8proc_int32_t c) {
    const bool was_inside = std::exchange(inside, is_cased(c));
    return was_inside ? utf8proc_tolower(c) : utf8proc_totitle(c);
  });
}

std::string to_jinja_title(std::string_view text) {
  bool start = true;
  return map_characters(text, [&start](utf8proc_int32_t c) {
    const bool breaks =
        is_python_space(static_cast<char32_t>(c)) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
    const bool was_start = std::exchange(start, breaks);
    return was_start ? utf8proc_toupper(c) : utf8proc_tolower(c);
  });
}

}  // namespace candor::jinja
