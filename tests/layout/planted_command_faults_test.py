#!/usr/bin/env python3
"""The check of documented commands must fail on planted faults. CANDOR names the program."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "tests/models/golden/documented"


class CommandFaults(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        for folder in ("scripts", "docs", "tests"):
            (self.root / folder).mkdir()
        for name in ("CMakePresets.json", "CMakeLists.txt", "scripts/setup.sh"):
            shutil.copy(ROOT / name, self.root / name)
        (self.root / "tests/CMakeLists.txt").write_text("add_executable(bench_x x.cpp)\n")
        (self.root / "scripts/plain.sh").write_text("echo\n")
        (self.root / "tests/peer.py").write_text("import argparse\nparser = argparse.ArgumentParser()\n"
                                                 "parser.add_argument('--model')\nparser.parse_args()\n")
        (self.root / "tests/peer.py").chmod(0o755)

    def check(self, name, text):
        """What the check says when the tree holds this document alone; "" when it passes."""
        (self.root / name).write_text(text)
        tool = ROOT / "tests/layout/documented_commands_test.py"
        command = [sys.executable, tool, os.environ["CANDOR"], TINY, self.root]
        result = subprocess.run(command, capture_output=True, text=True)
        (self.root / name).unlink()
        self.assertEqual(result.stderr, "")
        self.assertIn(result.returncode, (0, 1))
        return result.stdout if result.returncode else ""

    def test_lines_that_run_pass(self):
        lines = ("candor kernels --markdown | head -n 1", "candor info && candor kernels", "scripts/setup.sh --dev",
                 "cmake --preset dev && cmake --build --preset dev && ctest --preset dev",
                 "ctest --test-dir build/ci -L peer", "cmake --preset ci -DCANDOR_TESTS=ON",
                 "CANDOR_ISA=avx2 build/release/bin/candor info", ".venv/bin/python tests/peer.py --model x",
                 "python3 -m venv .venv", ".venv/bin/pip install numpy", "build/ci/bin/bench_x --all",
                 "tests/peer.py --model build/ci/bin/bench_x")
        for document in ("README.md", "CONTRIBUTING.md", "docs/page.md"):
            self.assertEqual(self.check(document, "```sh\n" + "\n".join(lines) + "\n```\n"), "")

    def test_faults_in_lines_fail(self):
        for line, said in (
            ("cadnor info", "'cadnor' is no command"),
            ("make", "'make' is no command"),
            ("cmake --preset ci && make -j", "'make' is no command"),
            ("candor info --nothing", "exit 2"),
            ("candor logits nowhere --tokens 1 -o x.npy | cat", "exit 1"),
            ("scripts/nothing.sh", "does not exist"),
            ("scripts/plain.sh", "is not executable"),
            ("scripts/setup.sh --deb", "knows no --deb"),
            ("python3 tests/peer.py --modal x", "knows no --modal"),
            ("cmake --preset cuda", "no configure preset cuda"),
            ("cmake --build --preset cuda", "no build preset cuda"),
            ("ctest --preset release", "no test preset release"),
            ("cmake --preset ci -DCANDOR_TEST=ON", "no cache variable CANDOR_TEST"),
            ("ctest --test-dir build/ci -L pear", "no label pear"),
            ("build/ci/bin/nothing", "nothing builds build/ci/bin/nothing"),
            ("build/cuda/bin/bench_x", "nothing builds build/cuda/bin/bench_x"),
            ("python3 tests/peer.py --model build/ci/bin/nothing", "nothing builds build/ci/bin/nothing"),
        ):
            for document in ("README.md", "CONTRIBUTING.md", "docs/page.md"):
                self.assertIn(said, self.check(document, f"```sh\n{line}\n```\n"), line)

    def test_faults_in_sentences_fail(self):
        good = "Use `candor bench MODEL --json FILE`, `scripts/setup.sh --dev`, `x y`.\n"
        self.assertEqual(self.check("page.md", good), "")
        for span, said in (
            ("candor bensh MODEL", "no subcommand bensh"),
            ("candor bench MODEL --jsn", "knows no --jsn"),
            ("scripts/setup.sh --deb", "knows no --deb"),
            ("ctest --preset cuda", "no test preset cuda"),
        ):
            self.assertIn(said, self.check("page.md", f"Use `{span}`.\n"))

    def test_python_blocks_run_after_the_commands(self):
        model = "candor logits models/m --tokens 1,2 -o x.npy\n"
        block = "```sh\n{}```\nthen\n```python\n{}\n```\n"
        self.assertEqual(self.check("docs/page.md", block.format(model, "print(len(open('x.npy', 'rb').read()))")), "")
        self.assertIn("exit 1", self.check("docs/page.md", block.format(model, "print(open('y.npy').read())")))
        self.assertIn("prints nothing", self.check("docs/page.md", block.format(model, "x = 1")))

    def test_python_blocks_know_those_before_them_and_print_what_is_said(self):
        page = "```python\nx = 1\ndef f():\n    return x\n```\nthen\n```python\nprint(f())\n```\n```text\n{}\n```\n"
        self.assertEqual(self.check("docs/page.md", page.format(1)), "")
        self.assertIn("prints '1\\n', not '2\\n'", self.check("docs/page.md", page.format(2)))


if __name__ == "__main__":
    unittest.main()
