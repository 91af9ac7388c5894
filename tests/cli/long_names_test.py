"""Names of a megabyte: tables show both ends of them, documents the whole."""

import json
import random
import struct
import unittest

from support import CliTest, candor, read_safetensors, write_safetensors

LONG = 1 << 20
NAMES = ["a." + "x" * LONG + ".weight", "a." + "x" * LONG + ".bias", "b." + "\x1b" * (LONG // 4) + ".weight"]
TENSORS = 400  # each row was as wide as the widest name


class LongNamesTest(CliTest):
    def setUp(self):
        super().setUp()
        draw = random.Random(1)
        values = {name: [draw.gauss(0, 0.02) for _ in range(8)] for name in NAMES + [f"t{i}" for i in range(TENSORS)]}
        self.wide, self.narrow = self.folder / "wide.safetensors", self.folder / "narrow.safetensors"
        write_safetensors(self.wide, {n: ("F32", [8], struct.pack("<8f", *v)) for n, v in values.items()})
        write_safetensors(self.narrow, {n: ("BF16", [8], b"".join(struct.pack("<f", x)[2:] for x in v))
                                        for n, v in values.items()})

    def assert_short(self, text, rows):
        lines = text.split("\n")
        self.assertLess(max(map(len, lines)), 600)
        self.assertLess(len(text), rows * 600)
        shown = {line.split("  ")[0] for line in lines if line.startswith(("a.", "b."))}
        for start, end in (("a.xxx", "xxx.weight"), ("a.xxx", "xxx.bias"), ("b.\\x1b", "\\x1b.weight")):
            self.assertTrue(any(s.startswith(start) and s.endswith(end) and "…" in s for s in shown), shown)

    def test_audit(self):
        self.assert_short(candor("audit", self.narrow, "--verbose").stdout, TENSORS + 50)
        self.assertLess(len(candor("audit", self.narrow).stdout), 10000)

    def test_diff(self):
        result = candor("diff", self.wide, self.narrow)
        self.assertEqual(result.returncode, 1)
        self.assertLess(max(map(len, result.stdout.split("\n"))), 600)
        self.assert_short(candor("diff", self.wide, self.narrow, "--verbose").stdout, 20 * TENSORS)

    def test_sentences_of_diff(self):
        one, other = self.folder / "one.safetensors", self.folder / "other.safetensors"
        value = ("F32", [8], struct.pack("<8f", *range(8)))
        for name, shown in (("é" * LONG, "…"), ("", "'(no name)'")):
            write_safetensors(one, {name: value, "w": value})
            write_safetensors(other, {"w": value})
            lines = [line for line in candor("diff", one, other, "-q").stdout.split("\n") if "is missing" in line]
            self.assertEqual(len(lines), 1)
            self.assertIn(shown, lines[0])
            self.assertLess(len(lines[0]), 400)

    def test_convert(self):
        out = self.folder / "out.safetensors"
        result = candor("convert", self.wide, out, "--dtype", "bf16", "--explain")
        self.assert_ok(result)
        self.assert_short(result.stdout, TENSORS + 50)
        self.assertLess(len(result.stderr), 10000)
        self.assert_ok(candor("convert", self.wide, out, "--dtype", "bf16"))
        self.assertEqual(set(read_safetensors(out)), set(read_safetensors(self.wide)))

    def test_documents_have_the_whole_name(self):
        paths = {option: self.folder / f"a{option}" for option in ("--json", "--html", "--sarif", "--fingerprint")}
        self.assert_ok(candor("audit", self.narrow, "-q", *(word for pair in paths.items() for word in pair)))
        names = [tensor["name"] for tensor in json.loads(paths["--json"].read_text())["tensors"]]
        self.assertLessEqual(set(NAMES), set(names))
        page = paths["--html"].read_text()
        self.assertIn(NAMES[0], page)
        self.assertLess(len(page), 3 * 3 * LONG + (1 << 20), "a byte that is escaped takes four")
        again = json.loads(candor("audit", "--from-fingerprint", paths["--fingerprint"], "--json", "-").stdout)
        self.assertEqual({tensor["name"] for tensor in again["tensors"]}, set(names))


if __name__ == "__main__":
    unittest.main()
