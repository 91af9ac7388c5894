// The values of templates: Python's, as far as chat templates need them. Values are immutable but for namespaces, and
// know how deep they nest, so that no walk over one can overflow the stack.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace candor::jinja {

class Value;
struct MacroStatement;
struct LoopState;

inline constexpr int kMaxValueDepth = 64;
inline constexpr std::size_t kMaxTextBytes = std::size_t{16} << 20;  // of one string, and of the output

/// Counts what a template does, so that every template ends.
class Budget {
 public:
  void spend(std::uint64_t steps);  // errors: ValueError
 private:
  std::uint64_t left_ = 20'000'000;
};

struct Undefined {
  std::string name;
};  // what was looked up, for errors
struct None {};

struct List {
  std::vector<Value> items;
  bool tuple = false;  // prints with parentheses
  int depth = 1;
};

/// In insertion order; keys are strings.
struct Dict {
  std::vector<std::pair<std::string, Value>> items;
  int depth = 1;
  const Value* find(std::string_view key) const;
};

/// namespace(): the only value whose content changes. Never inside another value, so that there are no cycles.
struct Namespace {
  std::vector<std::pair<std::string, Value>> items;
};

/// A name that can be called: a macro of the template, or one of the functions that templates are given.
struct Callable {
  const MacroStatement* macro = nullptr;
  std::string_view function;
};

using TextPointer = std::shared_ptr<const std::string>;
using ListPointer = std::shared_ptr<const List>;
using DictPointer = std::shared_ptr<const Dict>;
using NamespacePointer = std::shared_ptr<Namespace>;
using LoopPointer = std::shared_ptr<LoopState>;

class Value {
 public:
  using Storage = std::variant<Undefined, None, bool, std::int64_t, double, TextPointer, ListPointer, DictPointer,
                               NamespacePointer, LoopPointer, Callable>;

  Value() : data_(Undefined{}) {}
  Value(Undefined value) : data_(std::move(value)) {}
  Value(None) : data_(None{}) {}
  Value(bool value) : data_(value) {}
  Value(std::int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(std::string value) : data_(std::make_shared<const std::string>(std::move(value))) {}
  Value(const char*) = delete;  // would become a bool
  Value(NamespacePointer value) : data_(std::move(value)) {}
  Value(LoopPointer value) : data_(std::move(value)) {}
  Value(Callable value) : data_(value) {}

  /// errors   ValueError: nested too deep, or an element that may not be inside another value
  static Value list(std::vector<Value> items, bool tuple = false);
  static Value dict(std::vector<std::pair<std::string, Value>> items);  // a key given twice keeps its last value

  template <class T>
  bool is() const {
    return std::holds_alternative<T>(data_);
  }
  template <class T>
  const T* get() const {
    return std::get_if<T>(&data_);
  }
  bool is_undefined() const { return is<Undefined>(); }
  bool is_none() const { return is<None>(); }
  bool is_text() const { return is<TextPointer>(); }
  const std::string& text() const { return **std::get_if<TextPointer>(&data_); }  // only when is_text()
  const std::vector<Value>* list_items() const;                                   // nullptr: no list
  const Dict* dict_items() const;                                                 // nullptr: no dict
  bool is_integer() const { return is<std::int64_t>() || is<bool>(); }            // a bool is 0 or 1, as in Python
  bool is_number() const { return is_integer() || is<double>(); }
  std::int64_t integer() const { return is<bool>() ? *get<bool>() : *get<std::int64_t>(); }
  double number() const { return is_integer() ? static_cast<double>(integer()) : *get<double>(); }
  int depth() const;

  /// Python's name of the type: "str", "int", "NoneType" …
  std::string_view type_name() const;

 private:
  explicit Value(Storage data) : data_(std::move(data)) {}
  Storage data_;
};

/// What a template is given.
using Variables = std::vector<std::pair<std::string, Value>>;

/// A for loop under way: what `loop` offers.
struct LoopState {
  std::vector<Value> items;
  std::size_t index = 0;
};

/// What errors call a value: its type, or the name that is undefined.
std::string type_of(const Value& value);

/// Throws ValueError "template, line N: …".
[[noreturn]] void fail(int line, const std::string& what);

}  // namespace candor::jinja
