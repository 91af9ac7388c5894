// Filters that work on lists.
#include "text/jinja/filters.h"

#include <algorithm>

#include "text/jinja/elements.h"
#include "text/jinja/value_text.h"

namespace candor::jinja {
namespace {

const std::string& require_name(const Value& value, std::string_view filter, std::string_view what, int line) {
  if (!value.is_text()) fail(line, std::string(filter) + " takes the name of " + std::string(what) + ", a str");
  return value.text();
}

/// item.a.b of "a.b"; a part that is a number is an index.
Value read_path(Runtime& runtime, Value item, const std::string& path, int line) {
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    const bool number = !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == std::string::npos;
    item = get_item(item, number ? Value(std::int64_t{std::stoi(part)}) : Value(part), line, runtime.budget);
    begin = end + 1;
  }
  return item;
}

/// Without the first `count` arguments by position.
Arguments without_first(const Arguments& arguments, std::size_t count) {
  Arguments out = arguments;
  out.positional.erase(out.positional.begin(), out.positional.begin() + static_cast<std::ptrdiff_t>(count));
  return out;
}

/// select, reject, selectattr, rejectattr: keeps the elements for which the test holds, or does not.
Value select_items(Runtime& runtime, const Value& object, const Arguments& arguments, bool by_attribute, bool wanted) {
  const std::size_t first = by_attribute ? 1 : 0;
  if (arguments.positional.size() < first)
    fail(arguments.line, "selectattr and rejectattr take the name of an attribute");
  const std::string path =
      by_attribute ? require_name(arguments.positional[0], "selectattr", "an attribute", arguments.line) : "";
  Builtin test = nullptr;
  Arguments rest;
  if (arguments.positional.size() > first) {
    const std::string& name = require_name(arguments.positional[first], "select", "a test", arguments.line);
    test = find_test(name);
    if (test == nullptr) fail(arguments.line, "the test \"" + name + "\" is not supported");
    rest = without_first(arguments, first + 1);
  }
  std::vector<Value> out;
  for (Value& item : iterate(object, arguments.line, runtime.budget)) {
    const Value subject = by_attribute ? read_path(runtime, item, path, arguments.line) : item;
    if (truthy(test ? test(runtime, subject, rest) : subject) == wanted) out.push_back(std::move(item));
  }
  return Value::list(std::move(out));
}

}  // namespace

Value filter_length(Runtime& runtime, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  return static_cast<std::int64_t>(length_of(object, arguments.line, runtime.budget));
}

Value filter_first(Runtime& runtime, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  const std::vector<Value> items = iterate(object, arguments.line, runtime.budget);
  return items.empty() ? Value(Undefined{"the first of nothing"}) : items.front();
}

Value filter_last(Runtime& runtime, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  const std::vector<Value> items = iterate(object, arguments.line, runtime.budget);
  return items.empty() ? Value(Undefined{"the last of nothing"}) : items.back();
}

Value filter_items(Runtime& runtime, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  if (object.is_undefined()) return Value::list({});
  if (!object.dict_items()) fail(arguments.line, "items takes a dict, not " + std::string(object.type_name()));
  return call_method(runtime, object, "items", arguments);
}

Value filter_join(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const std::vector<Value> bound = arguments.bind({"d", "attribute"});
  const std::string separator = bound[0].is_undefined() ? "" : to_text(bound[0], runtime.budget);
  std::string out;
  bool first = true;
  for (Value& item : iterate(object, arguments.line, runtime.budget)) {
    if (!std::exchange(first, false)) out += separator;
    if (!bound[1].is_undefined())
      item = read_path(runtime, std::move(item), require_name(bound[1], "join", "an attribute", arguments.line),
                       arguments.line);
    out += to_text(item, runtime.budget);
    if (out.size() > kMaxTextBytes)
      fail(arguments.line, "join gives more than " + std::to_string(kMaxTextBytes) + " bytes");
  }
  return out;
}

Value filter_list(Runtime& runtime, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  return Value::list(iterate(object, arguments.line, runtime.budget));
}

Value filter_reverse(Runtime& runtime, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  std::vector<Value> items = iterate(object, arguments.line, runtime.budget);
  std::reverse(items.begin(), items.end());
  if (!object.is_text()) return Value::list(std::move(items));
  std::string out;
  for (const Value& item : items) out += item.text();
  return out;
}

Value filter_map(Runtime& runtime, const Value& object, const Arguments& arguments) {
  std::vector<Value> items = iterate(object, arguments.line, runtime.budget);
  if (arguments.positional.empty()) {
    const std::vector<Value> bound = arguments.bind({"attribute", "default"});
    const std::string& path = require_name(bound[0], "map", "an attribute", arguments.line);
    for (Value& item : items) {
      item = read_path(runtime, std::move(item), path, arguments.line);
      if (item.is_undefined() && !bound[1].is_undefined()) item = bound[1];
    }
    return Value::list(std::move(items));
  }
  const std::string& name = require_name(arguments.positional[0], "map", "a filter", arguments.line);
  const Builtin filter = find_filter(name);
  if (filter == nullptr) fail(arguments.line, "the filter \"" + name + "\" is not supported");
  const Arguments rest = without_first(arguments, 1);
  for (Value& item : items) item = filter(runtime, item, rest);
  return Value::list(std::move(items));
}

Value filter_select(Runtime& runtime, const Value& object, const Arguments& arguments) {
  return select_items(runtime, object, arguments, false, true);
}

Value filter_reject(Runtime& runtime, const Value& object, const Arguments& arguments) {
  return select_items(runtime, object, arguments, false, false);
}

Value filter_selectattr(Runtime& runtime, const Value& object, const Arguments& arguments) {
  return select_items(runtime, object, arguments, true, true);
}

Value filter_rejectattr(Runtime& runtime, const Value& object, const Arguments& arguments) {
  return select_items(runtime, object, arguments, true, false);
}

}  // namespace candor::jinja
