"""Ctrl-C, SIGTERM and SIGKILL in the middle of the work."""

import os
import pathlib
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

    def many_canaries(self, count):
        """Tensors of a canary's size without its name are compared one by one: a second for some thousands of them."""
        path = self.folder / "many.safetensors"
        write_safetensors(path, {f"t{i}": ("F32", [64], bytes(255) + b"\x3f") for i in range(count)})
        return path

    def test_canary_check(self):
        process = self.start("canary", "check", self.many_canaries(20000))
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

    def ticks(self, process):
        """Processor time in hundredths of a second."""
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def start_stopped(self, path, *words):
        """A command that has opened `path` and stands still, to go on by SIGCONT."""
        process = self.start(*words)
        maps = pathlib.Path(f"/proc/{process.pid}/maps")
        self.wait_for(lambda: process.poll() is not None or str(path) in maps.read_text())
        # Mapped, it is looked at once more before it counts as opened: no more than a few milliseconds of its own time.
        begin = self.ticks(process)
        self.wait_for(lambda: process.poll() is not None or self.ticks(process) >= begin + 2)
        process.send_signal(signal.SIGSTOP)
        self.assertIsNone(process.poll(), "the command was over before anything could happen to it")
        return process

    def test_an_input_that_is_written_to(self):
        """Neither state of it is what was read: no output, no verdict."""
        path, out = self.big_input("in.safetensors"), self.folder / "out.safetensors"
        same, canary = self.big_input("same.safetensors"), self.many_canaries(6000)
        names = sorted(p.name for p in self.folder.iterdir()) + [out.name]
        out.write_bytes(b"old")
        for command, read, words, code in (("convert", path, [path, out, "--dtype", "bf16", "--force"], 1),
                                           ("audit", path, [path], 4), ("diff", path, [path, same], 4),
                                           ("diff", same, [path, same], 4), ("canary check", canary, [canary], 4)):
            with self.subTest(f"{command} {read.name}"):
                process = self.start_stopped(read, *command.split(), *words)
                with open(read, "r+b") as file:
                    file.seek(-1, os.SEEK_END)
                    file.write(b"x")
                process.send_signal(signal.SIGCONT)
                output, err = process.communicate(timeout=60)
                size = read.stat().st_size
                self.assertEqual((process.returncode, output), (code, b""), err)
                self.assertEqual(err.decode(), f"candor {command}: read: {read}: was written to, with {size} bytes as "
                                               "before, while it was read; run this again when nothing writes to it\n")
                self.assertEqual(out.read_bytes(), b"old")
                self.assert_folder_holds(*names)

    def test_audit(self):
        path = self.big_input("in.safetensors")
        for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            with self.subTest(number):
                process = self.start_stopped(path, "audit", path, "--json", self.folder / "audit.json", "--fingerprint",
                                             self.folder / "fingerprint")
                process.send_signal(number)
                process.send_signal(signal.SIGCONT)
                self.assert_quiet_exit(process, code)
                self.assert_folder_holds("in.safetensors")
        process = self.start_stopped(path, "audit", path)
        os.truncate(path, 4096)
        process.send_signal(signal.SIGCONT)
        output, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, output), (4, b""))
        self.assertIn(b"became shorter or unreadable while it was being read", err)

    def test_reports_of_an_audit(self):
        """A pipe that is read slowly holds the program in a report, when all else is done. None is left."""
        path, pipe, page = (self.folder / name for name in ("in.safetensors", "pipe", "page.html"))
        write_safetensors(path, {f"tensor{i}": ("BF16", [1], b"\x80\x3f") for i in range(1000)})
        page.write_bytes(b"old")
        os.mkfifo(pipe)
        for slow, other, first, end in (("--json", "--html", b"{", b"}\n"), ("--html", "--json", b"<", b"</html>\n")):
            with self.subTest(slow):
                process = self.start("audit", path, slow, pipe, other, page, "-q")
                with open(pipe, "rb", buffering=0) as reader:
                    self.assertEqual(reader.read(1), first)
                    process.send_signal(signal.SIGINT)
                    rest = reader.readall()
                self.assertFalse(rest.endswith(end), "it went on")
                self.assert_quiet_exit(process, 130)
                self.assertEqual(page.read_bytes(), b"old")
                self.assert_folder_holds("in.safetensors", "pipe", "page.html")

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
