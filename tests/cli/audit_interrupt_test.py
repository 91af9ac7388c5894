"""candor audit that is interrupted or whose input becomes shorter, and its progress bar."""

import os
import signal
import subprocess
import time
import unittest

from support import CANDOR, CliTest, Terminal, environment, write_safetensors

BYTES = 2 << 30  # zeros that take no disk; a tenth of a second at the least
HEADER_KIB = 4096  # more than reading the header maps: two huge pages at the most
OUTPUTS = ["audit.json", "audit.sarif", "audit.html", "audit.fingerprint"]


class AuditInterruptTest(CliTest):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "model.safetensors"
        write_safetensors(self.path, {f"t{i}": ("BF16", [BYTES // 8], BYTES // 4) for i in range(4)})

    def outputs(self):
        words = []
        for name in OUTPUTS:
            words += ["--" + name.partition(".")[2], self.folder / name]
        return words

    def status(self, process):
        """The kernel's letter: R or S while it works, T when it is stopped."""
        with open(f"/proc/{process.pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0]

    def resident(self, process):
        """KiB of the file that the process has mapped and touched."""
        try:
            with open(f"/proc/{process.pid}/smaps") as file:
                lines = file.read().split("\n")
        except OSError:
            return 0
        at = next((i for i, line in enumerate(lines) if line.endswith(str(self.path))), None)
        return 0 if at is None else int(next(line for line in lines[at:] if line.startswith("Rss:")).split()[1])

    def wait_for(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, "nothing happened within a minute")
            time.sleep(0.001)

    def stopped_audit(self, *words, out=subprocess.PIPE, **keywords):
        """An audit that is stopped in the middle of its scan: signals and changes arrive before it runs again."""
        process = subprocess.Popen([CANDOR, "audit", *map(str, [self.path, "--threads", "1", *words])], stdout=out,
                                   stderr=out, **{"env": environment(), **keywords})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.wait_for(lambda: process.poll() is not None or self.resident(process) > HEADER_KIB)
        process.send_signal(signal.SIGSTOP)
        self.wait_for(lambda: process.poll() is not None or self.status(process) == "T")
        self.assertIsNone(process.poll(), "the audit was over before it could be stopped")
        return process

    def assert_left(self, process, code, error):
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out, err.decode()), (code, b"", error))

    def test_signals_leave_no_file(self):
        for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]:
            with self.subTest(number):
                process = self.stopped_audit(*self.outputs())
                process.send_signal(number)
                process.send_signal(signal.SIGCONT)
                self.assert_left(process, code, "")
                self.assert_folder_holds("model.safetensors")

    def test_signals_leave_older_files(self):
        for name in OUTPUTS:
            (self.folder / name).write_bytes(b"old")
        process = self.stopped_audit(*self.outputs())
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        self.assert_left(process, 130, "")
        self.assert_folder_holds("model.safetensors", *OUTPUTS)
        for name in OUTPUTS:
            self.assertEqual((self.folder / name).read_bytes(), b"old")

    def test_an_input_that_becomes_shorter(self):
        """Exit code 1 would say that something was found."""
        process = self.stopped_audit(*self.outputs())
        os.truncate(self.path, 4096)
        process.send_signal(signal.SIGCONT)
        self.assert_left(process, 4, f"candor: {self.path} became shorter or unreadable while it was being read; "
                                     "get it again\n")
        self.assert_folder_holds("model.safetensors")

    def on_terminal(self, *words):
        """What a terminal shows of an audit that takes longer than the bar waits before it appears."""
        with Terminal() as terminal:
            process = self.stopped_audit(*words, out=terminal.slave,
                                         env=environment({"TERM": "xterm", "NO_COLOR": "1"}))
            time.sleep(0.4)
            process.send_signal(signal.SIGCONT)
            process.wait(60)
        self.assertEqual(process.returncode, 0)
        return terminal.text()

    def test_a_bar(self):
        shown = self.on_terminal()
        bars = [line for line in shown.split("\r") if line.startswith("auditing ")]
        self.assertTrue(bars, shown)
        for bar in bars:
            self.assertRegex(bar, r"^auditing +[━╌]* \d+ %  \S+ \wB of 2\.15 GB ")
        self.assertNotIn("\x1b", shown)
        self.assertRegex(shown, r"\r {40,}\r\S")  # erased before the summary

    def test_no_bar_when_quiet(self):
        shown = self.on_terminal("-q")
        self.assertNotIn("auditing", shown)
        self.assertEqual(len(shown.strip().split("\n")), 1, shown)


if __name__ == "__main__":
    unittest.main()
