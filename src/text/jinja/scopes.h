// The names that a place in a template sees: those it set, those the template was given, and the functions.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace candor::jinja {

using Scope = std::vector<std::pair<std::string_view, Value>>;

/// nullptr: not in this scope
const Value* find_in(const Scope& scope, std::string_view name, Budget& budget);

class Scopes {
 public:
  Scopes(const Variables& variables, Budget& budget) : variables_(variables), budget_(budget) {}
  Scopes(const Scopes&) = delete;
  Scopes& operator=(const Scopes&) = delete;

  const Scope& innermost() const { return scopes_.back(); }
  /// In the innermost scope.
  void set(std::string_view name, Value value);
  /// The same for a name that is not there yet.
  void add(std::string_view name, Value value) { scopes_.back().emplace_back(name, std::move(value)); }
  /// Undefined: no such name
  Value find(std::string_view name) const;

  /// A scope that ends with a block.
  class Inner {
   public:
    explicit Inner(Scopes& scopes) : scopes_(scopes.scopes_) { scopes_.emplace_back(); }
    ~Inner() { scopes_.pop_back(); }
    Inner(const Inner&) = delete;
    Inner& operator=(const Inner&) = delete;

   private:
    std::vector<Scope>& scopes_;
  };

  /// The scope of a macro: the names of its caller are out of sight; those of the template are not.
  class OfMacro {
   public:
    OfMacro(Scopes& scopes, Scope parameters) : scopes_(scopes), caller_(scopes.first_) {
      scopes_.scopes_.push_back(std::move(parameters));
      scopes_.first_ = scopes_.scopes_.size() - 1;
    }
    ~OfMacro() {
      scopes_.scopes_.pop_back();
      scopes_.first_ = caller_;
    }
    OfMacro(const OfMacro&) = delete;
    OfMacro& operator=(const OfMacro&) = delete;

   private:
    Scopes& scopes_;
    std::size_t caller_;
  };

 private:
  const Variables& variables_;
  Budget& budget_;
  std::vector<Scope> scopes_{Scope{}};
  std::size_t first_ = 0;  // of those in sight, besides the template's own
};

}  // namespace candor::jinja
