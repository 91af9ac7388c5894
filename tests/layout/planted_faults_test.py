#!/usr/bin/env python3
"""The structure checks must fail on planted faults."""
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(tool, root):
    return subprocess.run([sys.executable, ROOT / "tools" / tool, root], capture_output=True, text=True)


class PlantedFaults(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / "docs/design").mkdir(parents=True)
        shutil.copy(ROOT / "docs/design/layers.txt", self.root / "docs/design/layers.txt")
        for folder in ("include/candor", "src/ops", "src/core", "cli"):
            (self.root / folder).mkdir(parents=True)
        shutil.copy(ROOT / "include/candor/ops.h", self.root / "include/candor/ops.h")

    def write(self, name, text):
        (self.root / name).write_text(text)

    def test_clean_tree_passes(self):
        self.write("src/ops/good.cpp", '#include "core/view.h"\n')
        self.assertEqual(run("check_layers.py", self.root).returncode, 0)

    def test_ops_must_not_include_a_backend(self):
        self.write("src/ops/bad.cpp", '#include "backend/cpu/threads.h"\n')
        result = run("check_layers.py", self.root)
        self.assertEqual(result.returncode, 1)
        self.assertIn("src/ops/bad.cpp:1", result.stdout)

    def test_cli_must_not_include_src(self):
        self.write("cli/bad.cpp", '#include "io/safetensors.h"\n')
        self.assertEqual(run("check_layers.py", self.root).returncode, 1)

    def test_public_header_must_not_include_src(self):
        self.write("include/candor/bad.h", '#include "core/view.h"\n')
        self.assertEqual(run("check_layers.py", self.root).returncode, 1)

    def layers(self, name, text):
        """What the check of layers says when the tree holds this file alone; "" when it passes."""
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        self.write(name, text)
        result = run("check_layers.py", self.root)
        (self.root / name).unlink()
        self.assertEqual(result.returncode, 1 if ": " in result.stdout else 0, result.stderr)
        return result.stdout if result.returncode else ""

    def test_every_spelling_of_an_include_is_read(self):
        lines = ("#include <backend/cpu/threads.h>", "  #  include<backend/cpu/threads.h>",
                 '#include "src/backend/cpu/threads.h"', '#include "../backend/cpu/threads.h"',
                 '#include "matmul/../../backend/cpu/threads.h"',
                 f'#include "{self.root}/src/backend/cpu/threads.h"', '#include "tests/support/operand.h"')
        for line in lines:
            self.assertIn("src/ops/bad.cpp:2: ", self.layers("src/ops/bad.cpp", f"\n{line}\n"), line)
        for line in ("#include <core/view.h>", "#include <candor/ops.h>", "#include <vector>",
                     '#include "ops/dispatch.h"'):
            self.assertEqual(self.layers("src/ops/good.cpp", line + "\n"), "", line)

    def test_every_folder_and_kind_of_file_is_read(self):
        for name in ("bench/bad.cpp", "examples/bad.cpp", "cli/bad.inc", "include/candor/bad.hpp"):
            self.assertIn(f"{name}:1: ", self.layers(name, '#include "core/view.h"\n'))
            self.assertEqual(self.layers(name, "#include <candor/ops.h>\n"), "")
        for name in ("src/nowhere/x.cpp", "bindings/x.cpp"):
            self.assertIn(f"{name}: no layer", self.layers(name, ""))

    def test_only_runtime_and_cli_read_the_environment(self):
        for text in ('std::getenv("A");', 'secure_getenv ("A");', "extern char** environ;"):
            for name in ("src/ops/x.cpp", "src/backend/cpu/x.cpp", "include/candor/x.h", "examples/x.cpp",
                         "bench/x.cpp"):
                self.assertIn(f"{name}:1: ", self.layers(name, text + "\n"), text)
            for name in ("src/runtime/x.cpp", "cli/x.cpp"):
                self.assertEqual(self.layers(name, text + "\n"), "", text)
        self.assertEqual(self.layers("src/ops/x.cpp", "environment();  // not getenv()\n"), "")

    def test_a_library_must_not_depend_past_its_edges(self):
        for depends in ("kernels backend_cpu", "kernels\n  backend/cpu LIBRARIES Threads::Threads"):
            self.assertIn("ops may not depend on backend/cpu",
                          self.layers("src/ops/CMakeLists.txt", f"candor_layer(ops DEPENDS {depends})\n"))
        self.assertEqual(self.layers("src/ops/CMakeLists.txt", "candor_layer(ops DEPENDS kernels core)\n"), "")

    def sizes(self, name, text):
        """What the check of sizes says when the tree holds this file alone; "" when it passes."""
        self.write(name, text)
        result = run("check_sizes.py", self.root)
        (self.root / name).unlink()
        self.assertEqual(result.returncode, 1 if ": " in result.stdout else 0, result.stderr)
        return result.stdout if result.returncode else ""

    def test_file_past_the_limit_fails(self):
        for name in ("src/core/long.cpp", "src/core/long.h", "include/candor/long.h", "cli/long.cpp"):
            self.assertEqual(self.sizes(name, "int x;\n" * 300), "")
            self.assertIn(f"{name}: 301 lines, limit 300", self.sizes(name, "int x;\n" * 301))

    def test_line_past_the_limit_fails(self):
        self.assertEqual(self.sizes("src/core/wide.cpp", "/" * 120 + "\n"), "")
        self.assertIn("wide.cpp:2: 121 columns, limit 120", self.sizes("src/core/wide.cpp", "\n" + "/" * 121 + "\n"))

    def test_function_past_the_limit_fails(self):
        heads = (
            "void f(int x) {",
            "void f(int x,\n       int y) {",
            "template <class T>\nstd::vector<T> f() {",
            "template <class T> T f() {  // a comment",
            "[[noreturn]] void f() {",
            "auto f() -> int {",
            "Class::Class(int x)\n    : x_(x), y_{x} {",
            "TEST(Suite, Name) {",
        )
        for head in heads:
            for indent, before, after in (("", "", ""), ("  ", "class Class {\n public:\n", "};\n")):
                def text(body_lines):
                    body = [*head.split("\n"), *["  x;"] * body_lines, "}"]
                    return before + "".join(f"{indent}{line}\n" for line in body) + after
                self.assertEqual(self.sizes("src/core/long.cpp", text(39)), "", head)
                self.assertIn("function of 41 lines, limit 40", self.sizes("src/core/long.cpp", text(40)), head)

    def test_a_long_table_or_class_is_no_function(self):
        heads = ("constexpr int kTable[] = {", "class Class {", "template <class T> struct Pair {", "namespace a {")
        for head in heads:
            self.assertEqual(self.sizes("src/core/long.cpp", head + "\n" + "  1,\n" * 200 + "};\n"), "", head)

    def test_an_exempted_file_may_be_long(self):
        (self.root / "tools").mkdir()
        self.write("tools/size_exemptions.txt", "# path: reason\nsrc/core/long.cpp: generated\n")
        self.assertEqual(self.sizes("src/core/long.cpp", "int x;\n" * 301), "")
        self.assertIn("301 lines", self.sizes("src/core/other.cpp", "int x;\n" * 301))

    def test_missing_path_in_a_document_fails(self):
        self.write("docs/page.md", "See `src/core/nowhere.cpp`.\n")
        self.assertIn("src/core/nowhere.cpp", run("check_docs.py", self.root).stdout)

    def test_op_without_a_fixed_line_fails(self):
        text = (ROOT / "include/candor/ops.h").read_text().replace("///   gradient", "///   slope", 1)
        self.write("include/candor/ops.h", text)
        self.assertIn("has no line 'gradient'", run("check_docs.py", self.root).stdout)


if __name__ == "__main__":
    unittest.main()
