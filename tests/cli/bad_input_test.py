"""Input that cannot work: one sentence that names the file and what to do, a non-zero exit, nothing left behind."""

import pathlib
import resource
import struct
import subprocess
import unittest

from support import (CANDOR, GGUF_MODEL, CliTest, candor, environment, make_model, read_safetensors, shared_model,
                     write_safetensors)

MODEL = shared_model()


def command(words, model):
    return [words[0], str(model), *words[1:]]


class ModelFilesTest(CliTest):
    def refused(self, model, *fragments, words=("logits", "--tokens", "1,2", "-o", "OUT"), lines=1):
        """The command fails and leaves the folder as it was."""
        before = sorted(self.folder.rglob("*"))
        words = [str(self.folder / "out.npy") if word == "OUT" else word for word in words]
        self.assert_error(candor(*command(words, model)), *fragments, lines=lines)
        self.assertEqual(sorted(self.folder.rglob("*")), before)

    def test_no_such_model(self):
        for words in (["run", "-p", "a"], ["explain"], ["bench"], ["logits", "--tokens", "1", "-o", "OUT"]):
            with self.subTest(words[0]):
                self.refused(self.folder / "absent.gguf", "absent.gguf", words=words)
        self.assert_error(candor("convert", self.folder / "absent", self.folder / "out", "--dtype", "bf16"), "absent")
        self.assert_folder_holds()

    def test_not_a_model(self):
        text = self.folder / "notes.txt"
        text.write_text("This is no model.\n" * 100)
        self.refused(text, "notes.txt")
        self.refused(self.folder, str(self.folder))  # a folder without a model

    def test_truncated_files(self):
        copy = self.copy_model()
        whole = (copy / "model.safetensors").read_bytes()
        gguf = pathlib.Path(GGUF_MODEL).read_bytes()
        for size in [0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1]:
            with self.subTest(safetensors=size):
                (copy / "model.safetensors").write_bytes(whole[:size])
                self.refused(copy, "model.safetensors")
        path = self.folder / "cut.gguf"
        for size in [0, 3, 4, 20, 1000, len(gguf) // 2, len(gguf) - 1]:
            with self.subTest(gguf=size):
                path.write_bytes(gguf[:size])
                self.refused(path, "cut.gguf")

    def test_bytes_too_many(self):
        copy = self.copy_model()
        with open(copy / "model.safetensors", "ab") as file:
            file.write(b"\0" * 16)
        self.refused(copy, "model.safetensors")

    def test_wrong_magic_and_version(self):
        path = self.folder / "other.gguf"
        data = bytearray(pathlib.Path(GGUF_MODEL).read_bytes())
        path.write_bytes(b"GGML" + data[4:])
        self.refused(path, "other.gguf")
        path.write_bytes(data[:4] + struct.pack("<I", 99) + data[8:])
        self.refused(path, "other.gguf", "99")

    def edit_tensors(self, edit):
        copy = self.copy_model()
        tensors = read_safetensors(copy / "model.safetensors")
        edit(tensors)
        write_safetensors(copy / "model.safetensors", tensors, {"format": "pt"})
        return copy

    def test_missing_tensor(self):
        name = "model.layers.1.mlp.up_proj.weight"
        self.refused(self.edit_tensors(lambda t: t.pop(name)), name)

    def test_unknown_tensor(self):
        self.refused(self.edit_tensors(lambda t: t.update(surprise=("BF16", [1], b"\0\0"))), "surprise")

    def test_wrong_shape(self):
        name = "model.norm.weight"
        self.refused(self.edit_tensors(lambda t: t.update({name: ("BF16", [63], b"\0" * 126)})), name, "63", "64")

    def test_wrong_dtype(self):
        name = "model.norm.weight"
        self.refused(self.edit_tensors(lambda t: t.update({name: ("I32", [64], b"\0" * 256)})),
                     "model.safetensors", f"'{name}'", "'I32'", "bf16, f16 or f32")

    def test_gguf_types_that_no_weight_has(self):
        data = pathlib.Path(GGUF_MODEL).read_bytes()
        # The tensor's entry: length and name, number of dimensions, one dimension, the type.
        name = b"output_norm.weight"
        at = data.index(struct.pack("<Q", len(name)) + name) + 8 + len(name)
        dims = struct.unpack_from("<I", data, at)[0]
        self.assertEqual(dims, 1)
        path = self.folder / "types.gguf"
        for type_, said in [(99, "type 99"), (26, "i32")]:
            with self.subTest(type=type_):
                path.write_bytes(data[:at + 12] + struct.pack("<I", type_) + data[at + 16:])
                self.refused(path, "types.gguf", "'output_norm.weight'", said)

    def test_values_that_are_not_finite(self):
        name = "model.layers.0.mlp.down_proj.weight"
        for bits in [b"\xc0\x7f", b"\x80\xff"]:  # NaN, -infinity
            def spoil(tensors):
                dtype, shape, data = tensors[name]
                tensors[name] = (dtype, shape, data[:10] + bits + data[12:])
            copy = self.edit_tensors(spoil)
            for words in (["run", "-p", "a", "-n", "1"], ["logits", "--tokens", "1", "-o", "OUT"], ["bench"]):
                with self.subTest(bits=bits, command=words[0]):
                    self.refused(copy, name, words=words)

    def test_unknown_architecture(self):
        self.refused(self.copy_model(model_type="mamba", architectures=["MambaForCausalLM"]), "amba")

    def test_configuration_that_cannot_be(self):
        for field, value, what in [("hidden_size", 0, "channels is 0"), ("hidden_size", -64, "channels is -64"),
                                   ("num_attention_heads", 0, "'num_attention_heads' is 0"),
                                   ("head_dim", 15, "head dimension 15"),
                                   ("num_key_value_heads", 3, "4 heads do not share 3 key/value heads"),
                                   ("vocab_size", 10**12, "vocabulary is 1000000000000"),
                                   ("num_hidden_layers", 10**9, "layers is 1000000000"),
                                   ("hidden_size", "64", "'hidden_size' is \"64\""),
                                   ("hidden_act", "frob", "'hidden_act' is \"frob\""),
                                   ("max_position_embeddings", -1, "context length is -1")]:
            with self.subTest(field=field, value=value):
                copy = self.copy_model(**{field: value})
                self.refused(copy, "config.json: ", what)

    def test_missing_configuration_or_tokenizer(self):
        copy = self.copy_model()
        (copy / "tokenizer.json").unlink()
        self.refused(copy, "tokenizer.json", words=["run", "-p", "a"])
        self.refused(copy, "tokenizer.json", words=["logits", "--text", "a", "-o", "OUT"])
        self.assert_ok(candor("logits", copy, "--tokens", "1", "-o", self.folder / "x.npy"))
        (copy / "config.json").unlink()
        self.refused(copy, "config.json")

    def test_broken_tokenizer(self):
        copy = self.copy_model()
        (copy / "tokenizer.json").write_text('{"model": {"type": "WordPiece"}}')
        self.refused(copy, "tokenizer.json", words=["run", "-p", "a"])
        (copy / "tokenizer.json").write_text("{")
        self.refused(copy, "tokenizer.json", words=["run", "-p", "a"])

    def test_no_chat_template(self):
        copy = self.copy_model()
        (copy / "tokenizer_config.json").write_text("{}")
        self.refused(copy, "chat template", words=["run", "--chat"])
        self.refused(copy, "chat template", words=["run", "-p", "a", "--system", "b"])


class PromptTest(CliTest):
    def test_not_utf8(self):
        for bytes_, offset in [(b"\xff", 0), (b"ab\xc3", 2), (b"ab\xed\xa0\x80", 2), (b"\xf4\x90\x80\x80", 0),
                               (b"a\xc0\x80", 1)]:
            with self.subTest(bytes_):
                self.assert_error(candor("run", MODEL, "-p", "-", stdin=bytes_), f"not UTF-8 at byte {offset}")
        self.assert_error(candor("run", MODEL, "-p", b"caf\xe9"), "byte 3", "0xE9")
        self.assert_error(candor("run", MODEL, "-p", "a", "--system", b"\xe9"), "--system", "byte 0")
        self.assert_error(candor("logits", MODEL, "--text", b"\xe9", "-o", self.folder / "x"), "--text", "byte 0")

    def test_a_turn_that_is_not_utf8(self):
        self.assert_error(candor("run", MODEL, "--chat", "-n", "1", stdin=b"caf\xe9\n"), "prompt: not UTF-8 at byte 3")
        second = candor("run", MODEL, "--chat", "-n", "1", "--greedy", stdin=b"hello\n\xff\nnever\n")
        first = candor("run", MODEL, "--chat", "-n", "1", "--greedy", stdin=b"hello\n")
        self.assertEqual((second.returncode, second.stdout), (1, first.stdout))
        self.assertIn("prompt: not UTF-8 at byte 0 (0xFF)", second.stderr)

    def test_empty(self):
        self.assert_error(candor("run", MODEL, "-p", ""), "prompt", "empty")
        self.assert_error(candor("run", MODEL, "-p", "-", stdin=b""), "prompt", "empty")
        self.assert_error(candor("run", MODEL, "-p", "", "--raw"), "prompt", "empty")
        self.assert_error(candor("logits", MODEL, "--text", "", "-o", self.folder / "x"), "--text", "empty")
        self.assert_ok(candor("run", MODEL, "--chat", stdin=b""))

    def test_longer_than_the_context(self):
        self.assert_error(candor("run", MODEL, "-p", "x" * 300, "-n", "1"), "256")
        self.assert_error(candor("run", MODEL, "-p", "x" * 30, "-c", "8"), "8")
        self.assert_error(candor("run", MODEL, "--chat", stdin=b"x" * 300), "256")

    def test_contexts_that_cannot_be(self):
        for context in ["257", "1000000000000", str(2**63 - 1)]:
            with self.subTest(context):
                self.assert_error(candor("run", MODEL, "-p", "a", "-c", context), context)
        enormous = make_model(self.folder / "enormous", context=2**40)
        self.assert_error(candor("run", enormous, "-p", "a", "-c", "0"), "bytes")


class OutputTest(CliTest):
    def test_receipt_is_checked_before_the_model(self):
        for path in ["/no/such/folder/receipt.json", str(self.folder), f"{MODEL}/config.json/x"]:
            with self.subTest(path):
                result = candor("run", self.folder / "absent", "-p", "a", "--receipt", path)
                self.assert_error(result, f"receipt: {path}: ")

    def test_logits_and_bench_outputs_are_checked_before_the_model(self):
        for path in ["/no/such/folder/x", str(self.folder), "/dev/full"]:
            with self.subTest(path):
                self.assert_error(candor("logits", self.folder / "absent", "--tokens", "1", "-o", path), path)
        for option in ["--json", "--receipt"]:
            self.assert_error(candor("bench", self.folder / "absent", option, "/no/such/folder/x"), "/no/such/folder/x")

    def test_convert_outputs(self):
        for path in ["/no/such/folder/out.safetensors", "/dev/full", "/dev/null/out"]:
            with self.subTest(path):
                self.assert_error(candor("convert", MODEL, path, "--dtype", "f32"), path)

    def test_full_devices(self):
        self.assertEqual(candor("run", MODEL, "-p", "a", "-n", "1", "--receipt", "/dev/full").stderr,
                         "candor run: receipt: /dev/full: cannot write: No space left on device; name another file\n")
        bench = candor("bench", MODEL, "--prefill", "2", "--decode", "1", "--repeat", "1", "--json", "/dev/full")
        self.assert_error(bench, "No space left on device")
        for words in [["info"], ["kernels"], ["kernels", "--markdown"], ["explain", MODEL], ["--help"], ["--version"]]:
            with self.subTest(words), open("/dev/full", "wb") as full:
                result = subprocess.run([CANDOR, *words], stdout=full, stderr=subprocess.PIPE, env=environment(),
                                        timeout=60)
                self.assertEqual(result.returncode, 1)
                self.assertIn(b"No space left on device", result.stderr)

    def with_file_limit(self, limit, *words):
        """As on a disk that is full after `limit` bytes."""
        def lower():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        result = candor(*words, preexec_fn=lower)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("File too large", result.stderr)
        return result

    def test_full_disk(self):
        out = self.folder / "out"
        out.mkdir()
        old = out / "old"
        for words in (["logits", MODEL, "--tokens", ",".join(["1"] * 200), "-o", str(old)],
                      ["convert", MODEL, str(out / "new.safetensors"), "--dtype", "f32"],
                      ["convert", MODEL, str(self.folder / "folder"), "--dtype", "f32"],
                      ["run", MODEL, "-p", "a", "-n", "1", "--receipt", str(old)]):
            with self.subTest(words):
                old.write_text("old")
                self.with_file_limit(1000, *words)
                self.assertEqual(old.read_text(), "old")
                self.assertEqual([p.name for p in out.iterdir()], ["old"])
                self.assert_folder_holds("out")

    def test_a_disk_without_space(self):
        """A real one: the limit on file sizes above is another error of the system."""
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True).returncode:
            self.skipTest("a small disk cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        old, folder = disk / "old", disk / "folder"
        old.write_text("old")
        folder.mkdir()
        (folder / "model.safetensors").write_text("old")
        with self.assertRaises(OSError), open(disk / "filler", "wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        measure = ["--prefill", "2", "--decode", "1", "--repeat", "1"]
        for words in (["logits", MODEL, "--tokens", "1,2", "-o", old],
                      ["convert", MODEL, disk / "new.safetensors", "--dtype", "f32"],
                      ["convert", MODEL, folder, "--dtype", "f32", "--force"],
                      ["run", MODEL, "-p", "a", "-n", "1", "--receipt", old],
                      ["bench", MODEL, *measure, "--json", old], ["bench", MODEL, *measure, "--receipt", old]):
            with self.subTest(words):
                result = candor(*words)
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertRegex(result.stderr, rf"^candor {words[0]}: .*{disk}.*: No space left on device; .*\n$")
                self.assertEqual(sorted(p.name for p in disk.iterdir()), ["filler", "folder", "old"])
                self.assertEqual(old.read_text(), "old")
                self.assertEqual((folder / "model.safetensors").read_text(), "old")

    def test_a_failed_run_leaves_the_old_receipt(self):
        path = self.folder / "receipt.json"
        path.write_text("old")
        self.assert_error(candor("run", MODEL, "-p", "x" * 300, "--receipt", path))
        self.assertEqual(path.read_text(), "old")
        self.assert_folder_holds("receipt.json")


if __name__ == "__main__":
    unittest.main()
