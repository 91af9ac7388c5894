#include "text/jinja/value_json.h"

#include <algorithm>
#include <cmath>

#include "candor/error.h"
#include "text/jinja/value_text.h"
#include "text/utf8.h"

namespace candor::jinja {
namespace {

void append_json_text(std::string& out, std::string_view text, bool ascii) {
  out += '"';
  for (std::size_t position = 0; position < text.size();) {
    const text::DecodedCharacter c = text::decode_utf8(text, position);
    constexpr std::string_view kEscaped = "\"\\\n\r\t\b\f", kLetters = "\"\\nrtbf";
    const std::size_t escape = c.code < 0x80 ? kEscaped.find(static_cast<char>(c.code)) : std::string_view::npos;
    if (escape != std::string_view::npos) {
      out += '\\';
      out += kLetters[escape];
    } else if (c.code < 0x20 || (ascii && c.code >= 0x7f && c.code < 0x10000)) {
      append_hex_escape(out, c.code, 4, 'u');
    } else if (ascii && c.code >= 0x10000) {
      append_hex_escape(out, 0xd800 + ((c.code - 0x10000) >> 10), 4, 'u');
      append_hex_escape(out, 0xdc00 + ((c.code - 0x10000) & 0x3ff), 4, 'u');
    } else {
      out.append(text, position, c.length);
    }
    position += c.length;
  }
  out += '"';
}

class JsonWriter {
 public:
  JsonWriter(const JsonStyle& style, Budget& budget, std::string& out) : style_(style), budget_(budget), out_(out) {}

  void write(const Value& value, std::int64_t level) {
    charge_text(out_, budget_);
    if (value.is_none()) {
      out_ += "null";
    } else if (const bool* flag = value.get<bool>()) {
      out_ += *flag ? "true" : "false";
    } else if (const double* number = value.get<double>()) {
      out_ += std::isnan(*number)   ? "NaN"
              : std::isinf(*number) ? (*number > 0 ? "Infinity" : "-Infinity")
                                    : number_text(*number);
    } else if (value.is_integer()) {
      out_ += std::to_string(value.integer());
    } else if (value.is_text()) {
      budget_.spend(value.text().size() / 64);
      append_json_text(out_, value.text(), style_.ascii);
    } else if (const std::vector<Value>* items = value.list_items()) {
      write_sequence('[', ']', items->size(), level, [&](std::size_t i) { write((*items)[i], level + 1); });
    } else if (const Dict* dict = value.dict_items()) {
      write_dict(*dict, level);
    } else {
      throw ValueError("template: tojson: a " + std::string(value.type_name()) + " has no JSON form");
    }
  }

 private:
  template <class WriteItem>
  void write_sequence(char open, char close, std::size_t count, std::int64_t level, WriteItem write_item) {
    out_ += open;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out_ += style_.item_separator;
      new_line(level + 1);
      write_item(i);
    }
    if (count > 0) new_line(level);
    out_ += close;
  }

  void write_dict(const Dict& dict, std::int64_t level) {
    std::vector<const std::pair<std::string, Value>*> items;
    for (const auto& item : dict.items) items.push_back(&item);
    if (style_.sort_keys) std::sort(items.begin(), items.end(), [](auto* a, auto* b) { return a->first < b->first; });
    write_sequence('{', '}', items.size(), level, [&](std::size_t i) {
      append_json_text(out_, items[i]->first, style_.ascii);
      out_ += style_.key_separator;
      write(items[i]->second, level + 1);
    });
  }

  void new_line(std::int64_t level) {
    if (!style_.indent) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(level * *style_.indent), ' ');
  }

  const JsonStyle& style_;
  Budget& budget_;
  std::string& out_;
};

}  // namespace

std::string to_json(const Value& value, const JsonStyle& style, Budget& budget) {
  std::string out;
  JsonWriter(style, budget, out).write(value, 0);
  charge_text(out, budget);
  return out;
}

}  // namespace candor::jinja
