"""Checks a JSON value against the subset of JSON Schema 2020-12 that docs/schema/ uses. A keyword outside the subset
is an error, so that no rule of a schema is ever skipped."""

import re

TYPES = {"object": dict, "array": list, "string": str, "null": type(None), "boolean": bool}
IGNORED = {"$schema", "$id", "$defs", "title", "description"}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


class Checker:
    def __init__(self, schema):
        self.root = schema
        self.rules = {name[5:]: getattr(self, name) for name in dir(self) if name.startswith("rule_")}

    def check(self, value, schema=None, where="$"):
        """Yields one line for each violation."""
        schema = self.root if schema is None else schema
        for keyword, argument in schema.items():
            if keyword in IGNORED:
                continue
            name = keyword.strip("$")
            if name not in self.rules:
                raise ValueError(f"schema keyword {keyword} is not known here")
            yield from self.rules[name](value, argument, schema, where)

    def rule_ref(self, value, argument, schema, where):
        target = self.root
        for part in argument.removeprefix("#/").split("/"):
            target = target[part]
        yield from self.check(value, target, where)

    def rule_anyOf(self, value, argument, schema, where):
        if all(list(self.check(value, choice, where)) for choice in argument):
            yield f"{where}: {value!r} is none of what it may be"

    def rule_type(self, value, argument, schema, where):
        names = [argument] if isinstance(argument, str) else argument
        if not any(is_type(value, name) for name in names):
            yield f"{where}: {value!r} is not {' or '.join(names)}"

    def rule_const(self, value, argument, schema, where):
        if value != argument:
            yield f"{where}: {value!r} is not {argument!r}"

    def rule_enum(self, value, argument, schema, where):
        if value not in argument:
            yield f"{where}: {value!r} is not one of {argument}"

    def rule_pattern(self, value, argument, schema, where):
        if isinstance(value, str) and not re.search(argument, value):
            yield f"{where}: {value!r} does not match {argument}"

    def rule_minLength(self, value, argument, schema, where):
        if isinstance(value, str) and len(value) < argument:
            yield f"{where}: shorter than {argument}"

    def rule_minimum(self, value, argument, schema, where):
        if is_type(value, "number") and value < argument:
            yield f"{where}: {value} is less than {argument}"

    def rule_exclusiveMinimum(self, value, argument, schema, where):
        if is_type(value, "number") and value <= argument:
            yield f"{where}: {value} is not more than {argument}"

    def rule_required(self, value, argument, schema, where):
        if isinstance(value, dict):
            for name in argument:
                if name not in value:
                    yield f"{where}: no {name}"

    def rule_properties(self, value, argument, schema, where):
        if isinstance(value, dict):
            for name, rule in argument.items():
                if name in value:
                    yield from self.check(value[name], rule, f"{where}.{name}")

    def rule_additionalProperties(self, value, argument, schema, where):
        if not isinstance(value, dict):
            return
        for name in value.keys() - schema.get("properties", {}).keys():
            if argument is False:
                yield f"{where}: unexpected {name}"
            else:
                yield from self.check(value[name], argument, f"{where}.{name}")

    def rule_propertyNames(self, value, argument, schema, where):
        if isinstance(value, dict):
            for name in value:
                yield from self.check(name, argument, f"{where} (name)")

    def rule_items(self, value, argument, schema, where):
        if isinstance(value, list):
            for i, item in enumerate(value):
                yield from self.check(item, argument, f"{where}[{i}]")


def violations(value, schema):
    return list(Checker(schema).check(value))
