"""Command lines: what is refused with exit code 2, and help."""

import re
import unittest
from pathlib import Path

from support import MODEL, CliTest, candor

COMMANDS = ["run", "logits", "convert", "bench", "kernels", "prove", "audit", "diff", "canary", "explain", "info"]


class UsageTest(CliTest):
    def test_help_of_every_command(self):
        main = candor("--help")
        self.assert_ok(main)
        for command in COMMANDS:
            self.assertIn(f"  {command} ", main.stdout)
            result = candor(command, "--help")
            self.assert_ok(result)
            self.assertEqual(result.stderr, "")
            self.assertIn("Examples:\n  candor", result.stdout + result.stdout.replace("Examples:\n  cat", ""))
            for line in result.stdout.split("\n"):
                self.assertLessEqual(len(line), 120, f"{command}: {line}")

    def test_fixed_spellings(self):
        wanted = {
            "run": ["-p", "--chat", "--system", "-n", "-c", "--stop", "--greedy", "--temperature", "--seed",
                    "--precision", "--threads", "--receipt"],
            "logits": ["--tokens", "--text", "--precision", "--threads", "-o"],
            "convert": ["--dtype", "--keep-f32", "--allow-lossy", "--force", "--explain"],
            "bench": ["--precision", "--threads", "--prefill", "--decode", "--repeat", "--json", "--receipt"],
            "kernels": ["--markdown"],
            "explain": ["--precision", "--json"],
            "info": ["--probe"],
        }
        for command, options in wanted.items():
            text = candor(command, "--help").stdout
            for option in options:
                self.assertRegex(text, rf"(?m)^  ?(\S+,)?{option}\b", f"{command} {option}")

    def test_every_option_is_in_the_documents(self):
        """Each option stands in its command's section of docs/cli.md, or before all of them where it is of many."""
        page = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text()
        general, *sections = re.split(r"(?m)^## ", page.replace("## Streams", "# Streams").replace("## Precision", "# P"))
        of = {section.split("\n")[0]: section for section in sections}
        for words in (["audit"], ["diff"], ["canary"], ["canary", "check"], ["convert"]):
            options = re.findall(r"(?m)^  (?:(-\w),)?(--[\w-]+)", candor(*words, "--help").stdout)
            self.assertGreater(len(options), 2)
            for short, long in options:
                with self.subTest(words=words, option=long):
                    text = general + of[words[0]]
                    self.assertTrue(long == "--help" or re.search(rf"`{long}\b", text)
                                    or (short and f"`{short}`" in text))

    def test_a_name_that_looks_like_an_option(self):
        (self.folder / "-x.npy").write_bytes(b"no array")
        result = candor("audit", "-x.npy", cwd=self.folder)
        self.assertEqual(result.returncode, 4)
        self.assertIn("there is no option '-x.npy'; a file that is called so goes after --", result.stderr)
        self.assertIn("PATH is required", candor("audit").stderr)
        self.assertEqual(candor("audit", "--", "-x.npy", cwd=self.folder).returncode, 3)

    def test_version(self):
        result = candor("--version")
        self.assert_ok(result)
        self.assertRegex(result.stdout, r"^candor \d+\.\d+\.\d+ \(\S+, .+\)\n$")

    def test_an_unknown_isa(self):
        for words in (["--version"], ["info"], ["kernels"]):
            self.assert_error(candor(*words, env={"CANDOR_ISA": "frob"}), 'CANDOR_ISA: "frob" is not known')

    def test_no_command(self):
        result = candor()
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("Usage: candor", result.stderr)
        self.assert_usage_error(candor("dance"), "no command 'dance'", "run, logits, convert")

    def test_wrong_flags(self):
        cases = [
            (["run"], "MODEL"),
            (["run", MODEL, "-p", "a", "--frobnicate"], "--frobnicate"),
            (["run", MODEL, "-p"], "--prompt"),
            (["run", MODEL], "-p"),  # standard input is not a terminal here
            (["run", MODEL, "-p", "a", "--chat"], "--chat"),
            (["run", MODEL, "-p", "a", "--greedy", "--temperature", "1"], "--temperature"),
            (["run", MODEL, "--chat", "--raw"], "--raw"),
            (["run", MODEL, "-p", "a", "--raw", "--system", "b"], "--system"),
            (["run", MODEL, "another", "-p", "a"], "another"),
            (["run", MODEL, "-p", "a", "--stop", ""], "--stop"),
            (["logits", MODEL, "--tokens", "1"], "--output"),
            (["logits", MODEL, "-o", "x.npy"], "--tokens or --text"),
            (["logits", MODEL, "-o", "x.npy", "--tokens", "1", "--text", "a"], "--text"),
            (["convert", MODEL], "OUT"),
            (["convert", MODEL, "out"], "--dtype"),
            (["kernels", "--op", "frob"], "frob"),
            (["kernels", "--op", ""], "no op is called ''; there are "),
        ]
        for arguments, fragment in cases:
            with self.subTest(arguments):
                self.assert_usage_error(candor(*arguments), fragment)

    def test_numbers(self):
        huge = "9" * 25
        for option, value in [("-n", huge), ("-n", "-2"), ("-n", "1.5"), ("-c", huge), ("-c", "-1"), ("-c", "1e3"),
                              ("--threads", "0"), ("--threads", "1025"), ("--threads", huge), ("--seed", "-1"),
                              ("--seed", huge), ("--top-k", "-1"), ("--top-k", huge), ("--top-p", "nan"),
                              ("--top-p", "1.5"), ("--temperature", "-1"), ("--temperature", "inf"),
                              ("--temperature", "1e99"),
                              ("--temperature", "warm"), ("--min-p", "2"), ("--repetition-penalty", "0"), ("-n", "")]:
            with self.subTest(option=option, value=value):
                self.assert_usage_error(candor("run", MODEL, "-p", "a", option, value))
        for option in ["--prefill", "--decode", "--repeat"]:
            for value in ["0", "-1", huge]:
                with self.subTest(option=option, value=value):
                    self.assert_usage_error(candor("bench", MODEL, option, value), option)

    def test_precision(self):
        for value in ["nonsense", "", "weights=bf16,colour=red", "weights=q9_9", "activations="]:
            for command in [["run", MODEL, "-p", "a"], ["logits", MODEL, "--tokens", "1", "-o", self.folder / "x"],
                            ["explain", MODEL], ["bench", MODEL]]:
                with self.subTest(value=value, command=command[0]):
                    self.assert_usage_error(candor(*command, "--precision", value), "precision")

    def test_dtypes_of_convert_are_refused_by_name(self):
        for name in ["q8_0", "i32", "f64", "float16", ""]:
            with self.subTest(name):
                result = candor("convert", MODEL, self.folder / "out", "--dtype", name)
                self.assert_usage_error(result, "bf16, f16 or f32", name)
        self.assert_folder_holds()


if __name__ == "__main__":
    unittest.main()
