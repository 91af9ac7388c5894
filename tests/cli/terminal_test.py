"""What shows on a terminal and nowhere else: colour and progress bars."""

import subprocess
import unittest

from support import CANDOR, CliTest, Terminal, environment, shared_model, write_safetensors

MODEL = shared_model()
SUMMARY = ["run", MODEL, "-p", "hello", "-n", "2", "--receipt", "-"]
BIG_BYTES = 1 << 30  # counting what would change takes longer than a bar waits before it appears, on any machine


class TerminalTest(CliTest):
    def on_terminal(self, *words, env=None):
        """Runs with a terminal as standard output and standard error; what it shows."""
        with Terminal() as terminal:
            result = subprocess.run([CANDOR, *map(str, words)], stdin=subprocess.DEVNULL, stdout=terminal.slave,
                                    stderr=terminal.slave, env=environment({"TERM": "xterm", **(env or {})}),
                                    timeout=120)
        self.status = result.returncode
        return terminal.text()

    def convert(self):
        source = self.folder / "in.safetensors"
        write_safetensors(source, {f"t{i}": ("F32", [BIG_BYTES // 16], BIG_BYTES // 4) for i in range(4)})
        return ["convert", source, self.folder / "out.safetensors", "--dtype", "bf16", "--explain"]

    def test_colour(self):
        for env, coloured in [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False),
                              ({"TERM": "dumb"}, False), ({"TERM": ""}, False)]:
            with self.subTest(env):
                shown = self.on_terminal(*SUMMARY, env=env)
                self.assertEqual(self.status, 0, shown)
                self.assertEqual("\x1b[1mweights\x1b[0m" in shown, coloured, shown)
                self.assertEqual("\x1b" in shown, coloured)
                self.assertIn("weights", shown)

    def test_a_written_file_is_named_readably(self):
        shown = self.on_terminal("logits", MODEL, "--tokens", "1", "-o", f"{self.folder}/a\x1b[31m")
        self.assertEqual(self.status, 0, shown)
        self.assertIn(f"{self.folder}/a\\x1b[31m: f32 [1, 269]", shown)

    def test_errors_in_colour(self):
        self.assertIn("\x1b[1mcandor run:\x1b[0m ", self.on_terminal("run", self.folder / "absent", "-p", "a"))
        self.assertEqual(self.status, 1)
        plain = self.on_terminal("run", self.folder / "absent", "-p", "a", env={"NO_COLOR": "1"})
        self.assertTrue(plain.startswith("candor run: "), plain)

    def test_a_bar_while_a_conversion_runs(self):
        """It needs no escape codes, so it works on any terminal and without colour."""
        words = self.convert()
        for env in [{}, {"NO_COLOR": "1", "TERM": "dumb"}]:
            with self.subTest(env):
                shown = self.on_terminal(*words, env=env)
                self.assertEqual(self.status, 0, shown)
                bars = [line for line in shown.split("\r") if line.startswith("checking ")]
                self.assertTrue(bars, shown)
                for bar in bars:
                    self.assertRegex(bar, r"^checking +[━╌]* \d+ %  \S+ \wB of 1\.07 GB ")
                self.assertNotIn("\x1b", "".join(bars))
                self.assertNotIn("\x1b[K", shown)
                self.assertRegex(shown, r"\r {40,}\rtensor +from → to ")  # erased before the summary

    def test_no_bar_in_a_pipe_or_when_quiet(self):
        words = self.convert()
        piped = subprocess.run([CANDOR, *map(str, words)], capture_output=True, timeout=120,
                               env=environment({"TERM": "xterm"}))
        self.assertEqual(piped.returncode, 0)
        self.assertNotIn(b"\r", piped.stderr)
        self.assertNotIn(b"\x1b", piped.stderr)
        quiet = self.on_terminal(*words, "-q")
        self.assertEqual(self.status, 0)
        self.assertTrue(quiet.startswith("tensor "), quiet)


if __name__ == "__main__":
    unittest.main()
