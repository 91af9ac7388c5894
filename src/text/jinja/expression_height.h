// Makes expressions that know how tall their tree is, so that no walk over one can overflow the stack.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/lexer.h"

namespace candor::jinja {

inline constexpr int kMaxExpressionHeight = 200;  // of the tree: a chain of operators nests to the left

inline int height(const ExpressionPointer& e) { return e ? e->height : 0; }

template <class... More>
inline int height(const ExpressionPointer& first, const More&... more) {
  return std::max(height(first), height(more...));
}

inline int height(const Argument& argument) { return height(argument.value); }

template <class A>
inline int height(const std::pair<A, ExpressionPointer>& entry) {
  if constexpr (std::is_same_v<A, ExpressionPointer>) return height(entry.first, entry.second);
  return height(entry.second);
}

template <class T>
inline int height(const std::vector<T>& children) {
  int tallest = 0;
  for (const T& child : children) tallest = std::max(tallest, height(child));
  return tallest;
}

inline int children_height(const LiteralExpression&) { return 0; }
inline int children_height(const NameExpression&) { return 0; }
inline int children_height(const ListExpression& e) { return height(e.items); }
inline int children_height(const DictExpression& e) { return height(e.items); }
inline int children_height(const AttributeExpression& e) { return height(e.object); }
inline int children_height(const SubscriptExpression& e) { return height(e.object, e.index); }
inline int children_height(const SliceExpression& e) { return height(e.object, e.start, e.stop, e.step); }
inline int children_height(const CallExpression& e) { return height(e.arguments); }
inline int children_height(const MethodExpression& e) { return std::max(height(e.object), height(e.arguments)); }
inline int children_height(const FilterExpression& e) { return std::max(height(e.object), height(e.arguments)); }
inline int children_height(const TestExpression& e) { return std::max(height(e.object), height(e.arguments)); }
inline int children_height(const UnaryExpression& e) { return height(e.operand); }
inline int children_height(const BinaryExpression& e) { return height(e.left, e.right); }
inline int children_height(const CompareExpression& e) { return std::max(height(e.first), height(e.rest)); }
inline int children_height(const ConditionalExpression& e) { return height(e.condition, e.then, e.otherwise); }

/// errors   FormatError: too tall
template <class Node>
ExpressionPointer make_expression(int line, Node node) {
  const int tall = 1 + children_height(node);
  if (tall > kMaxExpressionHeight) {
    refuse(line, "an expression nests or chains more than " + std::to_string(kMaxExpressionHeight) + " operations");
  }
  return std::make_unique<Expression>(Expression{line, tall, std::move(node)});
}

}  // namespace candor::jinja
