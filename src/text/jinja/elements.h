// What is inside values: attributes, elements, slices, and all elements in turn.
#pragma once

#include <string>
#include <vector>

#include "text/jinja/value.h"

namespace candor::jinja {

Value get_attribute(const Value& object, const std::string& name, int line, Budget& budget);
Value get_item(const Value& object, const Value& index, int line, Budget& budget);
Value get_slice(const Value& object, const Value& start, const Value& stop, const Value& step, int line,
                Budget& budget);

/// The elements of a list, keys of a dict, characters of a string; none of an undefined value.
std::vector<Value> iterate(const Value& value, int line, Budget& budget);
std::size_t length_of(const Value& value, int line, Budget& budget);

}  // namespace candor::jinja
