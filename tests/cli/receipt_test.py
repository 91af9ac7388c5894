"""Receipts: the JSON against docs/schema/receipt-1.json, and against what is known about the model."""

import copy
import hashlib
import json
import pathlib
import unittest

from schema_check import violations
from support import GGUF_MODEL, SOURCE, CliTest, candor, make_model, peak_memory, shared_model

MODEL = shared_model()
WHOLE_TILES = dict(vocabulary=272, context=8192)  # every row count is a multiple of 16: nothing is padded
SCHEMA = json.loads((SOURCE / "docs" / "schema" / "receipt-1.json").read_text())


class ReceiptTest(CliTest):
    def receipt(self, *command, **keywords):
        path = self.folder / "receipt.json"
        result = candor(*command, "--receipt", path, **keywords)
        self.assert_ok(result)
        receipt = json.loads(path.read_text())
        self.assert_valid(receipt)
        return receipt

    def assert_valid(self, receipt):
        self.assertEqual(violations(receipt, SCHEMA), [])
        try:
            import jsonschema
        except ImportError:
            return
        jsonschema.validate(receipt, SCHEMA)

    def only_weights(self, receipt, dtype, size):
        """All weights have this dtype. 269 rows of 32 are packed into tiles of 16 rows: three more, twice at most."""
        self.assertEqual([w["dtype"] for w in receipt["weights"]], [dtype])
        weights = receipt["weights"][0]
        self.assertEqual(weights["bytes_per_element"], weights["bytes"] / weights["elements"])
        self.assertGreaterEqual(weights["bytes"], size * weights["elements"])
        self.assertLessEqual(weights["bytes"], size * (weights["elements"] + 2 * 3 * 32))
        return weights

    def test_run_in_bf16(self):
        receipt = self.receipt("run", MODEL, "--precision", "bf16", "-p", "hello", "-n", "8", "--greedy", "-q")
        model = pathlib.Path(MODEL) / "model.safetensors"
        self.assertEqual([f["sha256"] for f in receipt["files"]], [hashlib.sha256(model.read_bytes()).hexdigest()])
        weights = self.only_weights(receipt, "bf16", 2)
        self.assertEqual(receipt["model"]["weight_bytes"], weights["bytes"])
        self.assertEqual(receipt["model"]["parameters"], weights["elements"])
        for kernel in receipt["kernels"]:
            if kernel["op"] in ("matmul", "gated_linear", "qkv_projection"):
                precision = kernel["precision"]
                self.assertEqual((precision["a"], precision["b"], precision["accumulate"]), ("bf16", "bf16", "f32"))
                self.assertGreater(kernel["flops"], 0)
                self.assertGreater(kernel["bytes_read"]["bf16"], 0)
        self.assertIn("attention", {kernel["op"] for kernel in receipt["kernels"]})
        self.assertGreater(receipt["memory"]["resident_peak_bytes"], weights["bytes"])
        self.assertGreater(receipt["memory"]["kv_cache_bytes"], 0)
        self.assertGreater(receipt["speed"]["prompt_tokens"], 0)
        self.assertEqual(receipt["speed"]["decode_steps"], 7)  # the first of 8 tokens comes out of the prefill
        scores = [k for k in receipt["kernels"] if k["op"] == "matmul" and k["precision"]["out"] == "f32"]
        self.assertEqual(sum(k["calls"] for k in scores), 8)

    def test_bf16_takes_exactly_two_bytes(self):
        model = make_model(self.folder / "model", **WHOLE_TILES)
        words = ["run", model, "--precision", "bf16", "-p", "hello", "-n", "2", "-q"]
        receipt = self.receipt(*words)
        [weights] = receipt["weights"]
        self.assertEqual((weights["dtype"], weights["bytes"]), ("bf16", 2 * weights["elements"]))
        self.assertEqual(weights["bytes_per_element"], 2)
        self.assertEqual(receipt["model"]["weight_bytes"], weights["bytes"])
        self.assertRegex(candor(*words, "--receipt", "-").stderr, r"(?m)^weights +bf16 +\S+ \wB +2\.00 bytes/element ")

    def test_a_decode_step_reads_what_the_model_says(self):
        """Weights alone are f16, so that their bytes can be told from the activations'."""
        model = make_model(self.folder / "model", **WHOLE_TILES)
        words = ["run", model, "--precision", "weights=f16,activations=bf16,kv=bf16", "-p", "hello", "--greedy", "-q"]

        def bytes_of(count):
            receipt = self.receipt(*words, "-n", str(count))
            return receipt, sum(k["bytes_read"].get("f16", 0) for k in receipt["kernels"])
        (receipt, many), (_, few) = bytes_of(7), bytes_of(3)
        self.assertEqual(many - few, 4 * receipt["model"]["weight_bytes_per_token"])

    def test_memory(self):
        model = make_model(self.folder / "model", **WHOLE_TILES)
        receipt = self.receipt("run", model, "--precision", "weights=bf16,activations=bf16,kv=f16", "-p", "hello",
                               "-n", "2", "-q")
        memory = receipt["memory"]
        for entry in memory["by_dtype"]:
            self.assertGreaterEqual(entry["peak_bytes"], entry["allocated_bytes"], entry)
        self.assertGreaterEqual(memory["workspace_peak_bytes"], memory["workspace_bytes"])
        self.assertEqual([e["allocated_bytes"] for e in memory["by_dtype"] if e["dtype"] == "f16"],
                         [memory["kv_cache_bytes"]])
        # Without -c the cache holds 4096 tokens, or what the model was made for if that is less.
        self.assertEqual(memory["kv_cache_bytes"], 4096 * receipt["model"]["kv_bytes_per_token"])
        whole = self.receipt("run", model, "-p", "hello", "-n", "2", "-q", "-c", "0")
        self.assertEqual(whole["memory"]["kv_cache_bytes"], 8192 * whole["model"]["kv_bytes_per_token"])
        small = self.receipt("run", MODEL, "-p", "hello", "-n", "2", "-q")
        self.assertEqual(small["memory"]["kv_cache_bytes"], 256 * small["model"]["kv_bytes_per_token"])

    def test_a_receipt_takes_no_memory_of_its_own(self):
        """Weights, KV cache and 64 MB, with the hashes and the ceilings that come after the answer."""
        model = make_model(self.folder / "model", hidden=1024, layers=4, holes=True)
        words = ["run", model, "--precision", "bf16", "-p", "hello", "-n", "4", "--greedy", "-q"]
        receipt = self.receipt(*words)
        weights = receipt["model"]["weight_bytes"]
        self.assertGreater(weights, 64 << 20)
        limit = weights + receipt["memory"]["kv_cache_bytes"] + 64_000_000
        self.assertLess(peak_memory(*words), limit)
        self.assertLess(peak_memory(*words, "--receipt", self.folder / "receipt.json"), limit)

    def test_build(self):
        receipt = self.receipt("convert", GGUF_MODEL, self.folder / "out", "--dtype", "bf16", "-q")
        self.assertRegex(receipt["candor"]["build_hash"], r"^([0-9a-f]{7,40}\+?|unknown)$")
        self.assertRegex(receipt["candor"]["version"], r"^\d+\.\d+\.\d+$")

    def test_every_dtype_is_in_the_schema(self):
        listed = {entry["dtype"] for entry in json.loads(candor("info", "--json").stdout)["dtypes"]}
        self.assertEqual(set(SCHEMA["$defs"]["dtype"]["enum"]) - {"tf32"}, listed - {"any", "tf32"})

    def test_nothing_decoded_has_no_rate(self):
        receipt = self.receipt("run", MODEL, "-p", "a", "-n", "1", "-q")
        self.assertEqual(receipt["speed"]["decode_steps"], 0)
        self.assertIsNone(receipt["speed"]["achieved_bytes_per_second"])

    def test_every_instruction_class_is_in_the_schema(self):
        rows = [line.split(" | ") for line in candor("kernels", "--markdown").stdout.splitlines() if "| " in line]
        classes = {row[7] for row in rows if len(row) == 9} - {"instruction class"}
        entry = SCHEMA["properties"]["kernels"]["items"]["properties"]["instruction_class"]
        self.assertEqual(classes, set(entry["enum"]))

    def test_denormals_of_f16_are_no_denormals_of_f32(self):
        receipt = self.receipt("run", MODEL, "--precision", "f16", "-p", "a", "-n", "2", "-q")
        self.assertRegex(receipt["denormals"], r"^values below 2\^-126 are zero in .*; kept elsewhere$")

    def test_precision_shows(self):
        for name, size in [("f32", 4), ("f16", 2), ("bf16", 2)]:
            receipt = self.receipt("run", MODEL, "--precision", name, "-p", "hello", "-n", "2", "-q")
            self.only_weights(receipt, name, size)
            stored = {k["precision"]["b"] for k in receipt["kernels"] if k["op"] in ("matmul", "gated_linear")}
            self.assertEqual(stored, {name})

    def test_dequantising_is_counted(self):
        stored = self.receipt("logits", GGUF_MODEL, "--tokens", "1,2", "-o", self.folder / "a.npy", "-q")
        blocks = {w["dtype"] for w in stored["weights"]} - {"f32", "f16", "bf16"}
        self.assertTrue(blocks)
        widened = self.receipt("logits", GGUF_MODEL, "--precision", "bf16", "--tokens", "1,2", "-q",
                               "-o", self.folder / "b.npy")
        self.assertEqual(blocks & {w["dtype"] for w in widened["weights"]}, set())
        casts = {(c["from"], c["to"]) for c in widened["casts"]}
        self.assertLessEqual({(block, "bf16") for block in blocks}, casts)
        self.assertTrue(widened["model"]["notes"])

    def test_convert(self):
        receipt = self.receipt("convert", GGUF_MODEL, self.folder / "out", "--dtype", "bf16", "-q")
        self.assertIsNone(receipt["model"])
        self.assertIsNone(receipt["speed"])
        self.assertEqual(len(receipt["files"]), 1)
        self.assertEqual({c["reason"] for c in receipt["casts"]} - {"convert: check"},
                         {"convert: dequantise", "convert: narrow"})
        self.assertEqual(receipt["denormals"], "kept by every kernel that ran")
        for kernel in receipt["kernels"]:
            self.assertEqual((kernel["precision"]["compute"], kernel["precision"]["accumulate"]), (None, None))

    def test_isa_and_threads(self):
        receipt = self.receipt("run", MODEL, "-p", "a", "-n", "2", "-q", "--threads", "1",
                               env={"CANDOR_ISA": "baseline"})
        self.assertEqual((receipt["machine"]["isa"], receipt["machine"]["threads"]), ("baseline", 1))
        self.assertNotIn("x86-dpbf16-ftz", {kernel["instruction_class"] for kernel in receipt["kernels"]})
        products = {k["op"] for k in receipt["kernels"]} & {"attention", "gated_linear", "matmul", "qkv_projection"}
        self.assertEqual(receipt["denormals"],
                         f"values below 2^-126 are zero in {', '.join(sorted(products))}; kept elsewhere")

    def test_what_is_allowed_shows(self):
        words = ["logits", MODEL, "--precision", "activations=f16,weights=bf16,kv=f16", "--tokens", "1,2", "-q",
                 "-o", self.folder / "a.npy"]
        self.assert_error(candor(*words), "no kernel", "closest on this device", lines=100)
        upcast = self.receipt(*words, "--allow-upcast")
        self.assertTrue(upcast["casts"])
        self.assertNotIn("f64-loop", {k["instruction_class"] for k in upcast["kernels"]})
        self.assertEqual(upcast["policy"], {"allow_upcast": True, "allow_reference": False, "allow_tf32": False})
        reference = self.receipt(*words, "--allow-reference")
        self.assertEqual(reference["policy"], {"allow_upcast": False, "allow_reference": True, "allow_tf32": False})
        loops = [k for k in reference["kernels"] if k["instruction_class"] == "f64-loop"]
        self.assertIn("matmul", {k["op"] for k in loops})
        for kernel in loops:
            self.assertEqual((kernel["precision"]["compute"], kernel["precision"]["accumulate"]), ("f64", "f64"))
        # The reference keeps denormals: only ops that also ran in another class can be listed.
        flushed = {k["op"] for k in reference["kernels"]} - {k["op"] for k in loops}
        for op in ["attention", "gated_linear", "matmul", "qkv_projection"]:
            self.assertEqual(op in reference["denormals"], op in flushed, reference["denormals"])

    def test_conversation(self):
        receipt = self.receipt("run", MODEL, "--chat", "-n", "4", "--greedy", "-q", stdin=b"hello\nagain\n")
        self.assertGreater(receipt["speed"]["reused_tokens"], 0)

    def test_summary(self):
        words = ["run", MODEL, "--precision", "bf16", "-p", "hello", "-n", "8", "--greedy"]
        result = candor(*words, "--receipt", "-")
        self.assert_ok(result)
        self.assertEqual(result.stdout, candor(*words).stdout)
        self.assertRegex(result.stderr, r"(?m)^weights +bf16 +\S+ \wB +2\.\d\d bytes/element ")
        for word in ["casts", "kernels", "instructions", "denormals", "tokens/s", "read probe"]:
            self.assertIn(word, result.stderr)
        self.assertLessEqual(len(result.stderr.split("\n")), 40)
        for line in result.stderr.split("\n"):
            self.assertLessEqual(len(line), 120, line)

    def test_no_prompt_in_the_receipt(self):
        path = self.folder / "receipt.json"
        self.assert_ok(candor("run", MODEL, "-p", "xyzzy", "-n", "2", "--receipt", path))
        self.assertNotIn("xyzzy", path.read_text())

    def test_the_check_can_fail(self):
        good = self.receipt("run", MODEL, "-p", "a", "-n", "2", "-q")
        faults = [
            lambda r: r.pop("denormals"),
            lambda r: r.update(extra=1),
            lambda r: r.update(schema="candor-receipt-2"),
            lambda r: r["kernels"][0].pop("instruction_class"),
            lambda r: r["kernels"][0].update(calls=0),
            lambda r: r["kernels"][0]["precision"].update(compute=32),
            lambda r: r["kernels"][0]["precision"].update(compute="any"),
            lambda r: r["policy"].pop("allow_tf32"),
            lambda r: r["memory"].update(workspace_bytes=-1),
            lambda r: r["kernels"][0]["bytes_read"].update(BF16=1),
            lambda r: r["files"][0].update(sha256="0" * 63),
            lambda r: r["machine"].update(threads=1.5),
            lambda r: r["speed"].update(decode_tokens_per_second=0),
            lambda r: r["weights"][0].update(bytes=-1),
        ]
        for i, fault in enumerate(faults):
            with self.subTest(i):
                broken = copy.deepcopy(good)
                fault(broken)
                self.assertEqual(len(violations(broken, SCHEMA)), 1)


if __name__ == "__main__":
    unittest.main()
