"""candor canary: writing, checking, exit codes, table and JSON."""

import json
import struct
import unittest

from schema_check import Checker
from support import GGUF_MODEL, SOURCE, CliTest, candor, read_safetensors, write_safetensors

SCHEMA = json.loads((SOURCE / "docs" / "schema" / "canary-1.json").read_text())


def through_f16(code):
    """Of a bf16 code, by Python's own half-precision conversion; too large: infinity."""
    value = struct.unpack("<f", struct.pack("<I", code << 16))[0]
    if value != value:
        return code | 0x40
    try:
        half = struct.unpack("<e", struct.pack("<e", value))[0]
    except OverflowError:
        half = float("inf") if value > 0 else float("-inf")
    return struct.unpack("<I", struct.pack("<f", half))[0] >> 16


class CanaryTest(CliTest):
    def setUp(self):
        super().setUp()
        self.canary = self.folder / "canary.safetensors"
        self.assert_ok(candor("canary", self.canary))

    def check(self, path, *arguments, code=0):
        result = candor("canary", "check", path, "--json", "-", *arguments)
        self.assertEqual(result.returncode, code, result.stderr)
        report = json.loads(result.stdout)
        self.assertEqual(list(Checker(SCHEMA).check(report)), [])
        return report

    def damaged(self, change, dtypes=("BF16",)):
        tensors = read_safetensors(self.canary)
        for name, (dtype, shape, data) in tensors.items():
            if dtype in dtypes:
                codes = [change(code) for code in struct.unpack(f"<{len(data) // 2}H", data)]
                tensors[name] = dtype, shape, struct.pack(f"<{len(codes)}H", *codes)
        path = self.folder / "damaged.safetensors"
        write_safetensors(path, tensors)
        return path

    def test_what_was_written_is_intact(self):
        report = self.check(self.canary)
        self.assertEqual(report["verdict"], "intact")
        self.assertEqual(report["culprits"] + report["findings"], [])
        result = candor("canary", "check", self.canary)
        self.assert_ok(result)
        self.assertTrue(result.stdout.endswith("intact: every bf16 canary kept its bits\n"), result.stdout)
        self.assert_folder_holds("canary.safetensors")

    def test_a_file_is_replaced_only_with_force(self):
        before = self.canary.read_bytes()
        self.assert_error(candor("canary", self.canary), "exists; choose another name or allow overwriting (--force)")
        self.assert_ok(candor("canary", self.canary, "--force"))
        self.assertEqual(self.canary.read_bytes(), before)

    def test_every_format_that_is_written_is_read_back_intact(self):
        for suffix in (".npz", ".pt", ".pth", ".bin", ".ckpt"):
            path = self.folder / f"c{suffix}"
            self.assert_ok(candor("canary", path))
            self.assertEqual(self.check(path)["verdict"], "intact")
            self.assert_error(candor("canary", path), "exists")
            # Out of that format into safetensors: the same bits.
            self.assert_ok(candor("convert", path, self.folder / "back.safetensors", "--dtype", "f32", "--allow-lossy",
                                  "-q", "--force"))
            self.assertEqual(self.check(self.folder / "back.safetensors")["verdict"], "widened")

    def test_the_culprit_is_named(self):
        report = self.check(self.damaged(through_f16), code=1)
        self.assertEqual([c["id"] for c in report["culprits"]], ["f16"])
        codes = next(t for t in report["tensors"] if t["canary"] == "canary.codes")
        seen = {w["code"]: w["found_code"] for w in codes["witnesses"]}
        self.assertEqual(seen, {code: through_f16(code) for code in seen})
        result = candor("canary", "check", self.folder / "damaged.safetensors", "-q")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout, "damaged: through f16, rounded to nearest even\n")

    def test_flushed_subnormals_and_a_lost_minus(self):
        flushed = self.damaged(lambda code: code & 0x8000 if code & 0x7F80 == 0 else code)
        self.assertEqual(self.check(flushed, code=1)["culprits"][0]["id"], "subnormals-flushed")
        positive = self.damaged(lambda code: 0 if code == 0x8000 else code)
        report = self.check(positive, code=1)
        self.assertEqual([(f["id"], f["legal"]) for f in report["findings"]], [("negative-zero", False)])

    def test_conversions_of_candor_are_no_damage(self):
        for dtype, verdict in (("bf16", "intact"), ("f32", "widened")):
            out = self.folder / f"{dtype}.safetensors"
            self.assert_ok(candor("convert", self.canary, out, "--dtype", dtype, "--allow-lossy", "-q"))
            self.assertEqual(self.check(out)["verdict"], verdict)
        out = self.folder / "f16.safetensors"
        self.assert_ok(candor("convert", self.canary, out, "--dtype", "f16", "--allow-lossy", "-q"))
        self.assertEqual([c["id"] for c in self.check(out, code=1)["culprits"]], ["f16"])

    def test_json_goes_to_a_file_too(self):
        target = self.folder / "report.json"
        result = candor("canary", "check", self.canary, "--json", target)
        self.assert_ok(result)
        self.assertIn("canary.matrix", result.stdout)
        self.assertEqual(list(Checker(SCHEMA).check(json.loads(target.read_text()))), [])
        result = candor("canary", "check", self.canary, "--json", self.canary)
        self.assertEqual(result.returncode, 4)

    def test_exit_codes_of_what_cannot_be_checked(self):
        broken = self.folder / "broken.safetensors"
        broken.write_bytes(self.canary.read_bytes()[:-1])
        for path, code in ((broken, 3), (self.folder / "missing.safetensors", 4), (GGUF_MODEL, 4), ("", 4)):
            result = candor("canary", "check", path)
            self.assertEqual(result.returncode, code, result.stderr)
            self.assertEqual(result.stdout, "")
        self.assertEqual(candor("canary", "check").returncode, 4)

    def test_a_file_to_write_has_no_place_before_check(self):
        for out in (self.canary, self.folder / "x.safetensors"):
            result = candor("canary", out, "check", self.canary)
            self.assertEqual((result.returncode, result.stdout), (4, ""))
            self.assertIn(f"'{out}' before check would be a file to write", result.stderr)
        self.assert_folder_holds("canary.safetensors")

    def test_force_has_no_place_before_check(self):
        for words in (("--force", "check", self.canary), ("check", self.canary, "--force")):
            result = candor("canary", *words)
            self.assertEqual((result.returncode, result.stdout), (4, ""), result.stderr)
            self.assertIn("--force", result.stderr)
            self.assertIn("Try 'candor canary check --help'.", result.stderr)
        self.assert_ok(candor("canary", "check", self.canary))

    def test_wrong_command_lines(self):
        self.assert_usage_error(candor("canary"), "name the file to write")
        for name in ("x.h5", "x", "x.npy"):  # unknown, and of one tensor only
            self.assert_usage_error(candor("canary", self.folder / name), ".safetensors, .gguf, .npz, .pt")
        self.assert_usage_error(candor("canary", self.canary, "--no-such-option"))
        self.assert_folder_holds("canary.safetensors")


if __name__ == "__main__":
    unittest.main()
