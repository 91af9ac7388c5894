"""Writes fixtures/chat_templates.json and fixtures/jinja.json: what Python's jinja2, set up as transformers does, makes of every
template. Usage: python tests/text/make_template_fixtures.py"""
import datetime
import json
import os

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

import chat_templates
import jinja_cases

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
DATE = datetime.datetime(2024, 7, 26, 15, 4, 9)


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = DATE.strftime
    return env


def render(env, source, variables):
    """The text, or None for an error."""
    try:
        return env.from_string(source).render(**variables)
    except Exception as error:  # whatever Python raises, Candor must raise too
        return None


def chat_cases(env):
    out = []
    for name, source in chat_templates.TEMPLATES.items():
        for messages in chat_templates.CONVERSATIONS:
            for prompt in (True, False):
                text = render(env, source, dict(messages=messages, tools=None, documents=None, add_generation_prompt=prompt,
                                                bos_token="<s>", eos_token="</s>"))
                out.append({"template": name, "messages": messages, "prompt": prompt, "text": text})
    return out


def small_cases(env):
    sources = ["{{ %s }}" % e.strip() for lines in (jinja_cases.EXPRESSIONS, jinja_cases.ERRORS) for line in lines.split("\n")
               for e in line.split("; ")]
    return [{"source": s, "text": render(env, s, jinja_cases.V)} for s in sources + jinja_cases.TEMPLATES]


def all_names(env):
    """Every filter, test and method that Jinja and Python have: the document says which of them Candor has."""
    methods = sorted({m for kind in (str, dict, list) for m in dir(kind) if not m.startswith("_")} | {"cycle", "changed"})
    return {"filters": sorted(env.filters), "tests": sorted(t for t in env.tests if t.isidentifier()), "methods": methods}


def dump(name, head, cases):
    with open(os.path.join(HERE, name), "w") as out:
        out.write("{%s,\n\"cases\": [\n%s\n]}\n" % (json.dumps(head)[1:-1], ",\n".join(json.dumps(c) for c in cases)))


def main():
    env = environment()
    dump("chat_templates.json", {"templates": chat_templates.TEMPLATES}, chat_cases(env))
    refused = [{"source": s, "names": n} for s, n in jinja_cases.REFUSED]
    cases = small_cases(env)
    dump("jinja.json", {"variables": jinja_cases.V, "refused": refused, "names": all_names(env)}, cases)
    print(len(cases), "small cases,", sum(c["text"] is None for c in cases), "of them errors")


if __name__ == "__main__":
    main()
