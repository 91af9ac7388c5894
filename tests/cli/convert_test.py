"""convert: formats by suffix, --explain, refusals with their place, rounding by chance, what stays f32, full disks."""

import json
import resource
import struct
import unittest

from support import CliTest, GGUF_MODEL, candor, read_safetensors, shared_model, write_safetensors

BF16_OFF_GRID = struct.pack("<4H", 0x3F80, 0x33C0, 0x3580, 0x3681)  # 1, 1.5 * 2^-24 (off), 2^-20, 64.5 * 2^-24 (off)


def values_of(path):
    return {name: (dtype, data) for name, (dtype, _, data) in read_safetensors(path).items()}


class Formats(CliTest):
    SUFFIXES = [".safetensors", ".gguf", ".npz", ".pt", ".pth", ".bin", ".ckpt", ""]

    def test_every_format_keeps_every_bit_of_bf16(self):
        source = self.folder / "in.safetensors"
        bits = struct.pack("<6H", 0x7F81, 0xFFC1, 0xFF80, 0x8000, 0x0001, 0x3F81)
        write_safetensors(source, {"a.weight": ("BF16", [2, 3], bits), "b.bias": ("F16", [3], bits[:6])})
        for suffix in self.SUFFIXES:
            with self.subTest(suffix):
                out, back = self.folder / f"out{suffix}", self.folder / "back.safetensors"
                result = candor("convert", source, out, "--dtype", "keep")
                self.assert_ok(result)
                self.assertIn("every value kept", result.stderr)
                self.assert_ok(candor("convert", out, back, "--dtype", "keep", "--force"))
                self.assertEqual(values_of(back), values_of(source))

    def test_names_in_the_table_of_explain_are_readable(self):
        source = self.folder / "in.safetensors"
        write_safetensors(source, {"\x1b[31mred\n": ("BF16", [1], b"\x80\x3f")})
        result = candor("convert", source, self.folder / "o.pt", "--dtype", "keep", "--explain")
        self.assert_ok(result)
        self.assertNotIn("\x1b", result.stdout)
        self.assertIn("\\x1b[31mred\\x0a", result.stdout)

    def test_npy_holds_one_tensor(self):
        source = self.folder / "in.safetensors"
        write_safetensors(source, {"x": ("BF16", [2], b"\x81\x7f\1\0")})
        self.assert_ok(candor("convert", source, self.folder / "x.npy", "--dtype", "keep"))
        self.assert_ok(candor("convert", self.folder / "x.npy", self.folder / "y.safetensors", "--dtype", "keep"))
        self.assertEqual(values_of(self.folder / "y.safetensors"), values_of(source))
        write_safetensors(source, {"x": ("BF16", [1], b"ab"), "y": ("BF16", [1], b"ab")})
        for explain in ([], ["--explain"]):
            self.assert_error(candor("convert", source, self.folder / "z.npy", "--dtype", "keep", *explain),
                              "holds one tensor and the source has 2")

    def test_a_folder_becomes_a_gguf_that_answers_alike(self):
        model = shared_model()
        gguf = self.folder / "model.gguf"
        self.assert_ok(candor("convert", model, gguf, "--dtype", "bf16"))
        answers = []
        for path in (model, gguf):
            result = candor("run", path, "--raw", "-p", "the", "-n", "4", "--temperature", "0", "-q")
            self.assert_ok(result)
            answers.append(result.stdout)
        self.assertEqual(*answers)

    def test_vectors_of_a_gguf_are_widened_by_design(self):
        result = candor("convert", GGUF_MODEL, self.folder / "out.gguf", "--dtype", "bf16")
        self.assert_ok(result)
        self.assertRegex(result.stderr, r"f32 → f32 ")
        bf16 = self.folder / "bf16.safetensors"
        write_safetensors(bf16, {"norm": ("BF16", [1], b"\x80\x3f")})
        result = candor("convert", bf16, self.folder / "norm.gguf", "--dtype", "bf16")
        self.assertIn("widened by design", result.stderr)

    def test_an_empty_word_is_a_wrong_command_line(self):
        source = self.folder / "in.safetensors"
        write_safetensors(source, {"x": ("BF16", [1], b"\x80\x3f")})
        self.assert_usage_error(candor("convert", source, "", "--dtype", "bf16"), "OUT: '' is no file")
        self.assert_usage_error(candor("convert", "", self.folder / "o.pt", "--dtype", "bf16"), "IN: '' is no file")
        self.assert_folder_holds("in.safetensors")

    def test_blocks_have_no_place_in_safetensors(self):
        self.assert_error(candor("convert", GGUF_MODEL, self.folder / "o.safetensors", "--dtype", "keep"),
                          "has no place in safetensors", "--dtype bf16")
        self.assert_folder_holds()


class Losses(CliTest):
    def source(self):
        path = self.folder / "in.safetensors"
        write_safetensors(path, {"x": ("BF16", [4], BF16_OFF_GRID)})
        return path

    def test_off_the_grid_is_refused_with_its_place(self):
        source, out = self.source(), self.folder / "out.safetensors"
        self.assert_error(candor("convert", source, out, "--dtype", "f16"), "2 bf16 values lie off f16's grid",
                          "element 1 is 8.94069672e-08", "nearest f16 is 1.1920929e-07", "--allow-lossy")
        self.assert_folder_holds("in.safetensors")
        self.assert_ok(candor("convert", source, out, "--dtype", "f16", "--allow-lossy"))
        self.assertEqual(values_of(out)["x"], ("F16", struct.pack("<4H", 0x3C00, 2, 0x10, 0x40)))

    def test_explain_says_it_before(self):
        result = candor("convert", self.source(), self.folder / "out.safetensors", "--dtype", "f16", "--explain")
        self.assert_ok(result)
        head, row = result.stdout.split("\n")[:2]
        self.assertEqual(head.split()[-7:], ["largest", "in", "ulps", "subnormal", "overflow", "flushed", "unreachable"])
        self.assertEqual(row.split(), ["x", "bf16", "→", "f16", "[4]", "2", "0.33", "0.5", "3", "2"])
        self.assertIn("x element 1: 8.94069672e-08 becomes 1.1920929e-07\n", result.stdout)
        self.assertIn("note: without --explain this is refused: ", result.stderr)
        allowed = candor("convert", self.source(), self.folder / "out.safetensors", "--dtype", "f16", "--explain",
                         "--allow-lossy")
        self.assertNotIn("refused", allowed.stderr)
        self.assert_folder_holds("in.safetensors")

    def test_f32_among_bf16_stays(self):
        source, out = self.folder / "in.safetensors", self.folder / "out.safetensors"
        router = struct.pack("<f", 1 + 2**-20)
        write_safetensors(source, {"w": ("BF16", [4], b"\x80\x3f" * 4), "router": ("F32", [1], router)})
        result = candor("convert", source, out, "--dtype", "bf16")
        self.assertIn("'router'", result.stderr)
        self.assertEqual(values_of(out)["router"], ("F32", router))
        self.assert_ok(candor("convert", source, out, "--dtype", "bf16", "--narrow-f32", "--force"))
        self.assertEqual(values_of(out)["router"], ("BF16", b"\x80\x3f"))


class Chance(CliTest):
    def test_the_seed_decides_and_is_recorded(self):
        source = self.folder / "in.safetensors"
        write_safetensors(source, {"x": ("F32", [1000], struct.pack("<f", 1.003) * 1000)})

        def by_chance(seed, threads="2"):
            out = self.folder / "out.safetensors"
            self.assert_ok(candor("convert", source, out, "--dtype", "bf16", "--rounding", "stochastic", "--seed", seed,
                                  "--threads", threads, "--force"))
            return out.read_bytes()

        first = by_chance("7")
        self.assertEqual(by_chance("7", "1"), first)
        self.assertNotEqual(by_chance("8"), first)
        length = struct.unpack("<Q", first[:8])[0]
        metadata = json.loads(first[8:8 + length])["__metadata__"]
        self.assertEqual(metadata["candor.rounding"], "stochastic, seed 7; one rounding")
        ups = first[8 + length:].count(b"\x81\x3f")
        self.assertTrue(300 < ups < 470, ups)  # 0.384 of 1000

    def test_chance_and_seed_belong_together(self):
        command = ["convert", GGUF_MODEL, self.folder / "out", "--dtype", "bf16"]
        self.assert_usage_error(candor(*command, "--rounding", "stochastic"), "--seed N")
        self.assert_usage_error(candor(*command, "--seed", "1"), "only with --rounding stochastic")
        self.assert_usage_error(candor(*command, "--rounding", "up"), "'up' is not known")
        self.assert_usage_error(candor(*command, "--rounding", "stochastic", "--seed", "-1"), "--seed")


class Receipts(CliTest):
    def setUp(self):
        super().setUp()
        self.source = self.folder / "in.safetensors"
        write_safetensors(self.source, {"x": ("BF16", [2], b"\x81\x7f\1\0")})

    def test_the_name_of_a_dtype_is_no_place(self):
        out = self.folder / "x.npy"
        for place in (f"{out}.json", self.folder / "." / "x.npy.json"):
            self.assert_usage_error(candor("convert", self.source, out, "--dtype", "keep", "--receipt", place),
                                    "the file that names OUT's dtype and --receipt both name")
        self.assert_folder_holds("in.safetensors")
        self.assert_ok(candor("convert", self.source, out, "--dtype", "keep", "--receipt", self.folder / "y.npy.json"))
        self.assert_ok(candor("convert", out, self.folder / "back.safetensors", "--dtype", "keep"))

    def test_nor_is_a_folder_that_appears_as_a_whole(self):
        out = self.folder / "out"
        self.assert_ok(candor("convert", self.source, out, "--dtype", "keep", "--receipt", self.folder / "out.json"))
        (self.folder / "link").symlink_to("out")
        (out / "elsewhere.json").symlink_to("../out.json")
        for folder, place in ((out, out / "r.json"), (f"{out}/", out / "r.json"), (out, self.folder / "link" / "r.json"),
                              (self.folder / "new", self.folder / "new" / "r.json"), (out, out / "deep" / "r.json"),
                              (out, out / "elsewhere.json")):
            with self.subTest(f"{folder} {place}"):
                result = candor("convert", self.source, folder, "--dtype", "keep", "--force", "--receipt", place)
                self.assert_usage_error(result, f"--receipt names '{place}', which is inside OUT '{folder}'")
        (out / "elsewhere.json").unlink()
        self.assertEqual([p.name for p in out.iterdir()], ["model.safetensors"])
        self.assert_ok(candor("convert", self.source, out, "--dtype", "keep", "--force", "--receipt",
                              self.folder / "out.json"))  # beside it

    def test_a_receipt_that_fails_says_that_out_is_written(self):
        out = self.folder / "out.safetensors"
        for quiet in ([], ["-q"]):
            result = candor("convert", self.source, out, "--dtype", "keep", "--force", "--receipt", "/dev/full", *quiet)
            self.assertEqual(result.returncode, 1)
            self.assertIn(f"No space left on device; name another file; OUT '{out}' is written and in its place",
                          result.stderr)
            self.assertEqual(values_of(out), values_of(self.source))
        result = candor("convert", self.source, self.folder / "o.pt", "--dtype", "keep", "--explain", "--receipt",
                        "/dev/full")
        self.assertNotIn("written and in its place", result.stderr)


class Damage(CliTest):
    def test_what_is_replaced_stays_private(self):
        source, out = self.folder / "in.safetensors", self.folder / "out.safetensors"
        write_safetensors(source, {"x": ("F32", [1], 4)})
        out.write_bytes(b"old")
        out.chmod(0o600)
        self.assert_ok(candor("convert", source, out, "--dtype", "bf16", "--force"))
        self.assertEqual(out.stat().st_mode & 0o777, 0o600)

    def test_a_full_disk_leaves_nothing(self):
        source = self.folder / "in.safetensors"
        write_safetensors(source, {"x": ("F32", [1 << 20], 4 << 20)})
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        for suffix in Formats.SUFFIXES:
            with self.subTest(suffix):
                result = candor("convert", source, self.folder / f"out{suffix}", "--dtype", "keep", preexec_fn=limit)
                self.assert_error(result, "out", "cannot write")
                self.assert_folder_holds("in.safetensors")


if __name__ == "__main__":
    unittest.main()
