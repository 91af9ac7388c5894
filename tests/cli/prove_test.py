"""candor prove: exit code, table, JSON and page. The page's script is only looked at, not run."""

import json
import math
import re
import unittest
from pathlib import Path

from schema_check import Checker
from support import CliTest, candor

GOLDEN = Path(__file__).resolve().parents[1] / "models" / "golden"
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schema" / "prove-1.json"


def rounded(x, bits):
    fraction, exponent = math.frexp(x)
    return math.ldexp(round(math.ldexp(fraction, bits)), exponent - bits)


class ProveTest(CliTest):
    def test_one_op_is_proven_and_written_in_every_form(self):
        page, document = self.folder / "proof.html", self.folder / "proof.json"
        result = candor("prove", "--op", "matmul", "--quick", "--json", document, "--html", page)
        self.assert_ok(result)
        self.assertRegex(result.stdout, r"\n\d+ rows: \d+ proven, 0 unseen, 0 mismatches; ")
        proof = json.loads(document.read_text())
        self.assertEqual(list(Checker(json.loads(SCHEMA.read_text())).check(proof)), [])
        self.assertEqual({row["op"] for row in proof["rows"]}, {"matmul"})
        self.assertTrue(all(row["backend"] != "ref" for row in proof["rows"]))
        text = page.read_text()
        self.assertEqual(text.count("aria-expanded=\"false\""), len(proof["rows"]))
        self.assertIsNone(re.search(r"https?://|src=|@import|url\(", text))
        self.assert_folder_holds("proof.html", "proof.json")

    def test_results_are_those_that_can_be_worked_out_by_hand(self):
        proof = json.loads(candor("prove", "--op", "matmul", "--quick", "--json", "-").stdout)
        found = {(row["precision"]["out"], canary["name"]): canary["found"] for row in proof["rows"]
                 if row["precision"]["b"] == "bf16" for canary in row["canaries"]}
        self.assertEqual(found["f32", "257 ones"], 257)
        self.assertEqual(found["bf16", "257 ones"], rounded(257, 8))
        self.assertEqual(found["bf16", "1 + 2^-8 + 2^-16"], rounded(1 + 2**-8 + 2**-16, 8))
        self.assertEqual(found["f32", "1 + 2^-8 + 2^-16"], 1 + 2**-8 + 2**-16)
        self.assertEqual(found["f32", "2^24 + 1 - 2^24"], 0)

    def test_a_model_is_proven_with_the_rows_it_uses(self):
        document = self.folder / "proof.json"
        result = candor("prove", GOLDEN / "gqa_tied", "--precision", "bf16", "--json", document)
        self.assert_ok(result)
        self.assertTrue(result.stdout.endswith("was found to be so.\n"), result.stdout)
        unproven = candor("prove", GOLDEN / "gqa_tied", "--precision", "activations=f64", "--allow-reference")
        self.assertEqual(unproven.returncode, 1)
        self.assertNotIn("was found to be so", unproven.stdout)
        proof = json.loads(document.read_text())
        self.assertEqual(list(Checker(json.loads(SCHEMA.read_text())).check(proof)), [])
        self.assertEqual(proof["precision"], "bf16")
        self.assertEqual({check["section"] for check in proof["checks"]}, {"model"})
        self.assertLess(len(proof["rows"]), 40)
        self.assertTrue({"matmul", "attention", "rms_norm"} <= {row["op"] for row in proof["rows"]})
        self.assert_folder_holds("proof.json")

    def test_a_proof_replaces_no_file_of_the_model(self):
        result = candor("prove", GOLDEN / "gqa_tied", "--json", GOLDEN / "gqa_tied" / "config.json")
        self.assertEqual(result.returncode, 2)

    def test_quiet_is_one_line(self):
        result = candor("prove", "--op", "rope", "-q")
        self.assert_ok(result)
        self.assertEqual(result.stdout.count("\n"), 1)
        self.assertEqual(result.stderr, "")

    def test_wrong_command_lines(self):
        for arguments in (["--op", "matmull"], ["--precision", "bf16"], ["--seed", "-1"], ["--op", ""], [""],
                          [GOLDEN / "gqa_tied", "--op", "rope"],
                          [GOLDEN / "gqa_tied", "--quick"], ["--json", "./x", "--html", "x"], ["--json", "-", "--html", "-"], ["--json", "x", "--html", "x"]):
            result = candor("prove", *arguments, cwd=self.folder)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertEqual(result.stdout, "")


if __name__ == "__main__":
    unittest.main()
