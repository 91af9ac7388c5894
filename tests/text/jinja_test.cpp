// Templates against what Python's jinja2 makes of them, and the limits that no template may pass.
#include <gmock/gmock.h>

#include <set>
#include <sstream>

#include "candor/error.h"
#include "tests/text/fixtures.h"
#include "text/jinja/builtins.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/parser.h"

namespace candor::test {
namespace {

using json = nlohmann::ordered_json;  // dicts keep their order
using testing::HasSubstr;

const json& table() {
  static const json parsed = [] {
    std::ifstream in(std::string(CANDOR_SOURCE_DIR) + "/tests/text/fixtures/jinja.json");
    return json::parse(in);
  }();
  return parsed;
}

jinja::Value to_value(const json& j) {
  if (j.is_null()) return jinja::None{};
  if (j.is_boolean()) return j.get<bool>();
  if (j.is_number_integer()) return j.get<std::int64_t>();
  if (j.is_number()) return j.get<double>();
  if (j.is_string()) return j.get<std::string>();
  std::vector<jinja::Value> items;
  std::vector<std::pair<std::string, jinja::Value>> members;
  for (const auto& [key, value] : j.items()) {
    if (j.is_array()) {
      items.push_back(to_value(value));
    } else {
      members.emplace_back(key, to_value(value));
    }
  }
  return j.is_array() ? jinja::Value::list(std::move(items)) : jinja::Value::dict(std::move(members));
}

std::string render(const std::string& source) {
  static const jinja::Variables variables = [] {
    jinja::Variables out;
    for (const auto& [name, value] : table()["variables"].items()) out.emplace_back(name, to_value(value));
    return out;
  }();
  return jinja::render_template(jinja::parse_template(source), variables, "2024-07-26 15:04:09");
}

TEST(Jinja, SmallTemplates) {
  for (const json& test : table()["cases"]) {
    const std::string source = test["source"];
    if (test["text"].is_null()) {
      EXPECT_THROW(render(source), Error) << source;
      continue;
    }
    try {
      EXPECT_EQ(render(source), test["text"].get<std::string>()) << source;
    } catch (const Error& error) {
      ADD_FAILURE() << source << "\n  " << error.what();
    }
  }
}

TEST(Jinja, OutsideTheSubsetIsRefusedByNameAndLine) {
  for (const json& test : table()["refused"]) {
    const std::string source = test["source"], names = test["names"];
    EXPECT_THAT(message_of<FormatError>([&] { jinja::parse_template(source); }), HasSubstr(names)) << source;
  }
}

/// The names in backquotes on the lines of docs/chat-templates.md that start with "| <row>".
std::set<std::string> documented(const std::string& row) {
  std::ifstream in(std::string(CANDOR_SOURCE_DIR) + "/docs/chat-templates.md");
  std::set<std::string> names;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| " + row)) continue;
    std::string spaced;
    for (const char c : line) spaced += c == '`' || c == '|' || c == ';' ? ' ' : c;
    std::istringstream words(spaced);
    for (std::string word; words >> word;) names.insert(word);
  }
  EXPECT_FALSE(names.empty()) << row;
  return names;
}

TEST(Jinja, TheDocumentListsExactlyTheSubset) {
  const std::set<std::string> filters = documented("filters"), tests = documented("tests"),
                              methods = documented("methods");
  for (const std::string name : table()["names"]["filters"]) {
    EXPECT_EQ(jinja::find_filter(name) != nullptr, filters.contains(name)) << name;
  }
  for (const std::string name : table()["names"]["tests"]) {
    EXPECT_EQ(jinja::find_test(name) != nullptr, tests.contains(name)) << name;
  }
  for (const std::string name : table()["names"]["methods"]) {
    EXPECT_EQ(jinja::is_method(name), methods.contains(name)) << name;
  }
}

TEST(Jinja, ErrorsNameTheLine) {
  EXPECT_EQ(message_of<ValueError>([] { render("a\n\n{{ raise_exception('No ' ~ n) }}"); }), "template, line 3: No 7");
  EXPECT_EQ(message_of<ValueError>([] { render("{% if t %}\n{{ nobody.name }}{% endif %}"); }),
            "template, line 2: cannot read .name of \"nobody\", which is undefined");
  EXPECT_EQ(message_of<FormatError>([] { render("\n{% if t %}\n"); }),
            "template, line 2: the block that starts here lacks its \"endif\"");
}

TEST(Jinja, WhatPythonDoesAndCandorDoesNot) {
  EXPECT_THAT(message_of<ValueError>([] { render("{{ '%s' % 1 }}"); }), HasSubstr("formatting a str with %"));
  EXPECT_THAT(message_of<ValueError>([] { render("{{ 9223372036854775807 + 1 }}"); }), HasSubstr("past 64 bits"));
  EXPECT_THAT(message_of<ValueError>([] { render("{{ -9223372036854775807 - 2 }}"); }), HasSubstr("past 64 bits"));
  EXPECT_THAT(message_of<ValueError>([] { render("{{ 10 ** 30 }}"); }), HasSubstr("past 64 bits"));
  EXPECT_THAT(message_of<ValueError>([] { render("{{ (-9223372036854775807 - 1) // -1 }}"); }),
              HasSubstr("past 64 bits"));
  EXPECT_EQ(render("{{ (-9223372036854775807 - 1) % -1 }}"), "0");
  EXPECT_THAT(message_of<ValueError>([] { render("{{ {1: 2} }}"); }), HasSubstr("key of a dict is a int"));
  EXPECT_THAT(message_of<ValueError>([] { render("{{ strftime_now('%Q') }}"); }), HasSubstr("directive %Q"));
  EXPECT_THAT(message_of<ValueError>([] { render("{{ strftime_now('x%') }}"); }), HasSubstr("ends with %"));
  EXPECT_THAT(message_of<ValueError>([] { render("{{ namespace(_x=1) }}"); }), HasSubstr("underscore"));
  EXPECT_THAT(message_of<ValueError>([] { render("{{ [namespace()] }}"); }), HasSubstr("cannot be an element"));
  EXPECT_THAT(message_of<ValueError>([] { render("{{ d.items }}"); }), HasSubstr("used without being called"));
}

TEST(Jinja, DeepNestingIsAnErrorNotACrash) {
  const auto repeat = [](const std::string& text, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += text;
    return out;
  };
  const int many = 100000;
  for (const std::string& source :
       {"{{ " + repeat("(", many) + "1" + repeat(")", many) + " }}", "{{ " + repeat("[", many) + " }}",
        "{{ " + repeat("-", many) + "1 }}", "{{ " + repeat("not ", many) + "1 }}",
        "{{ 1" + repeat(" + 1", many) + " }}", "{{ s" + repeat(".a", many) + " }}",
        "{{ s" + repeat("|trim", many) + " }}", "{{ " + repeat("1 if 1 else ", many) + "1 }}",
        "{{ s" + repeat("[0]", many) + " }}", repeat("{% if t %}", many) + repeat("{% endif %}", many),
        "{{ " + repeat("{'a':", many) + " }}", "{{ 1" + repeat(" and 1", many) + " }}"}) {
    EXPECT_THROW(render(source), FormatError) << source.substr(0, 30);
  }
  // Nesting that only shows when it runs.
  EXPECT_THAT(message_of<ValueError>([] { render("{% macro m(x) %}{{ m([x]) }}{% endmacro %}{{ m(1) }}"); }),
              HasSubstr("deeper than"));
  EXPECT_THAT(message_of<ValueError>([] {
                render("{% set ns = namespace(x=1) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}");
              }),
              HasSubstr("nests deeper than 64"));
}

TEST(Jinja, EveryTemplateEnds) {
  const std::string loop = "{% for a in range(100000) %}{% for b in range(100000) %}";
  EXPECT_THAT(message_of<ValueError>([&] { render(loop + "{% endfor %}{% endfor %}"); }), HasSubstr("more steps"));
  EXPECT_THAT(message_of<ValueError>([&] { render(loop + "xxxxxxxxxxxxxxxx{% endfor %}{% endfor %}"); }),
              HasSubstr("16777216 bytes"));
  EXPECT_THAT(message_of<ValueError>([] { render("{{ 'x' * 100000000 }}"); }), HasSubstr("16777216 bytes"));
  EXPECT_THAT(
      message_of<ValueError>([] {
        render("{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}");
      }),
      HasSubstr("16777216 bytes"));
  // Sixty lists that each hold the one before twice: 2^60 elements when printed or compared.
  const std::string bomb =
      "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}";
  EXPECT_THROW(render(bomb + "{{ ns.x }}"), ValueError);
  EXPECT_THROW(render(bomb + "{{ ns.x | tojson }}"), ValueError);
  EXPECT_THROW(render(bomb + "{{ ns.x == ns.x }}"), ValueError);
  EXPECT_THROW(render("{% set ns = namespace(x='x' * 10000000) %}{% for i in range(100000) %}{{ (ns.x ~ i) | length "
                      "}}{% endfor %}"),
               ValueError);
}

TEST(Jinja, HostileSources) {
  EXPECT_THAT(message_of<FormatError>([] { render("a\xff"); }), HasSubstr("not UTF-8, the byte at offset 1"));
  EXPECT_THAT(message_of<FormatError>([] { render(std::string(2 << 20, 'x')); }), HasSubstr("at most 1048576"));
  EXPECT_EQ(render(std::string("a\0b", 3)), std::string("a\0b", 3));
  EXPECT_THROW(render(std::string("{{ \0 }}", 7)), FormatError);
}

}  // namespace
}  // namespace candor::test
