#!/usr/bin/env python3
"""The checks that read objects and libraries must fail on planted faults. CXX names the compiler."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CXX = os.environ.get("CXX", "c++")
ISAS = ("baseline", "avx2", "avx512", "avx512bf16")


class Built(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)

    def compile(self, name, text):
        """Writes the object `name`, unoptimised: a compiler that inlines everything would hide the fault."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [CXX, "-std=c++20", "-O0", "-c", "-x", "c++", "-", "-o", path]
        subprocess.run(command, input=text, text=True, check=True)
        return path

    def check(self, tool, *arguments):
        return subprocess.run([sys.executable, ROOT / "tools" / tool, *arguments], capture_output=True, text=True)


class WeakSymbols(Built):
    def weak_symbols(self, text, isas=ISAS):
        for isa in isas:
            self.compile(f"CMakeFiles/candor_backend_cpu_{isa}.dir/x.o", text if isa == "avx2" else "int f();")
        return self.check("check_weak_symbols.py", self.root)

    def test_strong_and_internal_functions_pass(self):
        text = """static inline int f() { return 1; }
                  namespace { inline int g() { return 2; } }
                  int h() { return f() + g(); }"""
        result = self.weak_symbols(text)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("4 per-ISA objects", result.stdout)

    def test_each_kind_of_weak_symbol_fails(self):
        for text, name in (
            ("inline int f() { return 1; } int g() { return f(); }", "_Z1fv"),                          # W
            ("template <class T> T f(T x) { return x; } int g() { return f(1); }", "_Z1fIiET_S0_"),     # W
            ("[[gnu::weak]] int x = 1; int g() { return x; }", "x"),                                    # V
            ("inline int x = 1; int g() { return x; }", "x"),                                           # u
            ("inline int f() { static int x = 1; return x++; } int g() { return f(); }", "_ZZ1fvE1x"),  # u
        ):
            result = self.weak_symbols(text)
            self.assertEqual(result.returncode, 1, text)
            self.assertIn(f"x.o: {name}\n", result.stdout, text)

    def test_a_missing_isa_fails(self):
        result = self.weak_symbols("int f() { return 1; }", isas=("baseline", "avx2", "avx512bf16"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("no objects of avx512 ", result.stdout)


class BaselineInstructions(Built):
    def instructions(self, text, isa="baseline"):
        self.compile("CMakeFiles/candor_backend_cpu_baseline.dir/y.o", "int g() { return 1; }")
        self.compile(f"CMakeFiles/candor_backend_cpu_{isa}.dir/x.o", text)
        return self.check("check_baseline_instructions.py", self.root)

    def test_later_instructions_fail_in_the_baseline_only(self):
        for name in ("vaddps %xmm0,%xmm0,%xmm0", "pshufb %xmm0,%xmm0", "roundps $0,%xmm0,%xmm0", "popcnt %eax,%eax",
                     "haddps %xmm0,%xmm0", "lzcnt %eax,%eax"):
            text = f'void f() {{ asm volatile("{name}"); }}'
            result = self.instructions(text)
            self.assertEqual(result.returncode, 1, name)
            self.assertIn(f"x.o: {name.split()[0]}", result.stdout)
            (self.root / "CMakeFiles/candor_backend_cpu_baseline.dir/x.o").unlink()
            self.assertEqual(self.instructions(text, isa="avx2").returncode, 0, name)

    def test_sse2_passes(self):
        text = 'void f() { asm volatile("mulps %xmm0,%xmm0; pextrw $0,%xmm0,%eax; rep bsf %eax,%eax"); }'
        self.assertEqual(self.instructions(text).returncode, 0)

    def test_nothing_built_fails(self):
        self.assertEqual(self.check("check_baseline_instructions.py", self.root).returncode, 1)


class LinkEdges(Built):
    # What each library holds when all is well.
    SOURCES = {
        "core": "namespace candor { int bytes() { return 1; } }",
        "kernels": "namespace candor { int bytes(); int row() { return bytes(); } }",
        "ops": """namespace candor { int installed_backends(); int row();
                  int matmul() { return row() + installed_backends(); } }""",
        "backend/cpu": "namespace candor::cpu { int threads() { return 2; } }",
        "runtime": """namespace candor { namespace cpu { int threads(); }
                      int installed_backends() { return cpu::threads(); } }""",
        "nn": "namespace candor { int bytes(); int matmul(); int layer() { return bytes() + matmul(); } }",
    }

    def link_edges(self, **faults):
        (self.root / "docs/design").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "docs/design/layers.txt", self.root / "docs/design/layers.txt")
        for layer, text in self.SOURCES.items():
            (self.root / "src" / layer).mkdir(parents=True, exist_ok=True)
            archive = self.root / "build/src" / layer / f"libcandor_{layer.replace('/', '_')}.a"
            texts = [text, faults[layer]] if layer in faults else [text]
            objects = [self.compile(f"build/src/{layer}/{i}.o", text) for i, text in enumerate(texts)]
            archive.unlink(missing_ok=True)
            subprocess.run(["ar", "rcs", archive, *objects], check=True)
        return self.check("check_link_edges.py", self.root / "build", self.root)

    def test_edges_and_the_one_inversion_pass(self):
        result = self.link_edges()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("6 libraries", result.stdout)

    def test_a_symbol_past_the_edges_fails(self):
        # Declared by hand: no include line shows these.
        for layer, text, line in (
            ("ops", "namespace candor::cpu { int threads(); int f() { return threads(); } }",
             "ops may not need candor::cpu::threads() (backend/cpu)"),
            ("core", "namespace candor { int matmul(); int f() { return matmul(); } }",
             "core may not need candor::matmul() (ops)"),
            ("kernels", "namespace candor { int layer(); int f() { return layer(); } }",
             "kernels may not need candor::layer() (nn)"),
        ):
            result = self.link_edges(**{layer: text})
            self.assertEqual(result.returncode, 1, text)
            self.assertEqual(result.stdout, line + "\n")

    def test_a_missing_library_fails(self):
        self.link_edges()
        (self.root / "build/src/ops/libcandor_ops.a").unlink()
        result = self.check("check_link_edges.py", self.root / "build", self.root)
        self.assertEqual(result.returncode, 1)
        self.assertIn("libcandor_ops.a: no such library", result.stdout)


if __name__ == "__main__":
    unittest.main()
