"""logits, convert, bench, explain, kernels, info: what they write and say."""

import array
import json
import math
import os
import unittest

from support import (BARE_MODEL, GGUF_MODEL, GOLDEN, MODEL, CliTest, candor, make_model, peak_memory, read_npy,
                     read_safetensors, write_safetensors)


class LogitsTest(CliTest):
    def test_shape_and_values(self):
        expected = read_safetensors(GOLDEN / "gqa_tied" / "expected.safetensors")
        _, (count,), raw = expected["tokens"]
        tokens = [int.from_bytes(raw[i:i + 4], "little") for i in range(0, 4 * count, 4)]
        out = self.folder / "logits.npy"
        result = candor("logits", MODEL, "--precision", "f32", "--tokens", ",".join(map(str, tokens)), "-o", out,
                        "-q")
        self.assert_ok(result)
        self.assertEqual(result.stdout + result.stderr, "")
        self.assert_folder_holds("logits.npy")
        shape, values = read_npy(out)
        dtype, wanted_shape, wanted_raw = expected["logits_f32"]
        self.assertEqual(dtype, "F32")
        self.assertEqual(shape, (count, wanted_shape[1]))
        wanted = array.array("f", wanted_raw)
        tail = values[-len(wanted):]
        largest = max(map(abs, wanted))
        self.assertLessEqual(max(abs(x - y) for x, y in zip(tail, wanted)), 1e-5 * largest)

    def test_text_tokens_and_standard_input_agree(self):
        outputs = [self.folder / f"{i}.npy" for i in range(3)]
        shown = candor("run", MODEL, "--raw", "-p", "hello", "-n", "0", "--show-tokens").stderr
        tokens = ",".join(shown.removeprefix("tokens: ").split())
        self.assert_ok(candor("logits", MODEL, "--text", "hello", "-o", outputs[0]))
        self.assert_ok(candor("logits", MODEL, "--tokens", tokens, "-o", outputs[1]))
        self.assert_ok(candor("logits", MODEL, "--tokens", "-", "-o", outputs[2], stdin=tokens.encode() + b"\n"))
        self.assertEqual(len({path.read_bytes() for path in outputs}), 1)

    def test_no_tokenizer_is_needed_with_tokens(self):
        out = self.folder / "logits.npy"
        self.assert_ok(candor("logits", BARE_MODEL, "--tokens", "1,2,3", "-o", out))
        self.assertEqual(read_npy(out)[0][0], 3)
        self.assert_error(candor("logits", BARE_MODEL, "--text", "a", "-o", out), "tokenizer")

    def test_wrong_tokens(self):
        out = self.folder / "logits.npy"
        for tokens in ["", "1,,2", "1,x", "1.5", "-1", "99999999999", "1,2,", "0x10"]:
            with self.subTest(tokens):
                self.assert_usage_error(candor("logits", MODEL, "--tokens", tokens, "-o", out), "--tokens", "position")
        self.assert_error(candor("logits", MODEL, "--tokens", "1,100000", "-o", out), "100000", "291")
        self.assert_error(candor("logits", MODEL, "--tokens", ",".join(["1"] * 257), "-o", out), "257", "256")
        self.assert_folder_holds()


class ConvertTest(CliTest):
    VALUES = [0.0, 1.0, -2.5, 1.00390625, 3.0e38, 1.0e-30]

    def write_input(self, values):
        path = self.folder / "in.safetensors"
        data = array.array("f", values).tobytes()
        write_safetensors(path, {"block.weight": ("F32", [len(values)], data), "block.norm": ("F32", [2], b"\0" * 8),
                                 "ids": ("I64", [1], b"\1" * 8)})
        return path

    def test_bf16(self):
        source, out = self.write_input(self.VALUES), self.folder / "out.safetensors"
        result = candor("convert", source, out, "--dtype", "bf16", "--keep-f32", "*norm*")
        self.assert_ok(result)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"f32 → bf16 +1 tensor +6 elements +3 rounded")
        self.assertIn(f"wrote {out}", result.stderr)
        tensors = read_safetensors(out)
        self.assertEqual({name: t[0] for name, t in tensors.items()},
                         {"block.weight": "BF16", "block.norm": "F32", "ids": "I64"})
        # 1.00390625 lies midway between 1 and 1.0078125: the even neighbour is 1.
        self.assertEqual(tensors["block.weight"][2][6:8], b"\x80\x3f")

    def test_existing_output(self):
        source, out = self.write_input(self.VALUES), self.folder / "out.safetensors"
        out.write_bytes(b"old")
        self.assert_error(candor("convert", source, out, "--dtype", "bf16"), f"{out}: exists; choose another name or allow overwriting (--force)")
        self.assertEqual(out.read_bytes(), b"old")
        self.assert_ok(candor("convert", source, out, "--dtype", "bf16", "--force"))
        self.assertGreater(out.stat().st_size, 3)
        self.assert_folder_holds("in.safetensors", "out.safetensors")

    def test_lossy(self):
        source, out = self.write_input(self.VALUES), self.folder / "out.safetensors"
        refused = candor("convert", source, out, "--dtype", "f16")
        self.assert_error(refused, "'block.weight'", "1 overflow", "lossy")
        self.assert_folder_holds("in.safetensors")
        result = candor("convert", source, out, "--dtype", "f16", "--allow-lossy")
        self.assert_ok(result)
        self.assertRegex(result.stderr, r"8 elements +1 overflowed to infinity, 1 flushed to zero\n")
        out.unlink()
        quiet = candor("convert", source, out, "--dtype", "f16", "--allow-lossy", "-q")
        self.assertEqual((quiet.returncode, quiet.stderr), (0, ""))

    def test_values_that_bf16_cannot_hold_are_said(self):
        """Below half of the smallest bf16 subnormal: zero, and no permission is asked."""
        source, out = self.write_input([1e-45, 1e-42, 1.0]), self.folder / "out.safetensors"
        result = candor("convert", source, out, "--dtype", "bf16", "--keep-f32", "*norm*")
        self.assert_ok(result)
        self.assertRegex(result.stderr, r"f32 → bf16 +1 tensor +3 elements +2 flushed to zero\n")
        self.assertNotIn("rounded", result.stderr)
        quiet = candor("convert", source, out, "--dtype", "bf16", "--keep-f32", "*norm*", "-q", "--force")
        self.assert_ok(quiet)
        self.assertRegex(quiet.stderr, rf"^note: 2 flushed to zero in {out}; [^\n]*\n$")

    def test_explain_writes_nothing(self):
        source, out = self.write_input(self.VALUES), self.folder / "out.safetensors"
        result = candor("convert", source, out, "--dtype", "f16", "--explain")
        self.assert_ok(result)
        self.assertIn("block.weight", result.stdout)
        self.assertIn("nothing was written", result.stdout)
        self.assert_folder_holds("in.safetensors")

    def test_blocks_to_a_folder_that_runs(self):
        out = self.folder / "converted"
        result = candor("convert", GGUF_MODEL, out, "--dtype", "bf16")
        self.assert_ok(result)
        self.assertIn("note: ", result.stderr)
        self.assertRegex(result.stderr, r"q\d_\w+ → bf16")
        self.assert_ok(candor("logits", out, "--tokens", "1,2", "-o", self.folder / "logits.npy"))

    def test_quiet(self):
        source, out = self.write_input([1.0]), self.folder / "out.safetensors"
        result = candor("convert", source, out, "--dtype", "bf16", "-q")
        self.assert_ok(result)
        self.assertEqual(result.stdout + result.stderr, "")


class BenchTest(CliTest):
    def test_json(self):
        path = self.folder / "bench.json"
        result = candor("bench", MODEL, "--precision", "bf16", "--prefill", "16", "--decode", "4", "--repeat", "2",
                        "--json", path)
        self.assert_ok(result)
        self.assertRegex(result.stdout, r"(?m)^prefill +16 ")
        self.assertRegex(result.stdout, r"(?m)^decode +4 ")
        bench = json.loads(path.read_text())
        for key in ["prefill_tokens_per_second", "decode_tokens_per_second", "read_probe_bytes_per_second",
                    "fma_peak_flops_per_second", "weight_bytes_per_token", "prefill_flops_per_second"]:
            self.assertGreater(bench[key], 0, key)
        self.assertEqual(len(bench["prefill"]["seconds"]), 2)
        self.assertTrue(math.isclose(bench["achieved_bytes_per_second"],
                                     bench["decode_tokens_per_second"] * bench["weight_bytes_per_token"]))
        receipt = bench["receipt"]
        self.assertEqual(receipt["command"], "bench")
        self.assertEqual((receipt["speed"]["prompt_tokens"], receipt["speed"]["decode_steps"]), (16, 4))
        self.assertEqual(receipt["ceilings"]["read_bytes_per_second"], bench["read_probe_bytes_per_second"])
        self.assert_folder_holds("bench.json")

    def test_fractions_of_the_ceilings(self):
        for isa in (None, "baseline"):
            result = candor("bench", MODEL, "--prefill", "8", "--decode", "4", "--repeat", "3", "--json", "-",
                            env={"CANDOR_ISA": isa} if isa else None)
            self.assert_ok(result)
            bench = json.loads(result.stdout)
            for fraction, part, whole in [
                    ("achieved_read_fraction", "achieved_bytes_per_second", "read_probe_bytes_per_second"),
                    ("prefill_fma_fraction", "prefill_flops_per_second", "fma_peak_flops_per_second"),
                    ("prefill_dpbf16_fraction", "prefill_flops_per_second", "dpbf16_peak_flops_per_second")]:
                if bench[whole] is None:
                    self.assertIsNone(bench[fraction])
                else:
                    self.assertTrue(math.isclose(bench[fraction], bench[part] / bench[whole]), fraction)
            has_pairs = bench["receipt"]["machine"]["isa"] == "avx512bf16"
            self.assertEqual(bench["dpbf16_peak_flops_per_second"] is not None, has_pairs)
            self.assertEqual(bench["receipt"]["ceilings"]["dpbf16_flops_per_second"] is not None, has_pairs)
            for name, tokens in [("prefill", 8), ("decode", 4)]:
                rates = sorted(tokens / seconds for seconds in bench[name]["seconds"])
                for key, rate in zip(["min", "median", "max"], rates):
                    self.assertTrue(math.isclose(bench[name][f"{key}_tokens_per_second"], rate), (name, key))

    def test_json_on_standard_output(self):
        result = candor("bench", MODEL, "--prefill", "4", "--decode", "1", "--repeat", "1", "--json", "-")
        self.assert_ok(result)
        self.assertEqual(json.loads(result.stdout)["repeat"], 1)

    def test_receipt(self):
        words = ["bench", MODEL, "--prefill", "4", "--decode", "3", "--repeat", "1"]
        path = self.folder / "receipt.json"
        result = candor(*words, "--receipt", path, "--json", self.folder / "bench.json")
        self.assert_ok(result)
        receipt = json.loads(path.read_text())
        self.assertEqual(receipt, json.loads((self.folder / "bench.json").read_text())["receipt"])
        self.assertEqual((receipt["command"], receipt["speed"]["decode_steps"]), ("bench", 3))
        shown = candor(*words, "--receipt", "-")
        self.assert_ok(shown)
        self.assertRegex(shown.stderr, r"(?m)^speed +prefill 4 tokens")
        self.assertRegex(shown.stdout, r"(?m)^decode +3 ")

    def test_longer_than_the_context(self):
        self.assert_error(candor("bench", MODEL, "--prefill", "300"), "256")


class ExplainTest(CliTest):
    def test_every_op_has_a_row(self):
        result = candor("explain", MODEL, "--precision", "bf16", "--json")
        self.assert_ok(result)
        explained = json.loads(result.stdout)
        self.assertEqual(explained["missing"], 0)
        ops = {entry["op"] for entry in explained["ops"]}
        self.assertLessEqual({"rms_norm", "attention", "matmul", "rope"}, ops)
        for entry in explained["ops"]:
            self.assertTrue(entry["kernel"] and entry["instruction_class"], entry)
        table = candor("explain", MODEL, "--precision", "bf16", "--passed-over")
        self.assert_ok(table)
        for entry in explained["ops"]:
            self.assertIn(entry["kernel"], table.stdout)

    def test_reads_headers_only(self):
        """Ten gigabytes of weights, none of which is touched."""
        model = make_model(self.folder / "enormous", hidden=4096, layers=32, holes=True)
        self.assertGreater((self.folder / "enormous" / "model.safetensors").stat().st_size, 9 << 30)
        self.assertLess(peak_memory("explain", model, "--precision", "bf16"), 64 << 20)

    def test_paths_that_are_not_utf8(self):
        """JSON is UTF-8: the byte that is not shows as U+FFFD, and the work is not lost."""
        model = os.fsencode(self.folder) + b"/caf\xe9"
        os.symlink(os.fsencode(MODEL), model)
        explained = candor("explain", model, "--json")
        self.assert_ok(explained)
        self.assertTrue(json.loads(explained.stdout)["model"].endswith("/caf\ufffd"))
        receipt = self.folder / "receipt.json"
        self.assert_ok(candor("run", model, "-p", "a", "-n", "1", "-q", "--receipt", receipt))
        self.assertTrue(json.loads(receipt.read_text())["model"]["path"].endswith("/caf\ufffd"))
        bench = candor("bench", model, "--prefill", "2", "--decode", "1", "--repeat", "1", "-q", "--json", "-")
        self.assert_ok(bench)
        self.assertTrue(json.loads(bench.stdout)["receipt"]["model"]["path"].endswith("/caf\ufffd"))

    def test_paths_are_shown_as_errors_show_them(self):
        """A note, what was written and a terminal's line: one line each, whatever a name holds."""
        folder = os.fsencode(self.folder)
        source, out, again = folder + b"/in.safetensors", folder + b"/a\n\x1b[31m\xe9.safetensors", folder + b"/b\n.gguf"
        write_safetensors(source, {"w": ("F32", [2], array.array("f", [1e-45, 1.0]).tobytes())})
        loud = candor("convert", source, out, "--dtype", "bf16")
        self.assert_ok(loud)
        self.assertTrue(loud.stderr.endswith(f"wrote {self.folder}/a\\x0a\\x1b[31m\\xe9.safetensors\n"), loud.stderr)
        quiet = candor("convert", source, out, "--dtype", "bf16", "-q", "--force")
        self.assertEqual(quiet.stderr, f"note: 1 flushed to zero in {self.folder}/a\\x0a\\x1b[31m\\xe9.safetensors; "
                                       "--keep-f32 keeps the tensors it names\n")
        os.symlink(os.fsencode(GGUF_MODEL), again)  # its name becomes the model's where the file has none
        summary = candor("logits", again, "--tokens", "1", "-o", folder + b"/x", "--receipt", "-")
        self.assert_ok(summary)
        self.assertNotIn("\n.gguf", summary.stderr)

    def test_lower_isa_chooses_other_rows(self):
        lowest = candor("explain", MODEL, "--precision", "bf16", "--json", env={"CANDOR_ISA": "baseline"})
        self.assert_ok(lowest)
        self.assertEqual({entry["isa"] for entry in json.loads(lowest.stdout)["ops"]} - {"any", "baseline"}, set())

    def test_missing_kernels(self):
        result = candor("explain", MODEL, "--precision", "weights=bf16,compute=f16,accumulate=f16")
        self.assertEqual(result.returncode, 1)
        self.assertIn("missing", result.stdout)
        self.assertRegex(result.stderr, r"^candor explain: \d+ of \d+ ops have no kernel:\n")
        self.assert_error(candor("run", MODEL, "-p", "a", "--precision", "weights=bf16,compute=f16,accumulate=f16"),
                          "no kernel", lines=100)


class TablesTest(CliTest):
    def test_kernels(self):
        result = candor("kernels")
        self.assert_ok(result)
        self.assertRegex(result.stdout, r"(?m)^matmul +bf16·bf16→bf16 +f32/f32 +cpu/matmul/")
        only = candor("kernels", "--op", "attention", "--here").stdout.strip().split("\n")[1:]
        self.assertTrue(only)
        for line in only:
            self.assertTrue(line.startswith("attention "), line)
            self.assertNotIn("not on this machine", line)

    def test_markdown_is_the_same_on_every_isa(self):
        texts = {candor("kernels", "--markdown", env={"CANDOR_ISA": isa} if isa else {}).stdout
                 for isa in ["", "baseline", "avx2"]}
        self.assertEqual(len(texts), 1)
        self.assertTrue(texts.pop().startswith("# "))

    def test_info(self):
        plain = candor("info", env={"CANDOR_ISA": "baseline"})
        self.assert_ok(plain)
        self.assertRegex(plain.stdout, r"(?m)^isa +baseline")
        self.assertRegex(plain.stdout, r"(?m)^bf16 +yes +(native|via f32) +yes$")
        info = json.loads(candor("info", "--json", "--probe").stdout)
        self.assertGreater(info["ceilings"]["read_bytes_per_second"], 1e8)
        self.assertGreater(info["ceilings"]["fma_flops_per_second"], 1e8)
        self.assertIn("bf16", {entry["dtype"] for entry in info["dtypes"]})


if __name__ == "__main__":
    unittest.main()
