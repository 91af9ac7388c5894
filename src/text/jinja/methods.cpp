// Methods of strings, dicts, lists and `loop`.
#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/elements.h"
#include "text/jinja/text_case.h"
#include "text/jinja/text_parts.h"
#include "text/jinja/value_text.h"

namespace candor::jinja {
namespace {

/// A method of one type: its object has that type.
struct Method {
  std::string_view name;
  Builtin call;
};

const std::string& require_text(const Value& value, const Arguments& arguments) {
  if (!value.is_text())
    fail(arguments.line, "." + std::string(arguments.callee) + "() takes a str, not " + std::string(value.type_name()));
  return value.text();
}

template <bool Left, bool Right>
Value strip_text(Runtime&, const Value& object, const Arguments& arguments) {
  const Value characters = arguments.bind({"chars"})[0];
  if (characters.is_undefined() || characters.is_none())
    return std::string(strip(object.text(), std::nullopt, Left, Right));
  return std::string(strip(object.text(), require_text(characters, arguments), Left, Right));
}

template <bool AtEnd>
Value affix(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const Value wanted = arguments.bind({"prefix"})[0];
  const auto holds = [&](const Value& one) {
    const std::string& text = require_text(one, arguments);
    return AtEnd ? object.text().ends_with(text) : object.text().starts_with(text);
  };
  if (!wanted.list_items()) return holds(wanted);
  runtime.budget.spend(wanted.list_items()->size());
  return std::any_of(wanted.list_items()->begin(), wanted.list_items()->end(), holds);
}

template <std::string (*Change)(std::string_view)>
Value changed(Runtime&, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  return Change(object.text());
}

template <bool FromRight>
Value split_method(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const std::vector<Value> bound = arguments.bind({"sep", "maxsplit"});
  const bool limited = !bound[1].is_undefined();
  if (limited && !bound[1].is_integer()) fail(arguments.line, ".split() takes an int as maxsplit");
  const std::int64_t limit = limited ? bound[1].integer() : -1;
  const bool by_space = bound[0].is_undefined() || bound[0].is_none();
  if (!by_space && require_text(bound[0], arguments).empty()) fail(arguments.line, ".split() by an empty str");
  std::vector<Value> parts;
  const auto found = by_space ? split_at_space(object.text(), limit, FromRight)
                              : split_at(object.text(), bound[0].text(), limit, FromRight);
  for (const std::string_view part : found) parts.emplace_back(std::string(part));
  runtime.budget.spend(parts.size());
  return Value::list(std::move(parts));
}

Value split_lines_method(Runtime& runtime, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  std::vector<Value> lines;
  for (const std::string_view line : split_lines(object.text())) lines.emplace_back(std::string(line));
  runtime.budget.spend(lines.size());
  return Value::list(std::move(lines));
}

Value replace_method(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const std::vector<Value> bound = arguments.bind({"old", "new", "count"});
  const std::int64_t count = bound[2].is_integer() ? bound[2].integer() : -1;
  return replace_all(object.text(), require_text(bound[0], arguments), require_text(bound[1], arguments), count,
                     arguments.line, runtime.budget);
}

Value join_method(Runtime& runtime, const Value& object, const Arguments& arguments) {
  std::string out;
  bool first = true;
  for (const Value& item : iterate(arguments.bind({"iterable"})[0], arguments.line, runtime.budget)) {
    if (!std::exchange(first, false)) out += object.text();
    out += require_text(item, arguments);
    if (out.size() > kMaxTextBytes)
      fail(arguments.line, ".join() gives more than " + std::to_string(kMaxTextBytes) + " bytes");
  }
  return out;
}

Value find_method(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const Value wanted = arguments.bind({"sub"})[0];
  runtime.budget.spend(object.text().size() / 16);
  const std::size_t at = object.text().find(require_text(wanted, arguments));
  if (at == std::string::npos) return std::int64_t{-1};
  return static_cast<std::int64_t>(length_of(Value(object.text().substr(0, at)), arguments.line, runtime.budget));
}

Value count_method(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const Value wanted = arguments.bind({"sub"})[0];
  if (require_text(wanted, arguments).empty())
    return static_cast<std::int64_t>(length_of(object, arguments.line, runtime.budget) + 1);
  return static_cast<std::int64_t>(split_at(object.text(), wanted.text(), -1, false).size()) - 1;
}

Value dict_get(Runtime& runtime, const Value& object, const Arguments& arguments) {
  runtime.budget.spend(object.dict_items()->items.size() / 8);
  const std::vector<Value> bound = arguments.bind({"key", "default"});
  const Value* found = bound[0].is_text() ? object.dict_items()->find(bound[0].text()) : nullptr;
  if (found) return *found;
  return bound[1].is_undefined() ? Value(None{}) : bound[1];
}

/// Keys: 0, values: 1, pairs: 2.
template <int What>
Value dict_parts(Runtime& runtime, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  std::vector<Value> out;
  for (const auto& [key, value] : object.dict_items()->items) {
    out.push_back(What == 0 ? Value(key) : What == 1 ? value : Value::list({Value(key), value}, true));
  }
  runtime.budget.spend(out.size());
  return Value::list(std::move(out));
}

Value list_index(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const Value wanted = arguments.bind({"value"})[0];
  const std::vector<Value>& items = *object.list_items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (equal(items[i], wanted, runtime.budget)) return static_cast<std::int64_t>(i);
  }
  fail(arguments.line, ".index(): the list does not hold the value");
}

Value list_count(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const Value wanted = arguments.bind({"value"})[0];
  return static_cast<std::int64_t>(
      std::count_if(object.list_items()->begin(), object.list_items()->end(),
                    [&](const Value& item) { return equal(item, wanted, runtime.budget); }));
}

Value loop_cycle(Runtime&, const Value& object, const Arguments& arguments) {
  if (arguments.positional.empty() || !arguments.named.empty())
    fail(arguments.line, "loop.cycle() takes values by position");
  return arguments.positional[(*object.get<LoopPointer>())->index % arguments.positional.size()];
}

constexpr Method kTextMethods[] = {{"strip", strip_text<true, true>},
                                   {"lstrip", strip_text<true, false>},
                                   {"rstrip", strip_text<false, true>},
                                   {"startswith", affix<false>},
                                   {"endswith", affix<true>},
                                   {"upper", changed<to_upper>},
                                   {"lower", changed<to_lower>},
                                   {"title", changed<to_title>},
                                   {"capitalize", changed<to_capitalized>},
                                   {"split", split_method<false>},
                                   {"rsplit", split_method<true>},
                                   {"splitlines", split_lines_method},
                                   {"replace", replace_method},
                                   {"join", join_method},
                                   {"find", find_method},
                                   {"count", count_method}};
constexpr Method kDictMethods[] = {
    {"get", dict_get}, {"keys", dict_parts<0>}, {"values", dict_parts<1>}, {"items", dict_parts<2>}};
constexpr Method kListMethods[] = {{"index", list_index}, {"count", list_count}};
constexpr Method kLoopMethods[] = {{"cycle", loop_cycle}};

template <std::size_t N>
Builtin find_in(const Method (&methods)[N], std::string_view name) {
  const auto found = std::find_if(methods, methods + N, [name](const Method& method) { return method.name == name; });
  return found == methods + N ? nullptr : found->call;
}

Builtin find_method_of(const Value& object, std::string_view name) {
  if (object.is_text()) return find_in(kTextMethods, name);
  if (object.dict_items()) return find_in(kDictMethods, name);
  if (object.list_items()) return find_in(kListMethods, name);
  return object.is<LoopPointer>() ? find_in(kLoopMethods, name) : nullptr;
}

}  // namespace

bool is_method(std::string_view name) {
  return find_in(kTextMethods, name) || find_in(kDictMethods, name) || find_in(kListMethods, name) ||
         find_in(kLoopMethods, name);
}

bool has_method(const Value& object, std::string_view name) { return find_method_of(object, name) != nullptr; }

Value call_method(Runtime& runtime, const Value& object, std::string_view name, const Arguments& arguments) {
  if (object.is_text()) runtime.budget.spend(object.text().size() / 16);
  if (const Builtin method = find_method_of(object, name)) return method(runtime, object, arguments);
  if (const Undefined* undefined = object.get<Undefined>()) {
    fail(arguments.line, "cannot call ." + std::string(name) + "() of \"" + undefined->name + "\", which is undefined");
  }
  fail(arguments.line, "a " + std::string(object.type_name()) + " has no method ." + std::string(name) + "()");
}

}  // namespace candor::jinja
