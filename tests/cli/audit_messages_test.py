"""candor audit: what it says of wrong options, of files that are none, and of values in unusual places."""

import json
import math
import os
import random
import re
import struct
import subprocess
import unittest

from audit_test import ROOT, SCHEMA, bf16, from_f16, genuine, through_f16, weights
from schema_check import violations
from support import CliTest, candor, peak_memory, write_safetensors


class AuditMessagesTest(CliTest):
    def file(self, name, **tensors):
        path = self.folder / name
        write_safetensors(path, tensors)
        return path

    def assert_failure(self, result, code, *fragments):
        """One sentence on stderr, nothing on stdout: what cannot be mistaken for an answer."""
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"^candor audit: \S")
        for fragment in fragments:
            self.assertIn(fragment, result.stderr)

    def test_memory_of_reports(self):
        """The reports of many tensors are written one by one: their text, 15 MB here, is never held as a whole."""
        draw = random.Random(3)
        values = [struct.pack("<64f", *(draw.gauss(0, 0.02) for _ in range(64))) for _ in range(100)]
        path = self.file("many.safetensors", **{f"t{i}": ("F32", [64], values[i % 100]) for i in range(3000)})
        plain = peak_memory("audit", path)
        for option in ("--json", "--sarif", "--html"):
            out = self.folder / f"a{option}"
            self.assertLess(peak_memory("audit", path, option, out), plain + (8 << 20), option)
        self.assertGreater((self.folder / "a--json").stat().st_size, 12 << 20)
        self.assertLess(plain, 64 << 20)

    def test_the_page_explains_its_words(self):
        path, html = self.file("weights.safetensors", weight=genuine(), laundered=from_f16()), self.folder / "a.html"
        candor("audit", path, "--html", html)
        page = html.read_text()
        explained = {word.strip() for words in re.findall(r"<dt[^>]*><b>([^<]+)</b>", page)
                     for word in re.split(r",| and ", words)}
        tests = set(re.findall(r'<td data-is="test" class="name">([^<]+)</td>', page))
        self.assertGreaterEqual(len(tests), 14)
        words = {"z", "R", "code", "significand", "mantissa", "scheme", "block", "scale", "lattice", "binade", "spread",
                 "bits", "history", "p-value", "95 % interval", "witness", "smooth density", "bf16", "f16", "TF32", "e4m3"}
        self.assertEqual((tests | words) - explained, set())

    def test_documents_that_the_page_names_are_there(self):
        path, html = self.file("weights.safetensors", weight=genuine()), self.folder / "a.html"
        candor("audit", path, "--html", html)
        named = set(re.findall(r"docs/[\w-]+\.md", html.read_text()))
        self.assertGreaterEqual(named, {f"docs/{page}.md" for page in ("audit", "audit-theory", "audit-findings", "diff")})
        self.assertEqual([name for name in sorted(named) if not (ROOT / name).is_file()], [])

    def test_thresholds(self):
        path = self.file("genuine.safetensors", weight=genuine())
        for value in ("1e308", "1e-3"):
            self.assertIn(candor("audit", path, "--threshold-bits", value).returncode, (0, 1))
        for value in ("-1", "0", "1e309", "nan"):
            self.assert_failure(candor("audit", path, "--threshold-bits", value), 4, f"'{value}' is not a finite number above 0",
                                "Try 'candor audit --help'")

    def test_a_path_is_named_once(self):
        broken = self.folder / "broken.safetensors"
        broken.write_bytes(b"short")
        line = candor("audit", broken).stdout.split("\n")[0]
        self.assertEqual(line.count("broken.safetensors"), 1, line)
        self.assertRegex(line, r": invalid: safetensors: byte \d+: ")

    def test_the_only_tensor(self):
        path = self.file("genuine.safetensors", weight=genuine())
        self.assert_failure(candor("audit", path, "--only", "zzz"), 4, "only 'zzz' does not match the only tensor")

    def test_a_shard_that_is_no_file(self):
        index = self.folder / "model.safetensors.index.json"
        index.write_text('{"weight_map": {"w": "shard.safetensors"}}')
        self.assert_failure(candor("audit", index), 4, "is missing; download it too")
        (self.folder / "shard.safetensors").mkdir()
        self.assert_failure(candor("audit", index), 4, "is no regular file; replace it by the shard")

    def test_a_pipe_that_nobody_reads_is_said(self):
        path = self.file("genuine.safetensors", weight=genuine())
        os.mkfifo(self.folder / "pipe")
        words = [os.environ["CANDOR"], "audit", path, "-q", "--json", self.folder / "pipe"]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            self.assertIn("waiting until something reads the pipe", process.stderr.readline())
            with open(self.folder / "pipe") as pipe:
                self.assertEqual(json.load(pipe)["verdict"], "consistent")
            self.assertEqual(process.wait(30), 0)

    def test_spellings_of_numpy_have_the_width_of_their_dtype(self):
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4096,), }".ljust(117) + "\n"
        draw = random.Random(3)
        values = [draw.gauss(0, 0.02) for _ in range(4094)] + [math.inf, 1e-44]
        path = self.folder / "w.npy"
        path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.encode() + struct.pack("<4096f", *values))
        tensor = json.loads(candor("audit", path, "--json", "-").stdout)["tensors"][0]
        codes = {w["code"] for w in tensor["witnesses"]}
        self.assertLessEqual({"0x7f800000", "0x00000007"}, codes)  # all eight digits of f32

    def test_swapped_bytes_are_no_block_scheme(self):
        """Some of their blocks fit fp8's few mantissas by chance; what explains all values says more."""
        data = weights(256 * 256, 0.02, False, seed=3)
        codes = struct.unpack(f"<{len(data) // 2}H", data)
        path = self.file("swapped.safetensors", w=("BF16", [256, 256], struct.pack(f">{len(codes)}H", *codes)))
        tensor = json.loads(candor("audit", path, "--json", "-").stdout)["tensors"][0]
        self.assertEqual((tensor["verdict"], tensor["sub"]), ("mislabelled", "byte-swapped"))
        self.assertGreater(tensor["bits"], 100000)

    def test_what_would_decide_is_more_than_there_is(self):
        """bf16 through f16: of parity there is enough, but only small values could show the trip, and there is none."""
        codes = struct.unpack("<4096H", weights(4096, 1.0, False, seed=14))
        values = [struct.unpack("<f", struct.pack("<I", code << 16))[0] for code in codes]
        path = self.file("small.safetensors",
                         w=("BF16", [64, 64], struct.pack("<4096H", *(bf16(through_f16(x)) for x in values))))
        result = candor("audit", path)
        self.assertEqual(result.returncode, 0, result.stdout)
        needs = r"\nundecidable/low-power: w: .*; needs about ([\d,]+) values of this spread, has 4,096\n"
        said = re.search(needs, result.stdout)
        self.assertTrue(said, result.stdout)
        self.assertLess(abs(int(said[1].replace(",", "")) / 3.1e6 - 1), 0.3)

    def test_sentences_begin_and_end_as_such(self):
        """Also those of bits that were taken for another dtype's, and of swapped bytes."""
        draw = random.Random(9)
        values = [draw.gauss(0, 0.02) for _ in range(1 << 16)]
        f16 = struct.pack(f"<{len(values)}e", *values)
        codes = struct.unpack("<65536H", weights(1 << 16, 0.02, False, seed=3))
        bits = {"view": f16, "right": struct.pack("<65536H", *codes), "swapped": struct.pack(">65536H", *codes)}
        path = self.file("views.safetensors", **{name: ("BF16", [256, 256], data) for name, data in bits.items()})
        tensors = json.loads(candor("audit", path, "--json", "-").stdout)["tensors"]
        self.assertEqual({t["sub"] for t in tensors}, {"bit-view", "byte-swapped", ""})
        for tensor in tensors:
            self.assertRegex(tensor["sentence"], r"^[A-Z].*[^.]\.$")

    def test_parity_does_not_count_where_values_are_levels(self):
        """Of int4 blocks the page and the document say it; the verdict rests on the blocks alone."""
        draw = random.Random(4)
        codes = []
        for _ in range(2048):
            block = [draw.gauss(0, 0.02) for _ in range(32)]
            scale = max(map(abs, block)) / 7
            codes += [bf16(round(x / scale) * scale) for x in block]
        path = self.file("levels.safetensors", w=("BF16", [256, 256], struct.pack("<65536H", *codes)), x=genuine())
        out = {option: self.folder / f"a{option}" for option in ("--json", "--html")}
        candor("audit", path, *(word for pair in out.items() for word in pair))
        report = json.loads(out["--json"].read_text())
        self.assertEqual(violations(report, SCHEMA), [])
        tensors = {tensor["name"]: tensor for tensor in report["tensors"]}
        self.assertEqual(tensors["w"]["verdict"], "dequantised")
        ran = [test for test in tensors["w"]["evidence"]["tests"] if not test["not_run"]]
        counted = [test["name"] for test in ran if not test["caveat"]]
        self.assertEqual(counted[-2:], ["blocks", "smoothness"])
        self.assertIn("parity", [test["name"] for test in ran if test["caveat"]])
        self.assertEqual({test["caveat"] for test in tensors["x"]["evidence"]["tests"]}, {""})
        page = out["--html"].read_text()
        self.assertIn("does not count here: it assumes a smooth density", page)
        self.assertEqual(page.count("the dots need follow no line"), 1)


if __name__ == "__main__":
    unittest.main()
