#include "text/jinja/scopes.h"

#include <string>

#include "text/jinja/builtins.h"

namespace candor::jinja {

const Value* find_in(const Scope& scope, std::string_view name, Budget& budget) {
  budget.spend(1 + scope.size() / 8);
  for (const auto& [known, value] : scope) {
    if (known == name) return &value;
  }
  return nullptr;
}

void Scopes::set(std::string_view name, Value value) {
  budget_.spend(scopes_.back().size() / 8);
  for (auto& [known, current] : scopes_.back()) {
    if (known == name) {
      current = std::move(value);
      return;
    }
  }
  add(name, std::move(value));
}

Value Scopes::find(std::string_view name) const {
  for (std::size_t i = scopes_.size(); i-- > first_;) {
    if (const Value* value = find_in(scopes_[i], name, budget_)) return *value;
  }
  if (first_ > 0) {  // inside a macro: its own scopes, then those of the template
    if (const Value* value = find_in(scopes_[0], name, budget_)) return *value;
  }
  for (const auto& [known, value] : variables_) {
    if (known == name) return value;
  }
  if (is_function(name)) return Callable{nullptr, name};
  return Undefined{std::string(name)};
}

}  // namespace candor::jinja
