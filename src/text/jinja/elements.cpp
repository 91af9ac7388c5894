// Elements: attributes and loop members, subscripts, slices, iteration, length.
#include "text/jinja/elements.h"

#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/value_text.h"

namespace candor::jinja {
namespace {

std::int64_t clamp_bound(std::int64_t bound, std::int64_t length, std::int64_t low, std::int64_t high) {
  return std::clamp(bound < 0 ? std::max(bound + length, std::int64_t{-1}) : bound, low, high);
}

/// The indices that [start:stop:step] selects, as Python counts them.
std::vector<std::size_t> slice_indices(std::int64_t length, const Value& start, const Value& stop, const Value& step,
                                       int line, Budget& budget) {
  for (const Value* bound : {&start, &stop, &step}) {
    if (!bound->is_integer() && !bound->is_none())
      fail(line, "a slice bound is " + type_of(*bound) + ", expected an int");
  }
  const std::int64_t stride = step.is_none() ? 1 : step.integer();
  if (stride == 0) fail(line, "the step of a slice is 0");
  const std::int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? length : length - 1;
  std::int64_t at = start.is_none() ? (stride > 0 ? low : high) : clamp_bound(start.integer(), length, low, high);
  const std::int64_t end = stop.is_none() ? (stride > 0 ? high : low) : clamp_bound(stop.integer(), length, low, high);
  std::vector<std::size_t> out;
  while (stride > 0 ? at < end : at > end) {
    out.push_back(static_cast<std::size_t>(at));
    if (__builtin_add_overflow(at, stride, &at)) break;
  }
  budget.spend(out.size());
  return out;
}

Value loop_member(const LoopState& loop, const std::string& name, int line) {
  const auto index = static_cast<std::int64_t>(loop.index), length = static_cast<std::int64_t>(loop.items.size());
  if (name == "index") return index + 1;
  if (name == "index0") return index;
  if (name == "revindex") return length - index;
  if (name == "revindex0") return length - index - 1;
  if (name == "first") return index == 0;
  if (name == "last") return index == length - 1;
  if (name == "length") return length;
  if (name == "previtem") return index > 0 ? loop.items[loop.index - 1] : Value(Undefined{"loop.previtem"});
  if (name == "nextitem") return index + 1 < length ? loop.items[loop.index + 1] : Value(Undefined{"loop.nextitem"});
  fail(line, "loop." + name + " is not supported");
}

}  // namespace

Value get_attribute(const Value& object, const std::string& name, int line, Budget& budget) {
  if (object.is_undefined()) fail(line, "cannot read ." + name + " of " + type_of(object));
  if (has_method(object, name)) fail(line, "the method ." + name + " is used without being called");
  if (const LoopPointer* loop = object.get<LoopPointer>()) return loop_member(**loop, name, line);
  if (const Dict* dict = object.dict_items()) {
    budget.spend(dict->items.size() / 8);
    if (const Value* value = dict->find(name)) return *value;
  }
  if (const NamespacePointer* names = object.get<NamespacePointer>()) {
    budget.spend((*names)->items.size() / 8);
    for (const auto& [key, value] : (*names)->items) {
      if (key == name) return value;
    }
  }
  return Undefined{name};
}

Value get_item(const Value& object, const Value& index, int line, Budget& budget) {
  if (object.is_undefined()) fail(line, "cannot read an element of " + type_of(object));
  if (index.is_text()) {
    if (const Dict* dict = object.dict_items()) {
      budget.spend(dict->items.size() / 8);
      if (const Value* value = dict->find(index.text())) return *value;
    }
    return get_attribute(object, index.text(), line, budget);
  }
  if (!index.is_integer()) return Undefined{"an element"};
  if (!object.is_text() && object.list_items() == nullptr)
    return Undefined{"element " + std::to_string(index.integer())};
  const auto length = static_cast<std::int64_t>(length_of(object, line, budget));
  const std::int64_t at = index.integer() < 0 ? index.integer() + length : index.integer();
  if (at < 0 || at >= length) return Undefined{"element " + std::to_string(index.integer())};
  if (const std::vector<Value>* items = object.list_items()) return (*items)[static_cast<std::size_t>(at)];
  const std::vector<std::size_t> offsets = character_offsets(object.text());
  const std::size_t begin = offsets[static_cast<std::size_t>(at)];
  return object.text().substr(begin, offsets[static_cast<std::size_t>(at) + 1] - begin);
}

Value get_slice(const Value& object, const Value& start, const Value& stop, const Value& step, int line,
                Budget& budget) {
  if (!object.is_text() && object.list_items() == nullptr) fail(line, "cannot slice " + type_of(object));
  const auto length = static_cast<std::int64_t>(length_of(object, line, budget));
  const std::vector<std::size_t> indices = slice_indices(length, start, stop, step, line, budget);
  if (const std::vector<Value>* items = object.list_items()) {
    std::vector<Value> out;
    for (const std::size_t i : indices) out.push_back((*items)[i]);
    return Value::list(std::move(out), (*object.get<ListPointer>())->tuple);
  }
  const std::vector<std::size_t> offsets = character_offsets(object.text());
  std::string out;
  for (const std::size_t i : indices) out.append(object.text(), offsets[i], offsets[i + 1] - offsets[i]);
  return out;
}

std::vector<Value> iterate(const Value& value, int line, Budget& budget) {
  std::vector<Value> out;
  if (value.is_undefined()) return out;
  if (const std::vector<Value>* items = value.list_items()) {
    out = *items;
  } else if (const Dict* dict = value.dict_items()) {
    for (const auto& [key, element] : dict->items) out.emplace_back(key);
  } else if (value.is_text()) {
    const std::vector<std::size_t> offsets = character_offsets(value.text());
    budget.spend(offsets.size());
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i)
      out.emplace_back(value.text().substr(offsets[i], offsets[i + 1] - offsets[i]));
  } else {
    fail(line, "cannot go through the elements of " + type_of(value));
  }
  budget.spend(out.size());
  return out;
}

std::size_t length_of(const Value& value, int line, Budget& budget) {
  if (value.is_undefined()) return 0;
  if (const std::vector<Value>* items = value.list_items()) return items->size();
  if (const Dict* dict = value.dict_items()) return dict->items.size();
  if (!value.is_text()) fail(line, type_of(value) + " has no length");
  budget.spend(value.text().size() / 16);
  return static_cast<std::size_t>(std::count_if(value.text().begin(), value.text().end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0u) != 0x80;
  }));
}

}  // namespace candor::jinja
