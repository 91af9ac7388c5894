"""Ctrl-C, SIGTERM and SIGKILL in the middle of the work."""

import os
import pty
import signal
import subprocess
import time
import unittest

from support import CANDOR, CliTest, candor, environment, make_model, shared_model, write_safetensors

LONG = shared_model(context=1 << 20)  # answers for minutes with -n -1 -c 0
BIG_BYTES = 600 << 20


class InterruptTest(CliTest):
    def start(self, *words, **keywords):
        process = subprocess.Popen([CANDOR, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=environment(), **keywords)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def big_input(self, name):
        path = self.folder / name
        write_safetensors(path, {f"t{i}": ("F32", [BIG_BYTES // 16], BIG_BYTES // 4) for i in range(4)})
        return path

    def wait_for(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, "nothing happened within a minute")
            time.sleep(0.002)

    def start_convert(self, name="out.safetensors", source="in.safetensors", **keywords):
        """A conversion that has begun to write beside an older output, a file or (`name` without an end) a folder."""
        source, out = self.big_input(source), self.folder / name
        old = out if out.suffix else out / "model.safetensors"
        old.parent.mkdir(exist_ok=True)
        old.write_bytes(b"old")
        process = self.start("convert", source, out, "--dtype", "bf16", "--force", **keywords)

        def has_begun():
            files = [p for p in self.folder.rglob("*") if p.is_file() and ".tmp" in str(p)]
            return any(p.stat().st_size > 0 for p in files)
        self.wait_for(lambda: process.poll() is not None or has_begun())
        self.assertIsNone(process.poll(), "the conversion was over before it could be interrupted")
        return process, out

    def assert_quiet_exit(self, process, code):
        _, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, err), (code, b""))

    def test_run(self):
        for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]:
            with self.subTest(number):
                receipt = self.folder / "receipt.json"
                process = self.start("run", LONG, "-p", "hello", "-n", "-1", "-c", "0", "--receipt", receipt)
                self.assertTrue(process.stdout.read(10))
                process.send_signal(number)
                self.assert_quiet_exit(process, code)
                self.assert_folder_holds()

    def test_while_the_prompt_is_read(self):
        process = self.start("run", LONG, "-p", "-", stdin=subprocess.PIPE)
        self.addCleanup(process.stdin.close)
        process.stdin, still_open = None, process.stdin  # communicate() would close it, and end the waiting
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        self.assert_quiet_exit(process, 130)
        self.assertFalse(still_open.closed)

    def test_logits(self):
        out = self.folder / "logits.npy"
        tokens = ",".join(["1"] * 60000)
        process = self.start("logits", LONG, "--tokens", "-", "-o", out, stdin=subprocess.PIPE)
        process.stdin.write(tokens.encode())
        process.stdin.close()
        process.stdin = None
        self.wait_for(lambda: process.poll() is not None or any(self.folder.iterdir()))
        process.send_signal(signal.SIGINT)
        self.assert_quiet_exit(process, 130)
        self.assert_folder_holds()

    def test_bench(self):
        path = self.folder / "bench.json"
        process = self.start("bench", LONG, "--prefill", "1", "--decode", "1000000", "--json", path)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        self.assert_quiet_exit(process, 130)
        self.assert_folder_holds()

    def test_convert(self):
        for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]:
            with self.subTest(number):
                process, out = self.start_convert()
                process.send_signal(number)
                self.assert_quiet_exit(process, code)
                self.assertEqual(out.read_bytes(), b"old")
                self.assert_folder_holds("in.safetensors", "out.safetensors")

    def test_canary_check(self):
        """Tensors of a canary's size without its name are compared one by one: seconds for thousands of them."""
        path = self.folder / "many.safetensors"
        write_safetensors(path, {f"t{i}": ("F32", [64], bytes(255) + b"\x3f") for i in range(20000)})
        process = self.start("canary", "check", path)
        time.sleep(0.5)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        self.assert_quiet_exit(process, 130)
        self.assertLess(time.monotonic() - begin, 5)

    def test_a_second_interrupt_leaves_at_once(self):
        process, out = self.start_convert()
        process.send_signal(signal.SIGSTOP)  # both signals arrive before the program runs again
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=60)
        self.assertIn(process.returncode, (130, 143))
        self.assertEqual(out.read_bytes(), b"old")
        self.assert_folder_holds("in.safetensors", "out.safetensors")

    def test_an_input_that_becomes_shorter(self):
        """Files are mapped: reading beyond the new end is a signal, not an error that a call returns."""
        for name, source, shown in [("out.safetensors", "in.safetensors", "in.safetensors"),
                                    ("out", "in\n.safetensors", "in\\x0a.safetensors")]:
            with self.subTest(name):
                process, out = self.start_convert(name, source)
                os.truncate(self.folder / source, 4096)
                out_text, err = process.communicate(timeout=60)
                self.assertEqual((process.returncode, out_text), (1, b""))
                self.assertEqual(err.decode(), f"candor: {self.folder}/{shown} became shorter or unreadable while it was "
                                               "being read; get it again\n")
                old = out if out.suffix else out / "model.safetensors"
                self.assertEqual(old.read_bytes(), b"old")
                self.assertEqual({p.name for p in self.folder.iterdir()} - {"out.safetensors", "out"},
                                 {source})
                (self.folder / source).unlink()

    def test_nohup_is_respected(self):
        ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
        process, out = self.start_convert(preexec_fn=ignore)
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGINT)
        self.assert_quiet_exit(process, 130)

    def test_a_killed_conversion_leaves_the_old_folder(self):
        process, out = self.start_convert("out")
        process.kill()
        process.communicate()
        self.assertEqual([(p.name, p.read_bytes()) for p in out.iterdir()], [("model.safetensors", b"old")])
        self.assert_ok(candor("convert", self.folder / "in.safetensors", out, "--dtype", "bf16", "--force"))
        self.assertGreater((out / "model.safetensors").stat().st_size, BIG_BYTES // 2)

    def test_a_killed_conversion_leaves_the_old_file(self):
        process, out = self.start_convert()
        process.kill()
        process.communicate()
        self.assertEqual(process.returncode, -signal.SIGKILL)
        self.assertEqual(out.read_bytes(), b"old")
        result = candor("convert", self.folder / "in.safetensors", out, "--dtype", "bf16", "--force")
        self.assert_ok(result)
        self.assertGreater(out.stat().st_size, BIG_BYTES // 2)


class TerminalTest(CliTest):
    """A conversation at a terminal, where Ctrl-C stops an answer and leaves at the prompt."""

    def setUp(self):
        super().setUp()
        self.master, slave = pty.openpty()
        env = environment({"TERM": "xterm"})
        words = [CANDOR, "run", LONG, "--chat", "-n", "-1", "-c", "0"]
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, env=env,
                                        start_new_session=True, preexec_fn=self.make_controlling)
        os.close(slave)
        self.shown = b""
        self.addCleanup(os.close, self.master)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

    @staticmethod
    def make_controlling():
        import fcntl
        import termios
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C becomes SIGINT

    def wait_for(self, text, seconds=60):
        """Reads until `text` has been shown since the last call."""
        deadline = time.monotonic() + seconds
        while text not in self.shown:
            self.assertLess(time.monotonic(), deadline, self.shown[-500:])
            self.shown += os.read(self.master, 65536)
        before, _, self.shown = self.shown.partition(text)
        return before

    def test_stop_an_answer_then_leave(self):
        self.wait_for(b"> ")
        os.write(self.master, b"hello\n")
        self.wait_for(b"hello\r\n")
        self.shown += os.read(self.master, 100)  # the answer has begun
        os.write(self.master, b"\x03")
        self.wait_for(b"(stopped)")
        self.wait_for(b"> ")
        self.assertIsNone(self.process.poll())
        os.write(self.master, b"\x03")
        self.assertEqual(self.process.wait(60), 130)

    def test_exit_and_end_of_file(self):
        self.wait_for(b"> ")
        os.write(self.master, b"/help\n")
        self.wait_for(b"/reset")
        self.wait_for(b"> ")
        os.write(self.master, b"\x04")
        self.assertEqual(self.process.wait(60), 0)


if __name__ == "__main__":
    unittest.main()
