"""candor run: prompts, conversations, streams."""

import subprocess
import unittest

from support import CANDOR, CliTest, candor, environment, shared_model

MODEL = shared_model()
FIXED = ["--greedy", "-n", "12", "--precision", "bf16"]


class RunTest(CliTest):
    def test_the_same_command_gives_the_same_text(self):
        first = candor("run", MODEL, "-p", "hello", "-n", "20", "--seed", "7")
        self.assert_ok(first)
        self.assertGreater(len(first.stdout), 2)
        self.assertTrue(first.stdout.endswith("\n"))
        self.assertEqual(first.stderr, "")
        again = candor("run", MODEL, "-p", "hello", "-n", "20", "--seed", "7", "--threads", "1")
        self.assertEqual(first.raw, again.raw)
        other = candor("run", MODEL, "-p", "hello", "-n", "20", "--seed", "8")
        self.assertNotEqual(first.raw, other.raw)

    def test_prompt_from_standard_input(self):
        argument = candor("run", MODEL, "-p", "hé\nllo", *FIXED)
        self.assert_ok(argument)
        for stdin in ["hé\nllo", "hé\nllo\n"]:
            self.assertEqual(candor("run", MODEL, "-p", "-", *FIXED, stdin=stdin.encode()).raw, argument.raw)

    def test_a_prompt_may_look_like_an_option(self):
        for prompt in ["-5 + 3", "--help", "[INST] a, b [/INST]"]:
            self.assert_ok(candor("run", MODEL, "-p", prompt, *FIXED))

    def test_raw_system_and_tokens(self):
        shown = [candor("run", MODEL, "-p", "hi", "-n", "1", "--greedy", "--show-tokens", *extra)
                 for extra in ([], ["--raw"], ["--system", "be brief"])]
        counts = []
        for result in shown:
            self.assert_ok(result)
            line = [text for text in result.stderr.split("\n") if text.startswith("tokens: ")]
            self.assertEqual(len(line), 1, result.stderr)
            counts.append(len(line[0].split()) - 1)
        templated, raw, with_system = counts
        self.assertLess(raw, templated)
        self.assertLess(templated, with_system)

    def test_stop_strings(self):
        text = candor("run", MODEL, "-p", "hello", *FIXED).stdout[:-1]
        self.assertGreater(len(text), 4)
        middle = text[len(text) // 2]
        stopped = candor("run", MODEL, "-p", "hello", *FIXED, "--stop", "no such text", "--stop", middle)
        self.assertEqual(stopped.stdout[:-1], text[:text.index(middle)])

    def test_longest_answer(self):
        self.assertEqual(candor("run", MODEL, "-p", "hello", "-n", "0").stdout, "\n")
        full = candor("run", MODEL, "-p", "hello", "--greedy", "-n", "-1", "-c", "40")
        self.assert_ok(full)
        self.assertEqual(full.stderr, "note: the context of 40 tokens is full; -c gives more\n")

    def test_a_conversation_from_a_pipe(self):
        one = candor("run", MODEL, "--chat", *FIXED, stdin=b"hello\n")
        self.assert_ok(one)
        self.assertEqual(one.stdout, candor("run", MODEL, "-p", "hello", *FIXED).stdout)
        two = candor("run", MODEL, "--chat", *FIXED, stdin=b"hello\n\n/reset\nhello\n/exit\nhello\n")
        self.assert_ok(two)
        self.assertEqual(two.stdout, one.stdout * 2)
        more = candor("run", MODEL, "--chat", *FIXED, stdin=b"hello\nagain\n")
        self.assertTrue(more.stdout.startswith(one.stdout))
        self.assertGreater(len(more.stdout), len(one.stdout))
        joined = candor("run", MODEL, "--chat", *FIXED, stdin=b"two\\\nlines")
        self.assertEqual(joined.stdout, candor("run", MODEL, "-p", "two\nlines", *FIXED).stdout)

    def test_help_inside_a_conversation(self):
        result = candor("run", MODEL, "--chat", *FIXED, stdin=b"/help\n/frob\n")
        self.assert_ok(result)
        self.assertEqual(result.stdout, "")
        self.assertIn("/reset", result.stderr)
        self.assertIn("unknown command /frob", result.stderr)

    def test_no_escape_codes_outside_a_terminal(self):
        result = candor("run", MODEL, "-p", "hello", *FIXED, "--receipt", "-", env={"TERM": "xterm-256color"})
        self.assertNotIn("\x1b", result.stdout + result.stderr)

    def test_a_reader_that_leaves(self):
        with subprocess.Popen([CANDOR, "run", MODEL, "-p", "hello", "-n", "200"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=environment()) as process:
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")
            self.assertEqual(process.wait(60), 141)

    def test_standard_output_is_full(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([CANDOR, "run", MODEL, "-p", "hello", *FIXED], stdout=full, stderr=subprocess.PIPE,
                                    env=environment(), timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, b"candor run: standard output: No space left on device\n")


if __name__ == "__main__":
    unittest.main()
