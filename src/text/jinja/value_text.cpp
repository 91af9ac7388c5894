#include "text/jinja/value_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "candor/error.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace candor::jinja {
namespace {

bool is_printable(char32_t code) {
  if (code == ' ') return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

void append_repr(std::string& out, std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos,
             has_double = text.find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  out += quote;
  for (std::size_t position = 0; position < text.size();) {
    const text::DecodedCharacter c = text::decode_utf8(text, position);
    if (c.code == '\n') {
      out += "\\n";
    } else if (c.code == '\r') {
      out += "\\r";
    } else if (c.code == '\t') {
      out += "\\t";
    } else if (c.code == '\\' || c.code == static_cast<char32_t>(quote)) {
      out += '\\';
      out += static_cast<char>(c.code);
    } else if (is_printable(c.code)) {
      out.append(text, position, c.length);
    } else {
      const int digits = c.code < 0x100 ? 2 : c.code < 0x10000 ? 4 : 8;
      append_hex_escape(out, c.code, digits, digits == 2 ? 'x' : digits == 4 ? 'u' : 'U');
    }
    position += c.length;
  }
  out += quote;
}

/// str() at the top, repr() inside lists and dicts.
void append_python(std::string& out, const Value& value, bool inside, Budget& budget) {
  charge_text(out, budget);
  if (value.is_undefined()) {
    if (inside) out += "Undefined";
  } else if (value.is_none()) {
    out += "None";
  } else if (const bool* flag = value.get<bool>()) {
    out += *flag ? "True" : "False";
  } else if (const std::int64_t* integer = value.get<std::int64_t>()) {
    out += std::to_string(*integer);
  } else if (const double* number = value.get<double>()) {
    out += number_text(*number);
  } else if (value.is_text()) {
    budget.spend(value.text().size() / 64);
    inside ? append_repr(out, value.text()) : static_cast<void>(out += value.text());
  } else if (const ListPointer* list = value.get<ListPointer>()) {
    out += (*list)->tuple ? '(' : '[';
    for (std::size_t i = 0; i < (*list)->items.size(); ++i) {
      if (i > 0) out += ", ";
      append_python(out, (*list)->items[i], true, budget);
    }
    if ((*list)->tuple && (*list)->items.size() == 1) out += ',';
    out += (*list)->tuple ? ')' : ']';
  } else if (const Dict* dict = value.dict_items()) {
    out += '{';
    for (std::size_t i = 0; i < dict->items.size(); ++i) {
      if (i > 0) out += ", ";
      append_repr(out, dict->items[i].first);
      out += ": ";
      append_python(out, dict->items[i].second, true, budget);
    }
    out += '}';
  } else {
    throw ValueError("template: a " + std::string(value.type_name()) + " cannot be printed");
  }
}

}  // namespace

void append_hex_escape(std::string& out, char32_t code, int digits, char letter) {
  out += '\\';
  out += letter;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += "0123456789abcdef"[code >> shift & 15];
}

void charge_text(const std::string& out, Budget& budget) {
  budget.spend(1);
  if (out.size() > kMaxTextBytes) {
    throw ValueError("template: a text grows past " + std::to_string(kMaxTextBytes) + " bytes");
  }
}

std::string to_text(const Value& value, Budget& budget) {
  std::string out;
  append_python(out, value, false, budget);
  charge_text(out, budget);
  return out;
}

std::string number_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  char buffer[64];
  const double size = std::fabs(number);
  const bool scientific = size != 0 && (size < 1e-4 || size >= 1e16);
  const auto format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, format).ptr;
  std::string text(buffer, end);
  if (!scientific && text.find('.') == std::string::npos) text += ".0";
  return text;
}

bool truthy(const Value& value) {
  if (value.is_undefined() || value.is_none()) return false;
  if (value.is_integer()) return value.integer() != 0;
  if (const double* number = value.get<double>()) return *number != 0;
  if (value.is_text()) return !value.text().empty();
  if (const std::vector<Value>* items = value.list_items()) return !items->empty();
  if (const Dict* dict = value.dict_items()) return !dict->items.empty();
  return true;
}

bool equal(const Value& a, const Value& b, Budget& budget) {
  budget.spend(1);
  if (a.is_number() && b.is_number()) {
    return a.is_integer() && b.is_integer() ? a.integer() == b.integer() : a.number() == b.number();
  }
  if (a.is_text() && b.is_text()) {
    budget.spend(std::min(a.text().size(), b.text().size()) / 64);
    return a.text() == b.text();
  }
  if (a.list_items() && b.list_items()) {
    if ((*a.get<ListPointer>())->tuple != (*b.get<ListPointer>())->tuple) return false;
    return std::equal(a.list_items()->begin(), a.list_items()->end(), b.list_items()->begin(), b.list_items()->end(),
                      [&budget](const Value& x, const Value& y) { return equal(x, y, budget); });
  }
  if (a.dict_items() && b.dict_items()) {
    if (a.dict_items()->items.size() != b.dict_items()->items.size()) return false;
    return std::all_of(a.dict_items()->items.begin(), a.dict_items()->items.end(), [&](const auto& item) {
      budget.spend(b.dict_items()->items.size());
      const Value* other = b.dict_items()->find(item.first);
      return other != nullptr && equal(item.second, *other, budget);
    });
  }
  if (a.is<NamespacePointer>() && b.is<NamespacePointer>())
    return *a.get<NamespacePointer>() == *b.get<NamespacePointer>();
  return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

std::optional<int> compare(const Value& a, const Value& b, Budget& budget) {
  budget.spend(1);
  if (a.is_integer() && b.is_integer()) return a.integer() < b.integer() ? -1 : a.integer() > b.integer();
  if (a.is_number() && b.is_number()) {
    if (std::isnan(a.number()) || std::isnan(b.number())) return std::nullopt;
    return a.number() < b.number() ? -1 : a.number() > b.number();
  }
  if (a.is_text() && b.is_text()) {  // the order of UTF-8 is the order of code points
    budget.spend(std::min(a.text().size(), b.text().size()) / 64);
    const int order = a.text().compare(b.text());
    return order < 0 ? -1 : order > 0;
  }
  return std::nullopt;
}

std::vector<std::size_t> character_offsets(std::string_view text) {
  std::vector<std::size_t> offsets;
  for (std::size_t position = 0; position < text.size(); position += text::decode_utf8(text, position).length) {
    offsets.push_back(position);
  }
  offsets.push_back(text.size());
  return offsets;
}

bool is_python_space(char32_t code) { return text::is_white_space(code) || (code >= 0x1c && code <= 0x1f); }

std::string_view strip(std::string_view text, std::optional<std::string_view> characters, bool left, bool right) {
  std::u32string wanted;
  for (std::size_t i = 0; characters && i < characters->size();) {
    const text::DecodedCharacter c = text::decode_utf8(*characters, i);
    wanted.push_back(c.code);
    i += c.length;
  }
  const auto drop = [&](char32_t code) {
    return characters ? wanted.find(code) != wanted.npos : is_python_space(code);
  };
  while (left && !text.empty()) {
    const text::DecodedCharacter first = text::decode_utf8(text, 0);
    if (!drop(first.code)) break;
    text.remove_prefix(first.length);
  }
  while (right && !text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0u) == 0x80) --begin;
    if (!drop(text::decode_utf8(text, begin).code)) break;
    text.remove_suffix(text.size() - begin);
  }
  return text;
}

}  // namespace candor::jinja
