#include "text/jinja/parser.h"

#include <algorithm>
#include <functional>
#include <set>

#include "text/jinja/expression_parser.h"

namespace candor::jinja {
namespace {

constexpr int kMaxBlockDepth = 50;

template <class Node>
std::unique_ptr<Statement> make(int line, Node node) {
  return std::make_unique<Statement>(Statement{line, std::move(node)});
}

class Parser {
 public:
  explicit Parser(std::string_view source) : tokens_(tokenize(source)), expressions_(tokens_) {}

  Template run() {
    Template out{parse_block({})};
    for (const auto& [name, line] : expressions_.called_names()) {
      if (!macros_.contains(name))
        refuse(line, "the function " + name + "() is not supported, and no macro has that name");
    }
    return out;
  }

 private:
  using EndNames = std::vector<std::string_view>;

  /// Statements up to a block that starts with one of `ends`, whose name is left to be read.
  Block parse_block(const EndNames& ends) {
    if (++depth_ > kMaxBlockDepth)
      refuse(tokens_.line(), "blocks nest deeper than " + std::to_string(kMaxBlockDepth) + " levels");
    Block out;
    const int line = tokens_.line();
    while (!tokens_.at_kind(TokenKind::end)) {
      if (tokens_.at_kind(TokenKind::block_begin)) {
        tokens_.take();
        const bool ended =
            std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return tokens_.at_name(end); });
        if (ended) {
          --depth_;
          return out;
        }
        out.push_back(parse_statement());
        tokens_.expect(TokenKind::block_end);
      } else {
        out.push_back(parse_output());
      }
    }
    if (!ends.empty()) refuse(line, "the block that starts here lacks its \"" + std::string(ends.back()) + "\"");
    --depth_;
    return out;
  }

  std::unique_ptr<Statement> parse_output() {
    const int line = tokens_.line();
    if (tokens_.at_kind(TokenKind::data)) return make(line, TextStatement{tokens_.take().text});
    tokens_.expect(TokenKind::variable_begin);
    ExpressionPointer value = expressions_.parse_tuple();
    tokens_.expect(TokenKind::variable_end);
    return make(line, OutputStatement{std::move(value)});
  }

  std::unique_ptr<Statement> parse_statement() {
    const int line = tokens_.line();
    const std::string name = tokens_.take_name("the name of a statement");
    if (name == "if") return parse_if(line);
    if (name == "for") return parse_for(line);
    if (name == "set") return parse_set(line);
    if (name == "macro") return parse_macro(line);
    if (name == "generation") return make(line, ScopeStatement{parse_body({"endgeneration"})});
    if (name == "break" || name == "continue") {
      if (loops_ == 0) refuse(line, name + " outside a loop");
      return name == "break" ? make(line, BreakStatement{}) : make(line, ContinueStatement{});
    }
    refuse(line, "the statement \"" + name + "\" is not supported");
  }

  /// The rest of the opening block, the statements after it, and the name of the block that ends them.
  Block parse_body(const EndNames& ends) {
    tokens_.expect(TokenKind::block_end);
    Block body = parse_block(ends);
    end_name_ = tokens_.take_name("the end of a block");
    return body;
  }

  std::unique_ptr<Statement> parse_if(int line) {
    IfStatement out;
    do {
      ExpressionPointer condition = expressions_.parse_tuple_or();
      Block body = parse_body({"elif", "else", "endif"});
      out.branches.emplace_back(std::move(condition), std::move(body));
    } while (end_name_ == "elif");
    if (end_name_ == "else") out.otherwise = parse_body({"endif"});
    return make(line, std::move(out));
  }

  std::unique_ptr<Statement> parse_for(int line) {
    ForStatement out;
    out.target = parse_target();
    if (!out.target.attribute.empty()) refuse(line, "a loop cannot assign to an attribute");
    tokens_.expect_name("in");
    out.iterable = expressions_.parse_tuple_or();
    if (tokens_.skip_name("if")) out.condition = expressions_.parse();
    if (tokens_.at_name("recursive")) refuse(line, "recursive loops are not supported");
    ++loops_;
    out.body = parse_body({"else", "endfor"});
    --loops_;
    if (end_name_ == "else") out.otherwise = parse_body({"endfor"});
    return make(line, std::move(out));
  }

  std::unique_ptr<Statement> parse_set(int line) {
    Target target = parse_target();
    if (tokens_.skip_symbol("=")) {
      ExpressionPointer value = expressions_.parse_tuple();
      return make(line, SetStatement{std::move(target), std::move(value)});
    }
    if (tokens_.at_symbol("|")) refuse(line, "filters on a set block are not supported");
    if (target.unpack) refuse(line, "a set block assigns to one name");
    return make(line, SetBlockStatement{std::move(target), parse_body({"endset"})});
  }

  std::unique_ptr<Statement> parse_macro(int line) {
    if (loops_ > 0 || in_macro_) refuse(line, "a macro inside a loop or another macro is not supported");
    MacroStatement out;
    out.name = tokens_.take_name("the name of the macro");
    macros_.insert(out.name);
    tokens_.expect_symbol("(");
    while (!tokens_.at_symbol(")")) {
      if (!out.parameters.empty()) tokens_.expect_symbol(",");
      if (tokens_.at_symbol(")")) break;
      Argument parameter{tokens_.take_name("the name of a parameter"), nullptr};
      if (tokens_.skip_symbol("=")) {
        parameter.value = expressions_.parse();
      } else if (!out.parameters.empty() && out.parameters.back().value) {
        refuse(line, "the parameter " + parameter.name + " lacks a default, but follows one with a default");
      }
      out.parameters.push_back(std::move(parameter));
    }
    tokens_.expect_symbol(")");
    in_macro_ = true;
    out.body = parse_body({"endmacro"});
    in_macro_ = false;
    return make(line, std::move(out));
  }

  Target parse_target() {
    Target out;
    const bool parentheses = tokens_.skip_symbol("(");
    out.names.push_back(take_target_name());
    if (!parentheses && tokens_.skip_symbol(".")) {
      out.attribute = tokens_.take_name("the name of an attribute");
      if (out.attribute.starts_with('_'))
        refuse(tokens_.line(), "the attribute " + out.attribute + " starts with an underscore");
      return out;
    }
    while (tokens_.skip_symbol(",")) {
      out.unpack = true;
      if (!tokens_.at_kind(TokenKind::name) || tokens_.at_name("in")) break;
      out.names.push_back(take_target_name());
    }
    if (parentheses) tokens_.expect_symbol(")");
    if (tokens_.at_symbol(".")) refuse(tokens_.line(), "an attribute among several targets is not supported");
    return out;
  }

  std::string take_target_name() {
    const int line = tokens_.line();
    std::string name = tokens_.take_name("a name to assign to");
    for (const std::string_view constant : {"true", "false", "none", "True", "False", "None", "loop"}) {
      if (name == constant) refuse(line, "cannot assign to " + name);
    }
    return name;
  }

  TokenStream tokens_;
  ExpressionParser expressions_;
  std::set<std::string> macros_;
  std::string end_name_;
  int depth_ = 0, loops_ = 0;
  bool in_macro_ = false;
};

}  // namespace

Template parse_template(std::string_view source) { return Parser(source).run(); }

}  // namespace candor::jinja
