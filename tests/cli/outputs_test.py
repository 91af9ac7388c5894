"""Outputs that cannot be written, or not where they should be: found out first, nothing replaced, nothing left."""

import json
import os
import pathlib
import resource
import shutil
import subprocess
import time
import unittest

from support import (CANDOR, GGUF_MODEL, GOLDEN, CliTest, candor, environment, read_safetensors, shared_model,
                     write_safetensors)

MODEL = shared_model()


class OutputTest(CliTest):
    def test_two_outputs_in_one_file(self):
        path, again = self.folder / "x", f"{self.folder}/./x"
        model = self.copy_model()
        weights = model / "model.safetensors"
        for words in (["logits", model, "--tokens", "1", "-o", path, "--receipt", path],
                      ["logits", model, "--tokens", "1", "-o", path, "--receipt", again],
                      ["logits", weights, "--tokens", "1", "-o", weights],
                      ["logits", model, "--tokens", "1", "-o", "-"],
                      ["bench", model, "--json", path, "--receipt", path],
                      ["convert", model, path, "--dtype", "bf16", "--receipt", path],
                      ["run", model, "-p", "a", "--receipt", ""], ["bench", model, "--json", ""]):
            with self.subTest(words):
                self.assert_usage_error(candor(*words))
        self.assertEqual(read_safetensors(weights), read_safetensors(GOLDEN / "gqa_tied" / weights.name))
        self.assert_folder_holds("model")

    def sharded_model(self):
        """A folder with an index and two shards, a link among its files and an output of an earlier run."""
        model = self.copy_model()
        tensors = read_safetensors(model / "model.safetensors")
        for other in ["model.safetensors", "expected.safetensors"]:
            (model / other).unlink()
        names, weight_map = sorted(tensors), {}
        for i, part in enumerate((names[::2], names[1::2]), 1):
            shard = f"model-0000{i}-of-00002.safetensors"
            write_safetensors(model / shard, {name: tensors[name] for name in part})
            weight_map.update(dict.fromkeys(part, shard))
        (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
        (model / "generation_config.json").write_text("{}")
        (model / "chat_template.jinja").write_text("{{ messages[0].content }}")
        (model / "config.json").rename(self.folder / "blob")  # as in a download cache
        (model / "config.json").symlink_to(self.folder / "blob")
        (model / "earlier.npy").write_text("old")
        return model

    def test_no_output_replaces_a_file_of_the_model(self):
        model = self.sharded_model()
        out, bench = self.folder / "out", ["--prefill", "2", "--decode", "1", "--repeat", "1"]
        before = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        for target in sorted(before):
            if target.name == "earlier.npy":
                continue
            for option, words in [("--output", ["logits", model, "--tokens", "1", "-o", target]),
                                  ("--receipt", ["logits", model, "--tokens", "1", "-o", out, "--receipt", target]),
                                  ("--receipt", ["run", model, "-p", "a", "-n", "1", "--receipt", target]),
                                  ("--receipt", ["run", model, "--chat", "-n", "1", "--receipt", target]),
                                  ("--receipt", ["bench", model, *bench, "--receipt", target]),
                                  ("--json", ["bench", model, *bench, "--json", target]),
                                  ("--receipt", ["convert", model, out, "--dtype", "f32", "--receipt", target])]:
                with self.subTest(command=words[0], option=option, target=target.name):
                    result = candor(*words, "-q", stdin=b"a\n")
                    self.assert_usage_error(result, f"{option} names '{target}'", "the model's own", "another file")
                    self.assertEqual({p: p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}, before)
        self.assertTrue((model / "config.json").is_symlink())

    def test_other_files_in_the_folder_of_the_model_may_be_replaced(self):
        model = self.sharded_model()
        earlier, receipt = model / "earlier.npy", model / "receipt.json"
        self.assert_ok(candor("logits", model, "--tokens", "1", "-o", earlier, "--receipt", receipt))
        self.assertEqual(earlier.read_bytes()[:6], b"\x93NUMPY")
        for words in (["run", model, "-p", "a", "-n", "1"], ["convert", model, self.folder / "out", "--dtype", "f32"]):
            self.assert_ok(candor(*words, "--receipt", receipt))
            self.assertEqual(json.loads(receipt.read_text())["command"], words[0])

    def test_a_gguf_model_owns_its_file(self):
        model = self.folder / "model.gguf"
        shutil.copy(GGUF_MODEL, model)
        link = self.folder / "link"
        link.symlink_to(model)
        for words in (["logits", model, "--tokens", "1", "-o", self.folder / "x.npy", "--receipt", link],
                      ["convert", model, self.folder / "out", "--dtype", "bf16", "--receipt", link]):
            self.assert_usage_error(candor(*words, "-q"), f"--receipt names '{link}'", str(model))
        self.assertEqual(model.read_bytes(), pathlib.Path(GGUF_MODEL).read_bytes())
        self.assert_folder_holds("model.gguf", "link")

    def test_a_name_that_is_too_long_is_noticed_first(self):
        result = candor("convert", MODEL, self.folder / ("x" * 300), "--dtype", "bf16")
        self.assert_error(result, "cannot have this name: File name too long; choose a shorter one")

    def test_closed_standard_streams(self):
        """No file takes the place of one, to get what was meant for the other."""
        receipt = self.folder / "receipt.json"
        script = f"'{CANDOR}' run '{MODEL}' -p a -n 2 --receipt '{receipt}' "
        for closed, code, said in [(">&-", 1, b"standard output: Bad file descriptor"), ("2>&-", 0, b""),
                                   ("<&- 2>&-", 0, b"")]:
            with self.subTest(closed):
                receipt.unlink(missing_ok=True)
                result = subprocess.run(["sh", "-c", script + closed], capture_output=True, env=environment(),
                                        timeout=60)
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertIn(said, result.stderr)
                self.assert_folder_holds(*([] if code else ["receipt.json"]))

    def test_pipes_that_do_not_block(self):
        for end, words in [("out", ["kernels", "--markdown"]), ("in", ["run", MODEL, "-p", "-", "-n", "1"])]:
            with self.subTest(end):
                reader, writer = os.pipe()
                os.set_blocking(writer if end == "out" else reader, False)
                streams = {"stdout": writer} if end == "out" else {"stdin": reader, "stdout": subprocess.DEVNULL}
                with subprocess.Popen([CANDOR, *words], env=environment(), stderr=subprocess.PIPE, **streams) as child:
                    time.sleep(0.3)
                    if end == "in":
                        os.write(writer, b"a")
                    os.close(writer)
                    while end == "out" and os.read(reader, 1 << 16):
                        pass
                    self.assertEqual((child.wait(60), child.stderr.read()), (0, b""))
                os.close(reader)

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
