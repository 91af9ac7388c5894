// A parsed template.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja/builtins.h"
#include "text/jinja/value.h"

namespace candor::jinja {

struct Expression;
using ExpressionPointer = std::unique_ptr<Expression>;

struct Argument {
  std::string name;  // empty: by position
  ExpressionPointer value;
};

enum class UnaryOperator { negate, plus, logical_not };
enum class BinaryOperator {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulo,
  power,
  concatenate,
  logical_and,
  logical_or
};
enum class CompareOperator { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };

// clang-format off
struct LiteralExpression { Value value; };
struct NameExpression { std::string name; };
struct ListExpression { std::vector<ExpressionPointer> items; bool tuple; };
struct DictExpression { std::vector<std::pair<ExpressionPointer, ExpressionPointer>> items; };
struct AttributeExpression { ExpressionPointer object; std::string name; };
struct SubscriptExpression { ExpressionPointer object, index; };
struct SliceExpression { ExpressionPointer object, start, stop, step; };  // the last three may be absent
struct CallExpression { std::string function; std::vector<Argument> arguments; };
struct MethodExpression { ExpressionPointer object; std::string name; std::vector<Argument> arguments; };
struct FilterExpression { ExpressionPointer object; Builtin filter; std::vector<Argument> arguments; };
struct TestExpression { ExpressionPointer object; Builtin test; std::vector<Argument> arguments; };
struct UnaryExpression { UnaryOperator op; ExpressionPointer operand; };
struct BinaryExpression { BinaryOperator op; ExpressionPointer left, right; };
struct CompareExpression { ExpressionPointer first; std::vector<std::pair<CompareOperator, ExpressionPointer>> rest; };
struct ConditionalExpression { ExpressionPointer condition, then, otherwise; };  // otherwise may be absent
// clang-format on

struct Expression {
  int line;
  int height;  // 1 + that of the tallest child
  std::variant<LiteralExpression, NameExpression, ListExpression, DictExpression, AttributeExpression,
               SubscriptExpression, SliceExpression, CallExpression, MethodExpression, FilterExpression, TestExpression,
               UnaryExpression, BinaryExpression, CompareExpression, ConditionalExpression>
      node;
};

struct Statement;
using Block = std::vector<std::unique_ptr<Statement>>;

/// What `set` and `for` assign to: names, or one attribute of a namespace.
struct Target {
  std::vector<std::string> names;  // several: the value is taken apart
  std::string attribute;           // of the only name; empty: none
  bool unpack = false;
};

// clang-format off
struct TextStatement { std::string text; };
struct OutputStatement { ExpressionPointer value; };
struct IfStatement { std::vector<std::pair<ExpressionPointer, Block>> branches; Block otherwise; };
// The condition may be absent.
struct ForStatement { Target target; ExpressionPointer iterable, condition; Block body, otherwise; };
struct SetStatement { Target target; ExpressionPointer value; };
struct SetBlockStatement { Target target; Block body; };
struct MacroStatement { std::string name; std::vector<Argument> parameters; Block body; };  // values: defaults, or none
struct ScopeStatement { Block body; };
struct BreakStatement {};
struct ContinueStatement {};
// clang-format on

struct Statement {
  int line;
  std::variant<TextStatement, OutputStatement, IfStatement, ForStatement, SetStatement, SetBlockStatement,
               MacroStatement, ScopeStatement, BreakStatement, ContinueStatement>
      node;
};

struct Template {
  Block body;
};

}  // namespace candor::jinja
