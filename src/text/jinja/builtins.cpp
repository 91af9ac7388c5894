#include "text/jinja/builtins.h"

#include <algorithm>

#include "text/jinja/strftime.h"
#include "text/jinja/value_text.h"

namespace candor::jinja {
namespace {

constexpr std::int64_t kMaxRange = 100000;  // Jinja's sandbox has the same limit

Value raise_exception(Runtime& runtime, const Arguments& arguments) {
  const std::vector<Value> bound = arguments.bind({"message"});
  fail(arguments.line, to_text(bound[0], runtime.budget));
}

Value strftime_now(Runtime& runtime, const Arguments& arguments) {
  const std::vector<Value> bound = arguments.bind({"format"});
  if (!bound[0].is_text()) fail(arguments.line, "strftime_now takes a format, a str");
  return format_time(bound[0].text(), runtime.date, arguments.line);
}

void require_no_positional(const Arguments& arguments) {
  if (!arguments.positional.empty())
    fail(arguments.line, std::string(arguments.callee) + "() with arguments by position is not supported");
}

Value make_namespace(Runtime&, const Arguments& arguments) {
  require_no_positional(arguments);
  const auto names = std::make_shared<Namespace>();
  for (const auto& [name, value] : arguments.named) {
    if (name.starts_with('_')) fail(arguments.line, "the attribute " + name + " starts with an underscore");
    if (value.is<NamespacePointer>() || value.is<LoopPointer>()) {
      fail(arguments.line, "a " + std::string(value.type_name()) + " cannot be an attribute of a namespace");
    }
    names->items.emplace_back(name, value);
  }
  return Value(names);
}

Value make_dict(Runtime&, const Arguments& arguments) {
  require_no_positional(arguments);
  return Value::dict(arguments.named);
}

Value make_range(Runtime& runtime, const Arguments& arguments) {
  std::vector<std::int64_t> bounds;
  for (const Value& value : arguments.positional) {
    if (!value.is_integer()) fail(arguments.line, "range() takes int values, not " + std::string(value.type_name()));
    bounds.push_back(value.integer());
  }
  if (bounds.empty() || bounds.size() > 3 || !arguments.named.empty())
    fail(arguments.line, "range() takes one to three int values");
  const std::int64_t start = bounds.size() > 1 ? bounds[0] : 0, stop = bounds.size() > 1 ? bounds[1] : bounds[0];
  const std::int64_t step = bounds.size() > 2 ? bounds[2] : 1;
  if (step == 0) fail(arguments.line, "the step of range() is 0");
  std::vector<Value> items;
  for (std::int64_t at = start; step > 0 ? at < stop : at > stop;) {
    if (static_cast<std::int64_t>(items.size()) == kMaxRange)
      fail(arguments.line, "range() gives more than " + std::to_string(kMaxRange) + " values");
    items.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  runtime.budget.spend(items.size());
  return Value::list(std::move(items));
}

struct Function {
  std::string_view name;
  Value (*call)(Runtime&, const Arguments&);
};

constexpr Function kFunctions[] = {{"raise_exception", raise_exception},
                                   {"strftime_now", strftime_now},
                                   {"namespace", make_namespace},
                                   {"dict", make_dict},
                                   {"range", make_range}};

}  // namespace

std::vector<Value> Arguments::bind(std::initializer_list<std::string_view> names) const {
  const std::vector<std::string_view> known(names);
  if (positional.size() > known.size()) {
    fail(line, std::string(callee) + " takes at most " + std::to_string(known.size()) + " arguments, not " +
                   std::to_string(positional.size()));
  }
  std::vector<Value> out(known.size());
  std::copy(positional.begin(), positional.end(), out.begin());
  for (const auto& [name, value] : named) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) fail(line, std::string(callee) + " has no argument " + name);
    const auto at = static_cast<std::size_t>(found - known.begin());
    if (at < positional.size()) fail(line, std::string(callee) + " is given " + name + " twice");
    out[at] = value;
  }
  return out;
}

bool is_function(std::string_view name) {
  return std::any_of(std::begin(kFunctions), std::end(kFunctions),
                     [name](const Function& f) { return f.name == name; });
}

Value call_function(Runtime& runtime, std::string_view name, const Arguments& arguments) {
  const auto found =
      std::find_if(std::begin(kFunctions), std::end(kFunctions), [name](const Function& f) { return f.name == name; });
  return found->call(runtime, arguments);
}

}  // namespace candor::jinja
