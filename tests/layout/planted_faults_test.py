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

    def test_long_file_and_long_function_fail(self):
        self.write("src/core/long.cpp", "int x;\n" * 451)
        self.assertIn("451 lines", run("check_sizes.py", self.root).stdout)
        self.write("src/core/long.cpp", "void f(int x) {\n" + "  x;\n" * 90 + "}\n")
        self.assertIn("function of 91 lines", run("check_sizes.py", self.root).stdout)

    def test_missing_path_in_a_document_fails(self):
        self.write("docs/page.md", "See `src/core/nowhere.cpp`.\n")
        self.assertIn("src/core/nowhere.cpp", run("check_docs.py", self.root).stdout)

    def test_op_without_a_fixed_line_fails(self):
        text = (ROOT / "include/candor/ops.h").read_text().replace("///   gradient", "///   slope", 1)
        self.write("include/candor/ops.h", text)
        self.assertIn("has no line 'gradient'", run("check_docs.py", self.root).stdout)


if __name__ == "__main__":
    unittest.main()
