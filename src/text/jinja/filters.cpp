// Filters of text and numbers, and the table of all filters.
#include "text/jinja/filters.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "text/jinja/operators.h"
#include "text/jinja/text_case.h"
#include "text/jinja/text_parts.h"
#include "text/jinja/value_json.h"
#include "text/jinja/value_text.h"

namespace candor::jinja {
namespace {

/// A filter that takes no arguments and changes the text of its object.
template <std::string (*Change)(std::string_view)>
Value changed(Runtime& runtime, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  const std::string text = to_text(object, runtime.budget);
  runtime.budget.spend(text.size() / 16);
  return Change(text);
}

std::string copy_text(std::string_view text) { return std::string(text); }

Value trim(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const Value characters = arguments.bind({"chars"})[0];
  const std::string text = to_text(object, runtime.budget);
  runtime.budget.spend(text.size() / 16);
  if (characters.is_undefined() || characters.is_none()) return std::string(strip(text, std::nullopt, true, true));
  if (!characters.is_text()) fail(arguments.line, "trim takes a str");
  return std::string(strip(text, characters.text(), true, true));
}

Value replace(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const std::vector<Value> bound = arguments.bind({"old", "new", "count"});
  if (!bound[0].is_text() || !bound[1].is_text()) fail(arguments.line, "replace takes two str");
  const std::int64_t count = bound[2].is_integer() ? bound[2].integer() : -1;
  return replace_all(to_text(object, runtime.budget), bound[0].text(), bound[1].text(), count, arguments.line,
                     runtime.budget);
}

Value indent(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const std::vector<Value> bound = arguments.bind({"width", "first", "blank"});
  const std::int64_t width = bound[0].is_integer() ? bound[0].integer() : 4;
  if (!bound[0].is_undefined() && !bound[0].is_text() && (!bound[0].is_integer() || width < 0 || width > 1000)) {
    fail(arguments.line, "indent takes a str or a width of 0 to 1000");
  }
  const std::string margin = bound[0].is_text() ? bound[0].text() : std::string(static_cast<std::size_t>(width), ' ');
  const std::string text = to_text(object, runtime.budget) + "\n";  // so that a last line break is kept
  std::string out = truthy(bound[1]) ? margin : "";
  bool first = true;
  for (const std::string_view line : split_lines(text)) {
    if (!std::exchange(first, false)) {
      out += '\n';
      if (!line.empty() || truthy(bound[2])) out += margin;
    }
    out += line;
    runtime.budget.spend(1 + line.size() / 16);
    if (out.size() > kMaxTextBytes)
      fail(arguments.line, "indent gives more than " + std::to_string(kMaxTextBytes) + " bytes");
  }
  return out;
}

std::optional<double> parse_number(const Value& value) {
  if (value.is_number()) return value.number();
  if (!value.is_text()) return std::nullopt;
  std::string_view text = strip(value.text(), std::nullopt, true, true);
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Value to_integer(Runtime&, const Value& object, const Arguments& arguments) {
  const Value otherwise = arguments.bind({"default"})[0];
  if (object.is_integer()) return object.integer();
  if (object.is_text()) {
    std::string_view text = strip(object.text(), std::nullopt, true, true);
    if (text.starts_with('+')) text.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  }
  const std::optional<double> number = parse_number(object);
  if (number && std::fabs(*number) < 9e18) return static_cast<std::int64_t>(*number);
  return otherwise.is_undefined() ? Value(std::int64_t{0}) : otherwise;
}

Value to_float(Runtime&, const Value& object, const Arguments& arguments) {
  const Value otherwise = arguments.bind({"default"})[0];
  if (const std::optional<double> number = parse_number(object)) return *number;
  return otherwise.is_undefined() ? Value(0.0) : otherwise;
}

Value absolute(Runtime&, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  if (!object.is_number()) fail(arguments.line, "abs takes a number, not " + std::string(object.type_name()));
  if (!object.is_integer()) return std::fabs(object.number());
  return object.integer() < 0 ? apply_unary(UnaryOperator::negate, object, arguments.line) : Value(object.integer());
}

Value default_value(Runtime&, const Value& object, const Arguments& arguments) {
  const std::vector<Value> bound = arguments.bind({"default_value", "boolean"});
  const bool replaces = object.is_undefined() || (truthy(bound[1]) && !truthy(object));
  if (!replaces) return object;
  return bound[0].is_undefined() ? Value(std::string()) : bound[0];
}

Value to_json_filter(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const std::vector<Value> bound = arguments.bind({"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ascii = truthy(bound[0]);
  style.sort_keys = truthy(bound[3]);
  if (bound[1].is_integer()) {
    if (bound[1].integer() > 1000) fail(arguments.line, "tojson takes an indent of at most 1000");
    style.indent = std::max<std::int64_t>(bound[1].integer(), 0);
    style.item_separator = ",";
  } else if (!bound[1].is_undefined() && !bound[1].is_none()) {
    fail(arguments.line, "tojson takes an int as indent");
  }
  if (!bound[2].is_undefined() && !bound[2].is_none()) {
    const std::vector<Value>* pair = bound[2].list_items();
    if (!pair || pair->size() != 2 || !(*pair)[0].is_text() || !(*pair)[1].is_text())
      fail(arguments.line, "tojson takes two str as separators");
    style.item_separator = (*pair)[0].text();
    style.key_separator = (*pair)[1].text();
  }
  return to_json(object, style, runtime.budget);
}

struct Named {
  std::string_view name;
  Builtin filter;
};

constexpr Named kFilters[] = {{"abs", absolute},
                              {"capitalize", changed<to_capitalized>},
                              {"count", filter_length},
                              {"d", default_value},
                              {"default", default_value},
                              {"first", filter_first},
                              {"float", to_float},
                              {"indent", indent},
                              {"int", to_integer},
                              {"items", filter_items},
                              {"join", filter_join},
                              {"last", filter_last},
                              {"length", filter_length},
                              {"list", filter_list},
                              {"lower", changed<to_lower>},
                              {"map", filter_map},
                              {"reject", filter_reject},
                              {"rejectattr", filter_rejectattr},
                              {"replace", replace},
                              {"reverse", filter_reverse},
                              {"safe", changed<copy_text>},
                              {"select", filter_select},
                              {"selectattr", filter_selectattr},
                              {"string", changed<copy_text>},
                              {"title", changed<to_jinja_title>},
                              {"tojson", to_json_filter},
                              {"trim", trim},
                              {"upper", changed<to_upper>}};

}  // namespace

Builtin find_filter(std::string_view name) {
  const auto found = std::find_if(std::begin(kFilters), std::end(kFilters),
                                  [name](const Named& filter) { return filter.name == name; });
  return found == std::end(kFilters) ? nullptr : found->filter;
}

}  // namespace candor::jinja
