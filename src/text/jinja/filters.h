// Filters that work on lists; the table in filters.cpp names them.
#pragma once

#include "text/jinja/builtins.h"

namespace candor::jinja {

Value filter_length(Runtime&, const Value& object, const Arguments&);
Value filter_first(Runtime&, const Value& object, const Arguments&);
Value filter_last(Runtime&, const Value& object, const Arguments&);
Value filter_items(Runtime&, const Value& object, const Arguments&);
Value filter_join(Runtime&, const Value& object, const Arguments&);
Value filter_list(Runtime&, const Value& object, const Arguments&);
Value filter_reverse(Runtime&, const Value& object, const Arguments&);
Value filter_map(Runtime&, const Value& object, const Arguments&);
Value filter_select(Runtime&, const Value& object, const Arguments&);
Value filter_reject(Runtime&, const Value& object, const Arguments&);
Value filter_selectattr(Runtime&, const Value& object, const Arguments&);
Value filter_rejectattr(Runtime&, const Value& object, const Arguments&);

}  // namespace candor::jinja
