"""Runs the program on tiny models; what the tests of this folder share. CANDOR names the binary."""

import atexit
import functools
import json
import os
import pathlib
import pty
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

CANDOR = os.environ.get("CANDOR", "build/release/bin/candor")
SOURCE = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = SOURCE / "tests" / "models" / "golden"
MODEL = str(GOLDEN / "gqa_tied")          # with a tokenizer and a chat template; 22 ids have no token
BARE_MODEL = str(GOLDEN / "mistral")      # without
GGUF_MODEL = str(GOLDEN / "blocks.gguf")  # block-quantised


def environment(extra=None):
    return {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8",
            "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""), **(extra or {})}


class Terminal:
    """A terminal while the context lasts: `slave` is for a program's output, text() is what was shown."""

    def __enter__(self):
        self.master, self.slave = pty.openpty()
        self.shown = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        return self

    def read(self):
        try:
            while piece := os.read(self.master, 65536):
                self.shown.append(piece)
        except OSError:
            pass  # Linux says so when the other end is closed

    def __exit__(self, *_):
        os.close(self.slave)
        self.reader.join()
        os.close(self.master)

    def text(self):
        return b"".join(self.shown).decode()


def candor(*arguments, stdin=b"", env=None, **keywords):
    """Runs to the end: returncode, stdout and stderr as text (stdout also as bytes in .raw)."""
    result = subprocess.run([CANDOR, *map(os.fspath, arguments)], input=stdin, capture_output=True, timeout=120,
                            env=environment(env), **keywords)
    result.raw = result.stdout
    result.stdout = result.stdout.decode("utf-8")
    result.stderr = result.stderr.decode("utf-8")
    return result


def peak_memory(*arguments, code=0):
    """Runs to the end, with that exit code: bytes of resident memory at its peak. A small process of its own starts the
    program, because a child's peak begins at what its parent had."""
    if os.environ.get("CANDOR_SANITIZE"):
        raise unittest.SkipTest("a sanitizer's own memory would be counted")
    script = ("import resource, subprocess, sys; code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL); "
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024); sys.exit(code)")
    result = subprocess.run([sys.executable, "-c", script, CANDOR, *map(os.fspath, arguments)], capture_output=True,
                            timeout=120, env=environment(), check=False)
    if result.returncode != code:
        raise AssertionError(f"exit code {result.returncode}, not {code}: {result.stderr.decode()}")
    return int(result.stdout)


@functools.lru_cache(maxsize=None)
def shared_model(context=256):
    """A model of make_model() for all tests of one run."""
    folder = tempfile.mkdtemp(prefix="candor-cli-model-")
    atexit.register(shutil.rmtree, folder, True)
    return make_model(pathlib.Path(folder) / "model", context=context)


class CliTest(unittest.TestCase):
    """A temporary folder for each test, and the checks that every error must pass."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="candor-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def assert_ok(self, result):
        self.assertEqual(result.returncode, 0, result.stderr)

    def assert_error(self, result, *fragments, code=1, lines=1):
        """One sentence on stderr that starts with the command, nothing on stdout, the exit code."""
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        text = result.stderr.strip().split("\n")
        if code == 2:
            self.assertRegex(text.pop(), r"^Try 'candor.* --help'\.$")
        self.assertRegex(text[0], r"^candor( \w+)?: \S")
        self.assertLessEqual(len(text), lines, result.stderr)
        for fragment in fragments:
            self.assertIn(fragment, result.stderr)

    def assert_usage_error(self, result, *fragments):
        self.assert_error(result, *fragments, code=2)

    def assert_folder_holds(self, *names):
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), sorted(names))

    def copy_model(self, name="gqa_tied", **config):
        """A copy of a golden model whose config.json has other values; returns its path."""
        copy = self.folder / "model"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(GOLDEN / name, copy)
        os.chmod(copy / "model.safetensors", 0o644)
        if config:
            path = copy / "config.json"
            path.write_text(json.dumps({**json.loads(path.read_text()), **config}))
        return copy


def make_model(folder, hidden=32, layers=1, context=256, seed=1, vocabulary=269, holes=False):
    """A random bf16 Llama over the vocabulary of the golden tokenizer (269 tokens; more rows have no text). Small
    weights make all tokens about equally likely, and none ends an answer. With `holes` the weights are zeros that take
    no disk. Returns its path."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    shutil.copy(GOLDEN / "gqa_tied" / "tokenizer.json", folder)
    tokenizer = json.loads((GOLDEN / "gqa_tied" / "tokenizer_config.json").read_text())
    del tokenizer["eos_token"]  # would end an answer
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    inner, random_bytes = 2 * hidden, random.Random(seed).randbytes

    def weights(*shape):
        count = 1
        for extent in shape:
            count *= extent
        if holes:
            return "BF16", list(shape), 2 * count
        data = bytearray(random_bytes(2 * count))
        for i in range(1, 2 * count, 2):  # sign kept, exponent of 2^-5
            data[i] = data[i] & 0x80 | 0x3D
        return "BF16", list(shape), bytes(data)

    ones = ("BF16", [hidden], b"\x80\x3f" * hidden)
    tensors = {"model.embed_tokens.weight": weights(vocabulary, hidden), "lm_head.weight": weights(vocabulary, hidden),
               "model.norm.weight": ones}
    for layer in range(layers):
        for name, tensor in {
            "input_layernorm": ones, "post_attention_layernorm": ones,
            "self_attn.q_proj": weights(hidden, hidden), "self_attn.k_proj": weights(hidden // 2, hidden),
            "self_attn.v_proj": weights(hidden // 2, hidden), "self_attn.o_proj": weights(hidden, hidden),
            "mlp.gate_proj": weights(inner, hidden), "mlp.up_proj": weights(inner, hidden),
            "mlp.down_proj": weights(hidden, inner),
        }.items():
            tensors[f"model.layers.{layer}.{name}.weight"] = tensor
    write_safetensors(folder / "model.safetensors", tensors)
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": hidden,
              "num_attention_heads": 2, "num_key_value_heads": 1, "num_hidden_layers": layers,
              "intermediate_size": inner, "vocab_size": vocabulary, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
              "max_position_embeddings": context, "hidden_act": "silu", "tie_word_embeddings": False,
              "bos_token_id": None, "eos_token_id": None}
    (folder / "config.json").write_text(json.dumps(config))
    return str(folder)


def read_npy(path):
    """Shape and little-endian f32 values of a .npy file."""
    data = pathlib.Path(path).read_bytes()
    assert data[:8] == b"\x93NUMPY\x01\x00"
    length = struct.unpack("<H", data[8:10])[0]
    header = data[10:10 + length].decode()
    assert "'descr': '<f4'" in header and "'fortran_order': False" in header
    shape = tuple(int(n) for n in header.split("(")[1].split(")")[0].split(",") if n.strip())
    count = 1
    for extent in shape:
        count *= extent
    return shape, struct.unpack(f"<{count}f", data[10 + length:])


def write_safetensors(path, tensors, metadata=None):
    """tensors: {name: (dtype spelling, shape, bytes)}; bytes may be a length, which becomes a hole of zeros."""
    header, offset = {}, 0
    if metadata:
        header["__metadata__"] = metadata
    for name, (dtype, shape, data) in tensors.items():
        size = data if isinstance(data, int) else len(data)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, data in tensors.values():
            if isinstance(data, int):
                file.seek(data, os.SEEK_CUR)
            else:
                file.write(data)
        file.truncate()


def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    begin = 8 + length
    return {name: (t["dtype"], t["shape"], data[begin + t["data_offsets"][0]:begin + t["data_offsets"][1]])
            for name, t in header.items()}


# The model on which the commands of the documents run: support.py tests/models/golden/documented
if __name__ == "__main__":
    make_model(sys.argv[1], context=8192)
