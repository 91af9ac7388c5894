#include "text/jinja/value.h"

#include <algorithm>
#include <unordered_map>

#include "candor/error.h"

namespace candor::jinja {
namespace {

int checked_depth(int depth) {
  if (depth > kMaxValueDepth) {
    throw ValueError("template: a value nests deeper than " + std::to_string(kMaxValueDepth) + " levels");
  }
  return depth;
}

void require_storable(const Value& value) {
  if (value.is<NamespacePointer>() || value.is<LoopPointer>() || value.is<Callable>()) {
    throw ValueError("template: a " + std::string(value.type_name()) + " cannot be an element of another value");
  }
}

}  // namespace

void Budget::spend(std::uint64_t steps) {
  if (steps > left_) throw ValueError("template: takes more steps than are allowed; does it loop over too much?");
  left_ -= steps;
}

const Value* Dict::find(std::string_view key) const {
  const auto found = std::find_if(items.begin(), items.end(), [key](const auto& item) { return item.first == key; });
  return found == items.end() ? nullptr : &found->second;
}

Value Value::list(std::vector<Value> items, bool tuple) {
  auto list = std::make_shared<List>();
  for (const Value& item : items) {
    require_storable(item);
    list->depth = std::max(list->depth, checked_depth(item.depth() + 1));
  }
  list->items = std::move(items);
  list->tuple = tuple;
  return Value(Storage(ListPointer(std::move(list))));
}

Value Value::dict(std::vector<std::pair<std::string, Value>> items) {
  auto dict = std::make_shared<Dict>();
  std::unordered_map<std::string, std::size_t> positions;
  for (auto& [key, value] : items) {
    require_storable(value);
    dict->depth = std::max(dict->depth, checked_depth(value.depth() + 1));
    const auto [at, inserted] = positions.emplace(key, dict->items.size());
    if (inserted) {
      dict->items.emplace_back(std::move(key), std::move(value));
    } else {
      dict->items[at->second].second = std::move(value);
    }
  }
  return Value(Storage(DictPointer(std::move(dict))));
}

const std::vector<Value>* Value::list_items() const {
  const ListPointer* list = get<ListPointer>();
  return list ? &(*list)->items : nullptr;
}

const Dict* Value::dict_items() const {
  const DictPointer* dict = get<DictPointer>();
  return dict ? dict->get() : nullptr;
}

int Value::depth() const {
  if (const ListPointer* list = get<ListPointer>()) return (*list)->depth;
  if (const DictPointer* dict = get<DictPointer>()) return (*dict)->depth;
  return 0;
}

std::string_view Value::type_name() const {
  constexpr std::string_view kNames[] = {
      "undefined value", "NoneType", "bool", "int", "float", "str", "list", "dict", "namespace", "loop", "function"};
  return kNames[data_.index()];
}

std::string type_of(const Value& value) {
  if (const Undefined* undefined = value.get<Undefined>()) return "\"" + undefined->name + "\", which is undefined";
  return std::string(value.type_name());
}

void fail(int line, const std::string& what) {
  throw ValueError("template, line " + std::to_string(line) + ": " + what);
}

}  // namespace candor::jinja
