"""candor_liar: each lie is found out and named by `candor prove`, and none is seen where none is told. CANDOR names the
program (tests/prove/liars)."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

CANDOR = os.environ["CANDOR"]
MODEL = str(pathlib.Path(__file__).resolve().parents[1] / "models" / "golden" / "gqa_tied")  # bf16
SANITIZED = bool(os.environ.get("CANDOR_SANITIZE"))

# lie: what `prove` is asked for, and what the finding must say
LIES = {
    "accumulates_in_bf16": ("--quick --op matmul", r"^  accumulation: bf16, not f32 "),
    "accumulates_in_f64": ("--quick --op matmul", r"^  accumulation: f64, not f32 "),
    "through_f16": ("--quick --op matmul", r"^  first operand: rounded to f16, not as it is; "
                                           r"second operand: rounded to f16, not as it is "),
    "rounds_products": ("--quick --op matmul", r"^  products: rounded to f32, not exact "),
    "truncates": ("--quick --op cast", r"^  result: truncated, not nearest, ties to even "),
    "drops_nan": ("--quick --op cast", r"^  NaN: lost, not kept "),
    "flushes_subnormals": ("--quick --op cast", r"^  subnormals: flushed, not kept "),
    "rounds_p": ("--quick --op attention", r"^  between the steps: rounded to bf16, not as it is "),
    "rounds_rope_tables": ("--quick --op rope", r"^  second operand: rounded to bf16, not as it is "),
    "norm_sums_in_bf16": ("--quick --op rms_norm", r"^  accumulation: bf16, not f32 "),
    "prefill_row_differs": ("--quick --op attention", r"^  results differ: T=1, .* gives .*, T=[2-9]\d*, .* gives "),
    "v_differs": ("--quick --op qkv_projection", r"^  results differ: .*, q gives .*, v gives "),
    "f32_as_avx512bf16": ("--quick --op matmul", r"no vdpbf16ps in a kernel of class x86-dpbf16-ftz"),
    "isa_matters": ("--op matmul", r"\w+/\w+/matmul\w* (avx2|baseline) gives other bits than .* ordinary values"),
    "threads_matter": ("--quick --op matmul", r"\d threads give other bits than 1 .* ordinary values"),
    "hidden_f32_copy": ("--quick", r"a hidden copy: .* MiB more than result and workspace"),
    "stores_f32": ("--quick", r"bf16 takes 4 bytes an element in memory, not 2"),
    "memory_counted_once": ("--quick", r"bf16 takes 4 bytes an element in memory, not 2"),
    "cast_not_in_ledger": ("--quick", r"a cast f32 → bf16 of [\d,]+ elements is not in the ledger"),
    "receipt_undercounts": ("--quick", r"the receipt says [\d,]+ bytes of \w+ were (read|written); "),
    "precision_ignored": (f"{MODEL} --precision f32", r"--precision \S*f32\S* was asked for; weights are held in bf16"),
    "prefill_differs": (MODEL, r"prefill differs from decode"),
}
NEEDS_OBJDUMP = {"f32_as_avx512bf16"}  # results cannot tell; for the others they must
MEASURES_MEMORY = {"hidden_f32_copy", "stores_f32", "memory_counted_once"}  # a sanitizer's own would be counted


def takes_a_model():
    """`candor prove MODEL` comes after the rest."""
    return "MODEL" in prove("none", "--help").stdout


def prove(lie, arguments, **environment):
    """The same without objdump is much shorter, and leaves only results as witnesses."""
    path = os.environ["PATH"] if lie in NEEDS_OBJDUMP else "/nonexistent"
    variables = {**os.environ, "CANDOR_LIE": lie, "PATH": path, **environment}
    return subprocess.run([CANDOR, "prove", "-q", *arguments.split()], capture_output=True, text=True, timeout=300,
                          env=variables, check=False)


class LiarTest(unittest.TestCase):
    def test_without_a_lie_that_it_knows_it_lists_them(self):
        for environment in ({}, {"CANDOR_LIE": ""}, {"CANDOR_LIE": "an_honest_mistake"}):
            variables = {name: value for name, value in os.environ.items() if name != "CANDOR_LIE"}
            result = subprocess.run([CANDOR, "prove"], capture_output=True, text=True, env={**variables, **environment},
                                    check=False)
            self.assertEqual(result.returncode, 2)
            self.assertEqual(result.stdout, "")
            names = {line.split()[0] for line in result.stderr.splitlines()[1:]}
            self.assertEqual(names, {"none", *LIES})  # a lie without a line above is one that nobody looks for

    def test_nothing_is_found_without_a_lie(self):
        for arguments in ("--quick", "--op matmul"):
            with self.subTest(arguments):
                result = prove("none", arguments)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
                self.assertNotRegex(result.stdout, r"mismatch:|unseen:")


def finds(lie):
    arguments, finding = LIES[lie]

    def test(self):
        if lie in NEEDS_OBJDUMP and shutil.which("objdump") is None:
            self.skipTest("objdump (binutils) is not installed")
        if lie in MEASURES_MEMORY and SANITIZED:
            self.skipTest("a sanitizer's own memory would be counted")
        if MODEL in arguments and not takes_a_model():
            self.skipTest("this `candor prove` takes no model")
        result = prove(lie, arguments)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIsNotNone(re.search(finding, result.stdout, re.MULTILINE), result.stdout[:4000])
        op = re.search(r"--op (\w+)", arguments)
        if op is not None:  # nothing else is accused
            accused = set(re.findall(r"^mismatch: (\w+)", result.stdout, re.MULTILINE))
            self.assertEqual(accused - {"same"}, {op[1]} & accused)

    return test


for name in LIES:
    setattr(LiarTest, f"test_{name}", finds(name))

if __name__ == "__main__":
    unittest.main()
