"""Input that cannot work: one sentence that names the file and what to do, a non-zero exit, nothing left behind."""

import os
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


    def test_a_chat_template_that_cannot_be_used(self):
        """It is not passed over: the model would get a text that it was not made for."""
        copy = self.copy_model()
        for template in ["{% for", "{{ 'a' | frob }}", "{% include 'x' %}"]:
            (copy / "chat_template.jinja").write_text(template)
            for words in (["run", "-p", "a"], ["run", "--chat"]):
                with self.subTest(template=template, words=words):
                    self.refused(copy, "chat_template.jinja", "--raw", words=words)
        self.assert_ok(candor("run", copy, "-p", "a", "-n", "1", "--raw"))

    def test_a_chat_template_that_fails_when_it_is_rendered(self):
        copy = self.copy_model()
        for template, said in [("{{ raise_exception('no way') }}", "no way"), ("{{ nothing.at.all }}", "undefined")]:
            (copy / "chat_template.jinja").write_text(template)
            for words, stdin in ((["run", "-p", "a"], b""), (["run", "--chat"], b"a\n")):
                with self.subTest(template=template, words=words):
                    self.assert_error(candor(*command(words, copy), stdin=stdin),
                                      f"{copy / 'chat_template.jinja'}: chat template: ", said, "--raw")

    def test_what_a_file_says_stays_one_line(self):
        copy = self.copy_model()
        (copy / "chat_template.jinja").write_text("{{ raise_exception('no\\n\x1b[31mway') }}")
        self.refused(copy, "no\\x0a\\x1b[31mway", words=["run", "-p", "a"])
        self.assert_error(candor("explain", self.folder / "a\nb"), "a\\x0ab")
        self.assert_error(candor("explain", b"/caf\xe9"), "/caf\\xe9")

    def fill(self, part, bits):
        """A copy of the model in which every weight whose name has `part` has these bits."""
        def spoil(tensors):
            for name, (dtype, shape, data) in tensors.items():
                if part in name:
                    tensors[name] = (dtype, shape, bits * (len(data) // 2))
        return self.edit_tensors(spoil)

    def test_logits_that_are_not_finite_are_said(self):
        result = candor("logits", self.fill("norm", b"\x7f\x7f"), "--tokens", "1,2", "-q", "-o", self.folder / "x.npy")
        self.assert_ok(result)
        self.assertRegex(result.stderr, r"^note: \d+ of 582 logits are not finite: .*\n$")

    def test_a_model_whose_activations_overflow(self):
        """Finite weights of 2^15 that f16 holds, with products that it does not: nothing is left of any logit."""
        model = self.fill("norm", b"\x00\x47")
        bench = ["bench", "--prefill", "4", "--decode", "2", "--repeat", "1", "--precision"]
        lost = "is finite: values left the range of the activations' dtype, or the model is damaged; use wider"
        receipt, output = self.folder / "receipt.json", self.folder / "bench.json"
        self.refused(model, "none of the 291 logits after the prefill " + lost, "get the model again",
                     words=[*bench, "f16", "-q", "--receipt", receipt, "--json", output])
        for words in (["-p", "a"], ["--raw", "-p", "a"], ["-p", "a", "--greedy"]):
            self.refused(model, " logits " + lost, words=["run", *words, "-n", "2", "--precision", "f16", "-q"])
        self.assert_ok(candor(*command([*bench, "f32"], model)))

    def test_some_logits_that_are_not_finite_do_not_stop_a_measurement(self):
        """One row of the output alone overflows."""
        def spoil(tensors):
            dtype, shape, data = tensors["lm_head.weight"]
            tensors["lm_head.weight"] = (dtype, shape, b"\x7f\x7f" * 32 + data[64:])
        folder = make_model(self.folder / "some")
        path = pathlib.Path(folder) / "model.safetensors"
        tensors = read_safetensors(path)
        spoil(tensors)
        write_safetensors(path, tensors)
        words = ["bench", folder, "--prefill", "4", "--decode", "2", "--repeat", "1", "-q"]
        result = candor(*words)
        self.assert_ok(result)
        self.assertRegex(result.stderr, r"^(note: 1 of 269 logits after the [a-z ]+ are not finite: .*\n){1,2}$")
        self.assertIn("prefill", result.stdout)


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


class MemoryTest(CliTest):
    LIMIT = 700 << 20  # of addresses: enough for the program, not for what these tests give it

    def starved(self, *words, stdin=subprocess.DEVNULL):
        if os.environ.get("CANDOR_SANITIZE"):
            self.skipTest("a sanitizer needs addresses of its own")

        def lower():
            resource.setrlimit(resource.RLIMIT_AS, (self.LIMIT, self.LIMIT))
        result = subprocess.run([CANDOR, *map(str, words)], stdin=stdin, capture_output=True, text=True, timeout=120,
                                env=environment(), preexec_fn=lower)
        self.assert_folder_holds("zeros", "model")
        return result

    def test_too_little_memory_says_what_needs_less(self):
        zeros, model = self.folder / "zeros", make_model(self.folder / "model")
        with open(zeros, "wb") as file:
            file.truncate(1 << 30)
        for words, advice in [
                (["run", model, "-p", "-"], "a narrower --precision, a smaller --context or fewer --threads"),
                (["logits", model, "--text", "-", "-o", self.folder / "x"],
                 "a narrower --precision, fewer --tokens, a shorter --text or fewer --threads")]:
            with self.subTest(words[0]), open(zeros, "rb") as stdin:
                result = self.starved(*words, stdin=stdin)
                self.assert_error(result)
                self.assertEqual(result.stderr, f"candor {words[0]}: out of memory; less is needed with {advice}\n")


if __name__ == "__main__":
    unittest.main()
