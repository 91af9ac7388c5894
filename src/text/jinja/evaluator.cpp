// Runs the statements and macros of a template.
#include "text/jinja/evaluator.h"

#include <algorithm>
#include <utility>

#include "text/jinja/depth.h"
#include "text/jinja/elements.h"
#include "text/jinja/expression_evaluator.h"
#include "text/jinja/scopes.h"
#include "text/jinja/value_text.h"

namespace candor::jinja {
namespace {

enum class Flow { next, break_loop, continue_loop };

class Evaluator {
 public:
  Evaluator(const Variables& variables, std::string date)
      : runtime_{budget_, std::move(date)}, scopes_(variables, budget_) {}

  std::string run(const Template& source) {
    run_block(source.body);
    return std::move(out_);
  }

 private:
  Flow run_block(const Block& block) {
    for (const std::unique_ptr<Statement>& statement : block) {
      const DepthGuard guard(depth_, statement->line);
      budget_.spend(1);
      const Flow flow = std::visit([&](const auto& node) { return run(node, statement->line); }, statement->node);
      if (flow != Flow::next) return flow;
    }
    return Flow::next;
  }

  Flow run(const TextStatement& s, int line) { return print(s.text, line); }
  Flow run(const OutputStatement& s, int line) { return print(to_text(expressions_.evaluate(s.value), budget_), line); }
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
      if (truthy(expressions_.evaluate(condition))) return run_block(body);
    }
    return run_block(s.otherwise);
  }

  Flow run(const ForStatement& s, int line) {
    const auto loop = std::make_shared<LoopState>();
    for (Value& item : iterate(expressions_.evaluate(s.iterable), line, budget_)) {
      if (s.condition) {
        const Scopes::Inner scope(scopes_);
        assign(s.target, item, line);
        if (!truthy(expressions_.evaluate(s.condition))) continue;
      }
      loop->items.push_back(std::move(item));
    }
    if (loop->items.empty()) return run_block(s.otherwise);
    for (loop->index = 0; loop->index < loop->items.size(); ++loop->index) {
      budget_.spend(1);
      const Scopes::Inner scope(scopes_);
      scopes_.add("loop", Value(loop));
      assign(s.target, loop->items[loop->index], line);
      if (run_block(s.body) == Flow::break_loop) break;
    }
    return Flow::next;
  }

  Flow run(const SetStatement& s, int line) {
    assign(s.target, expressions_.evaluate(s.value), line);
    return Flow::next;
  }

  Flow run(const SetBlockStatement& s, int line) {
    auto [text, flow] = capture(s.body);
    assign(s.target, Value(std::move(text)), line);
    return flow;
  }

  Flow run(const ScopeStatement& s, int) {
    const Scopes::Inner scope(scopes_);
    return run_block(s.body);
  }

  Flow run(const MacroStatement& s, int) {
    scopes_.set(s.name, Value(Callable{&s, {}}));
    return Flow::next;
  }

  /// What a block prints, in a scope of its own.
  std::pair<std::string, Flow> capture(const Block& block) {
    std::string outer = std::exchange(out_, {});
    const Scopes::Inner scope(scopes_);
    const Flow flow = run_block(block);
    return {std::exchange(out_, std::move(outer)), flow};
  }

  void assign(const Target& target, const Value& value, int line) {
    if (!target.attribute.empty()) return set_attribute(target, value, line);
    if (!target.unpack) return scopes_.set(target.names[0], value);
    const std::vector<Value> items = iterate(value, line, budget_);
    if (items.size() != target.names.size()) {
      fail(line, "cannot take " + std::to_string(items.size()) + " values apart into " +
                     std::to_string(target.names.size()) + " names");
    }
    for (std::size_t i = 0; i < items.size(); ++i) scopes_.set(target.names[i], items[i]);
  }

  void set_attribute(const Target& target, const Value& value, int line) {
    const Value object = scopes_.find(target.names[0]);
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
      if (find_in(parameters, name, budget_))
        fail(arguments.line, "the macro " + macro.name + " is given " + name + " twice");
      parameters.emplace_back(known->name, argument.second);
    }
    return run_macro(macro, std::move(parameters));
  }

  Value run_macro(const MacroStatement& macro, Scope parameters) {
    const Scopes::OfMacro scope(scopes_, std::move(parameters));
    for (const Argument& parameter : macro.parameters) {
      if (find_in(scopes_.innermost(), parameter.name, budget_)) continue;
      scopes_.add(parameter.name,
                  parameter.value ? expressions_.evaluate(parameter.value) : Value(Undefined{parameter.name}));
    }
    return capture(macro.body).first;
  }

  Budget budget_;
  Runtime runtime_;
  Scopes scopes_;
  int depth_ = 0;
  ExpressionEvaluator expressions_{
      scopes_, runtime_, depth_,
      [this](const MacroStatement& macro, const Arguments& arguments) { return call_macro(macro, arguments); }};
  std::string out_;
};

}  // namespace

std::string render_template(const Template& source, const Variables& variables, const std::string& date) {
  return Evaluator(variables, date).run(source);
}

}  // namespace candor::jinja
