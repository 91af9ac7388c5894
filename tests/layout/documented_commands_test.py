#!/usr/bin/env python3
"""Every command shown in the documents really runs.

In blocks: lines with `candor` run against a tiny model in place of the one that the quickstart makes; Python blocks
run after them in the same folder, each with those before it, and print what the text block behind them says. Scripts must exist and know the options shown; presets, cache variables, labels
and programs must exist; what starts a download or a whole build goes no further. A first word that is not known here
fails. In sentences: the same for scripts, presets and `candor`'s subcommands and options.

usage: documented_commands_test.py CANDOR_PROGRAM TINY_MODEL [ROOT]
"""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.S | re.M)
SPAN = re.compile(r"`([^`\n]+)`")
MODEL = re.compile(r"(?<![\w/])models/[\w.\-]+")
CANDOR = {"candor", "build/release/bin/candor"}
PYTHON = {"python", "python3", ".venv/bin/python"}
DOWNLOADS = {"pip", ".venv/bin/pip", "git"}
LABELS = {"fast", "slow", "long", "peer"}


def simple_commands(line):
    """The words of each simple command of a line, without assignments before them."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words = []
    for word in [*lexer, ";"]:
        if set(word) <= set("&|;"):
            while words and re.match(r"\w+=", words[0]):
                words.pop(0)
            if words:
                yield words
            words = []
        else:
            words.append(word)


class Checker:
    def __init__(self, root, program, model):
        self.root, self.program, self.model, self.helps = root, program, model, {}
        presets = json.loads((root / "CMakePresets.json").read_text())
        self.presets = {kind: {p["name"] for p in presets[f"{kind}Presets"] if not p.get("hidden")}
                        for kind in ("configure", "build", "test")}
        lists = [f for folder in ("cli", "bench", "tests") for f in (root / folder).rglob("CMakeLists.txt")]
        text = "".join(f.read_text() for f in [root / "CMakeLists.txt", *lists])
        self.variables = set(re.findall(r"(?:option\(|set\()(CANDOR_\w+)", text))
        self.programs = set(re.findall(r"(?:add_executable\(|candor_test\(|OUTPUT_NAME )(\w+)", text))

    def run(self, command, folder):
        result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=120)
        wrong = result.returncode not in (0, 141)  # 141: `| head` had enough
        return f"exit {result.returncode}: {result.stderr.strip()[-300:]}" if wrong else "", result.stdout

    def line(self, line, folder):
        """What is wrong with a line of a block, or ""."""
        commands = list(simple_commands(line))
        if any(words[0] in CANDOR for words in commands):
            line = re.sub(r"(?<![\w./-])(build/release/bin/)?candor(?=\s|$)", shlex.quote(self.program), line)
            return self.run(["bash", "-c", "set -o pipefail; " + MODEL.sub(self.model, line)], folder)[0]
        return "; ".join(filter(None, map(self.command, commands)))

    def command(self, words):
        first = words[0]
        if first in DOWNLOADS:
            return ""
        if first in PYTHON:
            return "" if words[1:2] == ["-m"] else self.script(words[1:], must_execute=False)
        if first in {"cmake", "ctest"}:
            return self.cmake(words)
        if re.match(r"build/[\w-]+/bin/", first):
            return self.built(first)
        if first.startswith(("scripts/", "tools/", "bench/", "tests/")):
            return self.script(words)
        return f"'{first}' is no command that this test knows"

    def built(self, path):
        known = Path(path).name in self.programs and path.split("/")[1] in self.presets["build"]
        return "" if known else f"nothing builds {path}"

    def script(self, words, must_execute=True):
        path = self.root / words[0]
        if not path.is_file():
            return f"{words[0]} does not exist"
        if must_execute and not os.access(path, os.X_OK):
            return f"{words[0]} is not executable"
        text = path.read_text()
        if path.suffix == ".py" and "argparse" in text:
            wrong, text = self.run([sys.executable, path, "--help"], self.root)
            if wrong:
                return f"{words[0]} --help: {wrong}"
        shown = r"-+[a-z]|[a-z]+$" if path.suffix == ".sh" else r"-+[a-z]"
        options = [w.split("=")[0] for w in words[1:] if re.match(shown, w)]
        unknown = [w for w in options if not re.search(rf"(?<![\w-]){re.escape(w)}(?![\w-])", text)]
        built = [self.built(w) for w in words[1:] if re.match(r"build/[\w-]+/bin/", w)]
        return "; ".join(filter(None, [f"{words[0]} knows no {', '.join(unknown)}" if unknown else "", *built]))

    def cmake(self, words):
        text = " ".join(words)
        kind = "test" if words[0] == "ctest" else "build" if "--build" in words else "configure"
        wrong = [f"no {kind} preset {p}" for p in re.findall(r"--preset[ =](\S+)", text) if p not in self.presets[kind]]
        wrong += [f"no cache variable {v}" for v in re.findall(r"-D ?(CANDOR_\w+)", text) if v not in self.variables]
        wrong += [f"no label {x}" for x in re.findall(r"(?:-L|--label-regex) (\S+)", text) if x not in LABELS]
        wrong += [f"no preset builds into build/{p}" for p in re.findall(r"(?:--test-dir|--install) build/(\S+)", text)
                  if p not in self.presets["configure"]]
        return ", ".join(wrong)

    def span(self, text):
        """What is wrong with a command named in a sentence, or ""; None: it is no command."""
        words = text.split()
        if re.match(r"(scripts/\S+\.sh|cmake|ctest)$", words[0]):
            return "; ".join(filter(None, map(self.command, simple_commands(text))))
        if words[0] != "candor" or len(words) < 2 or not re.match(r"[a-z]+$", words[1]):
            return None
        if words[1] not in self.helps:
            help_text = self.run([self.program, words[1], "--help"], self.root)[1]
            if f"Usage: candor {words[1]} " not in help_text:
                return f"no subcommand {words[1]}"
            self.helps[words[1]] = help_text
        unknown = [w for w in words[2:] if w.startswith("--") and w not in self.helps[words[1]]]
        return f"candor {words[1]} knows no {', '.join(unknown)}" if unknown else ""

    def document(self, path, folder):
        """(command, what is wrong or "") of each command of a document."""
        text = path.read_text()
        blocks = BLOCK.findall(text)
        code, before = "", ""
        for (language, block), (following, expected) in zip(blocks, [*blocks[1:], ("", "")]):
            if language == "python":
                code += block
                wrong, printed = self.run([sys.executable, "-c", code], folder)
                new, before = printed[len(before):], printed
                if following == "text" and new != expected:
                    wrong = wrong or f"prints {new!r}, not {expected!r}"
                elif not new.strip() and following != "python" and "def " not in block:
                    wrong = wrong or "prints nothing"
                yield "a Python block", wrong
            elif language in {"sh", "bash", "console"}:
                for line in block.replace("\\\n", " ").splitlines():
                    line = re.sub(r"(^| )# .*", "", line).strip().removeprefix("$ ")
                    if line:
                        yield line, self.line(line, folder)
        for span in SPAN.findall(BLOCK.sub("", text)):
            if (wrong := self.span(span)) is not None:
                yield span, wrong


def main():
    program, model = (str(Path(a).resolve()) for a in sys.argv[1:3])
    root = Path(sys.argv[3] if len(sys.argv) > 3 else Path(__file__).resolve().parents[2])
    checker, problems, count = Checker(root, program, model), [], 0
    for document in [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]:
        with tempfile.TemporaryDirectory() as folder:  # each document stands alone
            for command, wrong in checker.document(document, folder):
                count += 1
                if wrong:
                    problems.append(f"{document.relative_to(root)}: {command}\n    {wrong}")
    print("\n".join(problems) or f"{count} documented commands run")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
