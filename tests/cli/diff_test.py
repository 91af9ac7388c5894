"""candor diff: exit codes, sentences, table, JSON, and what it refuses."""

import json
import os
import random
import struct
import unittest
import zipfile
from pathlib import Path

from schema_check import violations
from support import CliTest, GGUF_MODEL, GOLDEN, candor, peak_memory, write_safetensors

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "schema" / "diff-1.json").read_text())


def f32_bits(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


def to_bf16(x):
    """One rounding, to nearest even."""
    bits = f32_bits(x)
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


def through_f16(x):
    return struct.unpack("<e", struct.pack("<e", x))[0]


def words(values, form="H"):
    return struct.pack(f"<{len(values)}{form}", *values)


def weights(count, seed=1):
    draw = random.Random(seed).gauss
    return [struct.unpack("<f", struct.pack("<f", draw(0, 0.02)))[0] for _ in range(count)]


class DiffTest(CliTest):
    def setUp(self):
        super().setUp()
        values = weights(65536)
        self.a = self.put("a.safetensors", {"w": ("BF16", [256, 256], words([to_bf16(x) for x in values]))})
        self.codes = [to_bf16(x) for x in values]
        self.laundered = [to_bf16(through_f16(struct.unpack("<f", struct.pack("<I", c << 16))[0])) for c in self.codes]
        self.b = self.put("b.safetensors", {"w": ("BF16", [256, 256], words(self.laundered))})

    def put(self, name, tensors):
        write_safetensors(self.folder / name, tensors)
        return self.folder / name

    def read_json(self, *arguments):
        result = candor("diff", *arguments, "--json", "-")
        document = json.loads(result.stdout)
        self.assertEqual(violations(document, SCHEMA), [])
        return result.returncode, document

    def test_equal_files_exit_with_0(self):
        for other in (self.a, self.put("copy.safetensors", {"w": ("BF16", [256, 256], words(self.codes))})):
            result = candor("diff", self.a, other)
            self.assert_ok(result)
            self.assertEqual(result.stdout, "the tensor is the same in both, bit for bit\n")
            self.assertEqual(result.stderr, "")

    def test_a_detour_is_told_in_one_sentence(self):
        changed = sum(x != y for x, y in zip(self.codes, self.laundered))
        self.assertGreater(changed, 5)
        result = candor("diff", self.a, self.b)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "")
        first = result.stdout.split("\n")[0]
        self.assertTrue(first.startswith(
            f"b.safetensors is a.safetensors rounded through f16: {changed} of 65,536 values changed, {changed} that "
            "f16 cannot hold lie on its lattice"), first)
        quiet = candor("diff", self.a, self.b, "-q")
        self.assertEqual((quiet.returncode, quiet.stdout), (1, first + "\n"))
        verbose = candor("diff", self.a, self.b, "--verbose")
        self.assertIn("through f16, subnormals flushed", verbose.stdout)

    def test_json_has_what_was_counted(self):
        code, document = self.read_json(self.a, self.b)
        self.assertEqual(code, 1)
        self.assertFalse(document["equal"])
        tensor, = document["tensors"]
        self.assertEqual((tensor["status"], tensor["history"], tensor["also"]), ("explained", "through f16", ["through f16, saturated"]))
        changed = [i for i, (x, y) in enumerate(zip(self.codes, self.laundered)) if x != y]
        self.assertEqual(tensor["counts"]["changed"], len(changed))
        data_a, data_b = self.a.read_bytes(), self.b.read_bytes()
        self.assertEqual(tensor["witnesses"][0]["index"], changed[0])
        for witness in tensor["witnesses"]:
            self.assertEqual(witness["code_a"], struct.unpack_from("<H", data_a, witness["offset_a"])[0])
            self.assertEqual(witness["code_b"], struct.unpack_from("<H", data_b, witness["offset_b"])[0])
            row, column = witness["position"]
            self.assertEqual(row * 256 + column, witness["index"])
        path = self.folder / "out.json"
        self.assertEqual(candor("diff", self.a, self.b, "--json", path).returncode, 1)
        self.assertEqual(violations(json.loads(path.read_text()), SCHEMA), [])

    def test_nan_and_infinity_have_words_in_json(self):
        a = self.put("x.safetensors", {"w": ("BF16", [3], words([0x7FC1, 0x7F7F, 0x7F80]))})
        b = self.put("y.safetensors", {"w": ("BF16", [3], words([0x7F80, 0x7FC0, 0x7F7F]))})
        _, document = self.read_json(a, b)
        values = [(w["value_a"], w["value_b"]) for w in document["tensors"][0]["witnesses"]]
        self.assertEqual((values[0], values[1][1], values[2][0]), (("nan", "inf"), "nan", "inf"))

    def test_every_kind_of_tensor_fits_the_schema(self):
        a = self.put("x.safetensors", {"gone": ("F32", [1], words([1.5], "f")), "flat": ("F32", [2, 1], words([1, 2], "f")),
                                       "ids": ("I32", [1], words([3], "i")), "s": ("F32", [], words([1.0], "f")),
                                       "t": ("BF16", [2, 3], words([1, 2, 3, 4, 5, 6])), "e": ("F32", [0], b"")})
        b = self.put("y.safetensors", {"extra": ("F32", [3], words([1, 2, 3], "f")), "flat": ("F32", [2], words([1, 2], "f")),
                                       "ids": ("I32", [1], words([4], "i")), "s": ("F64", [], words([1.0], "d")),
                                       "t": ("BF16", [3, 2], words([1, 4, 2, 5, 3, 6])), "e": ("F32", [0], b"")})
        code, document = self.read_json(a, b)
        self.assertEqual(code, 1)
        statuses = {(t["a"] or t["b"])["name"]: t["status"] for t in document["tensors"]}
        self.assertEqual(statuses, {"gone": "missing", "extra": "added", "flat": "reshaped", "ids": "changed",
                                    "s": "same values", "t": "transposed", "e": "equal"})

    def test_a_renamed_copy_is_equal(self):
        b = self.put("c.safetensors", {"other": ("BF16", [256, 256], words(self.codes))})
        result = candor("diff", self.a, b)
        self.assert_ok(result)
        self.assertIn("1 tensor has another name in B", result.stderr)

    def test_patterns(self):
        b = self.put("c.safetensors", {"w": ("BF16", [256, 256], words(self.codes)), "v": ("F32", [1], words([1], "f"))})
        self.assertEqual(candor("diff", self.a, b).returncode, 1)
        self.assert_ok(candor("diff", self.a, b, "--only", "w"))
        self.assert_ok(candor("diff", self.a, b, "--exclude", "v"))
        self.assert_error(candor("diff", self.a, b, "--only", "nothing*"), "'nothing*' matches nothing in A (1 tensor) or B (2 tensors)", code=4)

    def test_a_converted_gguf_model_is_recognised(self):
        folder = self.folder / "converted.safetensors"
        self.assert_ok(candor("convert", GGUF_MODEL, folder, "--dtype", "bf16", "-q"))
        code, document = self.read_json(GGUF_MODEL, folder)
        self.assertEqual(code, 1)
        histories = {t["history"] for t in document["tensors"] if t["a"] and t["b"]}
        self.assertLessEqual(histories, {"rounded once", "kept exactly", "unchanged", None})
        matched = {t["matched_by"] for t in document["tensors"]}
        self.assertEqual(matched, {"values", "values in another row order"})  # Q and K; nothing is missing or added
        reordered = [t["a"]["name"] for t in document["tensors"] if t["matched_by"].endswith("row order")]
        self.assertTrue(reordered and all(".attn_q." in name or ".attn_k." in name for name in reordered), reordered)
        self.assertIn("as GGUF's Llama files store Q and K", " ".join(document["notes"]))

    def test_codes_have_the_digits_of_their_dtype(self):
        a = self.put("x.safetensors", {"w": ("F32", [2], struct.pack("<2f", 1.5e-30, 3))})
        b = self.put("y.safetensors", {"w": ("F8_E4M3", [2], bytes([0x38, 0x40]))})
        result = candor("diff", a, b, "--verbose")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r" 0x[0-9a-f]{8} → 0x38 ")

    def test_numpy_files_compare_with_others(self):
        def npy(name, descr, fortran, data):
            header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': (256, 256), }}"
            header = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
            content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data
            (self.folder / name).write_bytes(content)
            return self.folder / name
        columns = [self.codes[row * 256 + column] for column in range(256) for row in range(256)]
        fortran = npy("w.npy", "<V2", True, words(columns))
        self.assert_ok(candor("diff", self.a, fortran, "--v2-as-bf16"))
        self.assertIn("use --v2-as-bf16", candor("diff", self.a, fortran).stderr)
        archive = self.folder / "w.npz"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            file.write(npy("l.npy", "<V2", False, words(self.laundered)), "w.npy")
        result = candor("diff", self.a, archive, "--v2-as-bf16", "-q")
        self.assertEqual(result.returncode, 1)
        self.assertIn("w.npz is a.safetensors rounded through f16", result.stdout)

    def test_folders_and_files_compare(self):
        model = GOLDEN / "gqa_tied"
        self.assert_ok(candor("diff", model, model / "model.safetensors"))

    def test_what_cannot_be_read_has_its_exit_code(self):
        broken = self.folder / "broken.safetensors"
        broken.write_bytes(b"\xff" * 64)
        for arguments in ((broken, self.a), (self.a, broken)):
            self.assert_error(candor("diff", *arguments), "broken.safetensors", "byte", code=3)
        cut = self.folder / "cut.safetensors"
        cut.write_bytes(self.a.read_bytes()[:-1])
        self.assert_error(candor("diff", self.a, cut), "cut.safetensors", code=3)
        self.assert_error(candor("diff", self.a, self.folder / "none.safetensors"), "none.safetensors", code=4)
        self.assertEqual(candor("diff", self.a, self.folder / "empty_name" / "x").returncode, 4)

    def test_wrong_command_lines(self):
        for arguments in ((), (self.a,), (self.a, ""), (self.a, self.b, self.b), (self.a, self.b, "--threads", "0"),
                          (self.a, self.b, "--json", ""), (self.a, self.b, "--json", self.a), (self.a, self.b, "--bad")):
            result = candor("diff", *arguments)
            self.assertEqual(result.returncode, 4, arguments)
            self.assertEqual(result.stdout, "")
            self.assertTrue(result.stderr.startswith("candor diff: "), result.stderr)
        self.assertEqual(self.a.read_bytes()[8:9], b"{")

    def test_the_number_of_threads_changes_nothing(self):
        def counted(threads):
            _, document = self.read_json(self.a, self.b, "--threads", threads)
            for name in ("created", "machine", "seconds"):
                document.pop(name)
            return document
        self.assertEqual(counted("1"), counted("5"))

    def test_memory_does_not_grow_with_the_files(self):
        def peak(rows):
            paths = []
            for name, last in (("l", 0x3F80), ("r", 0x3F81)):
                path = self.folder / f"{name}{rows}.safetensors"
                write_safetensors(path, {"w": ("BF16", [rows, 4096], 2 * rows * 4096)})
                with open(path, "r+b") as file:
                    file.seek(-2, os.SEEK_END)
                    file.write(words([last]))
                paths.append(path)
            return peak_memory("diff", *paths, "-q", code=1)
        small, large = peak(1 << 13), peak(1 << 15)  # 64 and 256 MiB
        self.assertLess(large, small + (24 << 20))


if __name__ == "__main__":
    unittest.main()
