"""candor audit of files that lie, in every format: exit code 3, one line, the file's name and the byte."""

import io
import os
import pickle
import random
import re
import resource
import struct
import subprocess
import unittest
import zipfile

from support import CANDOR, CliTest, candor, environment, write_safetensors


def gguf_string(text):
    return struct.pack("<Q", len(text)) + text


def gguf():
    """A tensor of 2^40 elements in a file of a few bytes."""
    info = gguf_string(b"weight") + struct.pack("<IQIQ", 1, 1 << 40, 1, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + info
    return head + b"\0" * (-len(head) % 32 + 64)


def npy(shape="(8, 8)"):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(16)


def npz():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("weight.npy", npy("(4611686018427387904, 8)"))
    return data.getvalue()


class Call:
    def __reduce__(self):
        return print, ("this was executed",)


def pytorch():
    """A pickle that would call something and has no tensor beside that."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps(Call(), protocol=2)[:-1])
        archive.writestr("model/version", "3\n")
    return data.getvalue()


HOSTILE = {"safetensors": struct.pack("<Q", 1 << 62) + b"{}", "gguf": gguf(), "npy": npy(), "npz": npz(),
           "pt": pytorch(), "ckpt": b"\x80\x02}q\x00X\xff\xff\xff\x7fweight"}


class AuditHostileTest(CliTest):
    def test_each_format(self):
        for suffix, data in HOSTILE.items():
            with self.subTest(suffix):
                path = self.folder / f"hostile.{suffix}"
                path.write_bytes(data)
                for words in ([], ["--json", "-"], ["--threads", "2", "--verbose"]):
                    result = candor("audit", path, *words)
                    self.assertEqual((result.returncode, result.stderr), (3, ""))
                    self.assertIn(f"hostile.{suffix}", result.stdout)
                    self.assertIn("invalid", result.stdout)
                    self.assertRegex(result.stdout, r"byte \d+")
                    self.assertNotIn("this was executed", result.stdout + result.stderr)

    def test_a_sound_file_beside_them_is_still_judged(self):
        sound = self.folder / "sound.npy"
        sound.write_bytes(npy("(4,)"))
        hostile = self.folder / "hostile.gguf"
        hostile.write_bytes(HOSTILE["gguf"])
        self.assert_ok(candor("audit", sound))
        result = candor("audit", sound, hostile, "-q")
        self.assertEqual(result.returncode, 3)
        self.assertEqual(result.stdout.count("\n"), 2)


class FewThreadsTest(CliTest):
    """A system without addresses for the stacks of 64 threads: fewer do the work, and what is found is the same."""

    def starved(self, limit, *words):
        def lower():
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        return subprocess.run([CANDOR, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120, env=environment(), preexec_fn=lower)

    def test_threads_that_the_system_refuses(self):
        if os.environ.get("CANDOR_SANITIZE"):
            self.skipTest("a sanitizer needs addresses of its own")
        values = random.Random(3).randbytes(1 << 20)
        for name, dtype in ("a", "BF16"), ("b", "F16"):
            write_safetensors(self.folder / name, {f"t{i}": (dtype, [512, 1024], values) for i in range(20)})
        for words in (["audit", self.folder / "a"], ["diff", self.folder / "a", self.folder / "b"]):
            whole = candor(*words, "--threads", "1")
            self.assertEqual(whole.returncode, 1)
            for limit in (200 << 20, 400 << 20, 600 << 20):
                with self.subTest(words[0], limit=limit):
                    result = self.starved(limit, *words, "--threads", "64")
                    self.assertEqual((result.returncode, result.stderr), (whole.returncode, whole.stderr))
                    self.assertEqual(without_seconds(result.stdout), without_seconds(whole.stdout))


def without_seconds(text):
    return re.sub(r" in [0-9.]+ m?s$", "", text, flags=re.MULTILINE)


if __name__ == "__main__":
    unittest.main()
