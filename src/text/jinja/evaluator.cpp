#include "text/jinja/evaluator.h"

#include <algorithm>

#include "text/jinja/operations.h"
#include "text/jinja/value_text.h"

namespace candor::jinja {
namespace {

constexpr int kMaxDepth = 400;  // of statements, expressions and macro calls under way at once

enum class Flow { next, break_loop, continue_loop };

using Scope = std::vector<std::pair<std::string_view, Value>>;

class Evaluator {
 public:
  Evaluator(const Variables& variables, std::string date) : variables_(variables), runtime_{budget_, std::move(date)} {}

  std::string run(const Template& source) {
    run_block(source.body);
    return std::move(out_);
  }

 private:
  /// Counts what is under way.
  struct Depth {
    Depth(int& depth, int line) : depth(depth) {
      if (++depth > kMaxDepth) {
        --depth;
        fail(line, "the template nests or calls macros deeper than " + std::to_string(kMaxDepth) + " levels");
      }
    }
    ~Depth() { --depth; }
    int& depth;
  };

  /// A scope that ends with the block.
  struct Scoped {
    explicit Scoped(std::vector<Scope>& scopes) : scopes(scopes) { scopes.emplace_back(); }
    ~Scoped() { scopes.pop_back(); }
    std::vector<Scope>& scopes;
  };

  Flow run_block(const Block& block) {
    for (const std::unique_ptr<Statement>& statement : block) {
      const Depth depth(depth_, statement->line);
      budget_.spend(1);
      const Flow flow = std::visit([&](const auto& node) { return run(node, statement->line); }, statement->node);
      if (flow != Flow::next) return flow;
    }
    return Flow::next;
  }

  Flow run(const TextStatement& s, int line) { return print(s.text, line); }
  Flow run(const OutputStatement& s, int line) { return print(to_text(evaluate(s.value), budget_), line); }
  Flow run(const BreakStatement&, int) { return Flow::break_loop; }
  Flow run(const ContinueStatement&, int) { return Flow::continue_loop; }

  Flow print(std::string_view text, int line) {
    budget_.spend(text.size() / 64);
    if (out_.size() + text.size() > kMaxTextBytes)
      fail(line, "the output grows past " + std::to_string(kMaxTextBytes) + " bytes");
    out_ += text;
    return Flow::next;
  }

  Flow run(const IfStatement& s, int) {
    for (const auto& [condition, body] : s.branches) {
      if (truthy(evaluate(condition))) return run_block(body);
    }
    return run_block(s.otherwise);
  }

  Flow run(const ForStatement& s, int line) {
    const auto loop = std::make_shared<LoopState>();
    for (Value& item : iterate(evaluate(s.iterable), line, budget_)) {
      if (s.condition) {
        const Scoped scope(scopes_);
        assign(s.target, item, line);
        if (!truthy(evaluate(s.condition))) continue;
      }
      loop->items.push_back(std::move(item));
    }
    if (loop->items.empty()) return run_block(s.otherwise);
    for (loop->index = 0; loop->index < loop->items.size(); ++loop->index) {
      budget_.spend(1);
      const Scoped scope(scopes_);
      scopes_.back().emplace_back("loop", Value(loop));
      assign(s.target, loop->items[loop->index], line);
      if (run_block(s.body) == Flow::break_loop) break;
    }
    return Flow::next;
  }

  Flow run(const SetStatement& s, int line) {
    assign(s.target, evaluate(s.value), line);
    return Flow::next;
  }

  Flow run(const SetBlockStatement& s, int line) {
    auto [text, flow] = capture(s.body);
    assign(s.target, Value(std::move(text)), line);
    return flow;
  }

  Flow run(const ScopeStatement& s, int) {
    const Scoped scope(scopes_);
    return run_block(s.body);
  }

  Flow run(const MacroStatement& s, int) {
    set_name(s.name, Value(Callable{&s, {}}));
    return Flow::next;
  }

  /// What a block prints, in a scope of its own.
  std::pair<std::string, Flow> capture(const Block& block) {
    std::string outer = std::exchange(out_, {});
    const Scoped scope(scopes_);
    const Flow flow = run_block(block);
    return {std::exchange(out_, std::move(outer)), flow};
  }

  void assign(const Target& target, const Value& value, int line) {
    if (!target.attribute.empty()) return set_attribute(target, value, line);
    if (!target.unpack) return set_name(target.names[0], value);
    const std::vector<Value> items = iterate(value, line, budget_);
    if (items.size() != target.names.size()) {
      fail(line, "cannot take " + std::to_string(items.size()) + " values apart into " +
                     std::to_string(target.names.size()) + " names");
    }
    for (std::size_t i = 0; i < items.size(); ++i) set_name(target.names[i], items[i]);
  }

  void set_name(std::string_view name, Value value) {
    budget_.spend(scopes_.back().size() / 8);
    for (auto& [known, current] : scopes_.back()) {
      if (known == name) {
        current = std::move(value);
        return;
      }
    }
    scopes_.back().emplace_back(name, std::move(value));
  }

  void set_attribute(const Target& target, const Value& value, int line) {
    const Value object = find_name(target.names[0]);
    const NamespacePointer* names = object.get<NamespacePointer>();
    if (names == nullptr)
      fail(line, "cannot set ." + target.attribute + " of " + target.names[0] + ", which is no namespace");
    if (value.is<NamespacePointer>() || value.is<LoopPointer>()) {
      fail(line, "a " + std::string(value.type_name()) + " cannot be an attribute of a namespace");
    }
    budget_.spend((*names)->items.size() / 8);
    for (auto& [key, current] : (*names)->items) {
      if (key == target.attribute) {
        current = value;
        return;
      }
    }
    (*names)->items.emplace_back(target.attribute, value);
  }

  Value find_name(std::string_view name) {
    for (std::size_t i = scopes_.size(); i-- > first_scope_;) {
      if (const Value* value = find_in(scopes_[i], name)) return *value;
    }
    if (first_scope_ > 0) {  // inside a macro: its own scopes, then those of the template
      if (const Value* value = find_in(scopes_[0], name)) return *value;
    }
    for (const auto& [known, value] : variables_) {
      if (known == name) return value;
    }
    if (is_function(name)) return Callable{nullptr, name};
    return Undefined{std::string(name)};
  }

  const Value* find_in(const Scope& scope, std::string_view name) {
    budget_.spend(1 + scope.size() / 8);
    for (const auto& [known, value] : scope) {
      if (known == name) return &value;
    }
    return nullptr;
  }

  Value evaluate(const ExpressionPointer& expression) {
    const Depth depth(depth_, expression->line);
    budget_.spend(1);
    return std::visit([&](const auto& node) { return evaluate(node, expression->line); }, expression->node);
  }

  Value evaluate_or_none(const ExpressionPointer& expression) {
    return expression ? evaluate(expression) : Value(None{});
  }

  Value evaluate(const LiteralExpression& e, int) { return e.value; }
  Value evaluate(const NameExpression& e, int) { return find_name(e.name); }
  Value evaluate(const AttributeExpression& e, int line) {
    return get_attribute(evaluate(e.object), e.name, line, budget_);
  }
  Value evaluate(const UnaryExpression& e, int line) { return apply_unary(e.op, evaluate(e.operand), line); }

  Value evaluate(const ListExpression& e, int) {
    std::vector<Value> items;
    for (const ExpressionPointer& item : e.items) items.push_back(evaluate(item));
    return Value::list(std::move(items), e.tuple);
  }

  Value evaluate(const DictExpression& e, int line) {
    std::vector<std::pair<std::string, Value>> items;
    for (const auto& [key, value] : e.items) {
      const Value name = evaluate(key);
      if (!name.is_text())
        fail(line, "the key of a dict is a " + std::string(name.type_name()) + ", only str is supported");
      items.emplace_back(name.text(), evaluate(value));
    }
    return Value::dict(std::move(items));
  }

  Value evaluate(const SubscriptExpression& e, int line) {
    const Value object = evaluate(e.object);
    return get_item(object, evaluate(e.index), line, budget_);
  }

  Value evaluate(const SliceExpression& e, int line) {
    const Value object = evaluate(e.object), start = evaluate_or_none(e.start), stop = evaluate_or_none(e.stop);
    return get_slice(object, start, stop, evaluate_or_none(e.step), line, budget_);
  }

  Value evaluate(const BinaryExpression& e, int line) {
    Value left = evaluate(e.left);
    if (e.op == BinaryOperator::logical_and) return truthy(left) ? evaluate(e.right) : left;
    if (e.op == BinaryOperator::logical_or) return truthy(left) ? left : evaluate(e.right);
    return apply_binary(e.op, left, evaluate(e.right), line, budget_);
  }

  Value evaluate(const CompareExpression& e, int line) {
    Value left = evaluate(e.first);
    for (const auto& [op, expression] : e.rest) {
      Value right = evaluate(expression);
      if (!apply_compare(op, left, right, line, budget_)) return false;
      left = std::move(right);
    }
    return true;
  }

  Value evaluate(const ConditionalExpression& e, int) {
    if (truthy(evaluate(e.condition))) return evaluate(e.then);
    return e.otherwise ? evaluate(e.otherwise) : Value(Undefined{"the else of an if expression"});
  }

  Arguments evaluate_arguments(const std::vector<Argument>& arguments, std::string_view callee, int line) {
    Arguments out;
    out.callee = callee;
    out.line = line;
    for (const Argument& argument : arguments) {
      if (argument.name.empty()) {
        out.positional.push_back(evaluate(argument.value));
      } else {
        out.named.emplace_back(argument.name, evaluate(argument.value));
      }
    }
    return out;
  }

  Value evaluate(const FilterExpression& e, int line) {
    const Value object = evaluate(e.object);
    return e.filter(runtime_, object, evaluate_arguments(e.arguments, "the filter", line));
  }

  Value evaluate(const TestExpression& e, int line) {
    const Value object = evaluate(e.object);
    return e.test(runtime_, object, evaluate_arguments(e.arguments, "the test", line));
  }

  Value evaluate(const MethodExpression& e, int line) {
    const Value object = evaluate(e.object);
    return call_method(runtime_, object, e.name, evaluate_arguments(e.arguments, e.name, line));
  }

  Value evaluate(const CallExpression& e, int line) {
    const Value callee = find_name(e.function);
    const Callable* callable = callee.get<Callable>();
    if (callable == nullptr) fail(line, e.function + " is no function or macro here");
    const Arguments arguments = evaluate_arguments(e.arguments, e.function, line);
    return callable->macro ? call_macro(*callable->macro, arguments)
                           : call_function(runtime_, callable->function, arguments);
  }

  Value call_macro(const MacroStatement& macro, const Arguments& arguments) {
    if (arguments.positional.size() > macro.parameters.size()) {
      fail(arguments.line, "the macro " + macro.name + " takes " + std::to_string(macro.parameters.size()) +
                               " arguments, not " + std::to_string(arguments.positional.size()));
    }
    Scope parameters;
    for (std::size_t i = 0; i < arguments.positional.size(); ++i)
      parameters.emplace_back(macro.parameters[i].name, arguments.positional[i]);
    for (const auto& argument : arguments.named) {
      const std::string& name = argument.first;
      const auto known = std::find_if(macro.parameters.begin(), macro.parameters.end(),
                                      [&name](const Argument& p) { return p.name == name; });
      if (known == macro.parameters.end()) {
        fail(arguments.line, "the macro " + macro.name + " has no parameter " + name);
      }
      if (find_in(parameters, name)) fail(arguments.line, "the macro " + macro.name + " is given " + name + " twice");
      parameters.emplace_back(known->name, argument.second);
    }
    return run_macro(macro, std::move(parameters));
  }

  /// Inside a macro the names of the caller are out of sight; those of the template are not.
  Value run_macro(const MacroStatement& macro, Scope parameters) {
    const std::size_t outer = first_scope_;
    scopes_.push_back(std::move(parameters));
    first_scope_ = scopes_.size() - 1;
    for (const Argument& parameter : macro.parameters) {
      if (find_in(scopes_.back(), parameter.name)) continue;
      Value value = parameter.value ? evaluate(parameter.value) : Value(Undefined{parameter.name});
      scopes_.back().emplace_back(parameter.name, std::move(value));
    }
    std::string text = capture(macro.body).first;
    scopes_.pop_back();
    first_scope_ = outer;
    return text;
  }

  const Variables& variables_;
  Budget budget_;
  Runtime runtime_;
  std::vector<Scope> scopes_{Scope{}};
  std::size_t first_scope_ = 0;
  std::string out_;
  int depth_ = 0;
};

}  // namespace

std::string render_template(const Template& source, const Variables& variables, const std::string& date) {
  return Evaluator(variables, date).run(source);
}

}  // namespace candor::jinja
