"""candor audit: exit codes, and the terminal, JSON, SARIF and HTML forms of what it says about small seeded files."""

import functools
import io
import json
import random
import re
import struct
import unittest
import zipfile
from pathlib import Path

from schema_check import violations
from support import CliTest, candor, write_safetensors

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "schema" / "audit-1.json").read_text())
SHAPE = [512, 512]


def bf16(x):
    """The code of an f32 rounded to nearest, ties to even."""
    bits = struct.unpack("<I", struct.pack("<f", x))[0]
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


def through_f16(x):
    return struct.unpack("<e", struct.pack("<e", x))[0]


@functools.lru_cache(maxsize=None)
def weights(count, sigma, detour, seed=1):
    draw = random.Random(seed)
    values = (draw.gauss(0, sigma) for _ in range(count))
    codes = [bf16(through_f16(x) if detour else x) for x in values]
    return struct.pack(f"<{count}H", *codes)


def genuine():
    return "BF16", SHAPE, weights(SHAPE[0] * SHAPE[1], 0.02, False)


def from_f16():
    return "BF16", SHAPE, weights(SHAPE[0] * SHAPE[1], 0.02, True)


def small():
    return "BF16", [16, 16], weights(256, 1.0, False, seed=2)


ROOT = Path(__file__).resolve().parents[2]


class AuditWordsTest(unittest.TestCase):
    def test_every_second_word_is_explained(self):
        """What the judge emits has a sentence for the page and a row in the document, and nothing else has."""
        judged = set(re.findall(r'\*k\w+ = "([a-z0-9-]+)"', (ROOT / "src/audit/judge/decide.h").read_text()))
        judge = "".join(path.read_text() for path in sorted((ROOT / "src/audit").rglob("*.cpp")))
        judged |= set(re.findall(r'\b(?:structured|undecidable)\(\s*"([a-z0-9-]+)",', judge))
        judged |= set(re.findall(r'return \{"([a-z]+)",', (ROOT / "src/audit/judge/smoothness.cpp").read_text()))
        judged |= set(re.findall(r'"(label-vs-[a-z]+)"', judge)) | {"by-design", "no-test", "bit-view", "byte-swapped"}
        judged |= set(re.findall(r'decided\.sub = "([a-z-]+)"', judge))
        words = (ROOT / "cli/audit_words.cpp").read_text().split("kSubs[] = {")[1].split("\n};")[0]
        self.assertEqual(set(re.findall(r'^    \{\w+, "([a-z0-9-]+)"', words, re.M)), judged)
        document = (ROOT / "docs/audit.md").read_text()
        self.assertEqual([word for word in sorted(judged) if f"`{word}`" not in document], [])


class AuditTest(CliTest):
    def file(self, name, **tensors):
        path = self.folder / name
        write_safetensors(path, tensors)
        return path

    def test_a_folder_that_is_no_model_is_its_files(self):
        folder = self.folder / "parts"
        folder.mkdir()
        for name in ("a", "b"):
            header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({8},), }}".ljust(117) + "\n"
            data = struct.pack("<8f", *(0.1 * k for k in range(8)))
            (folder / f"{name}.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.encode() + data)
        out = self.folder / "out.json"
        result = candor("audit", folder, "--json", out)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(json.loads(out.read_text())["checkpoints"]), 2)
        result = candor("audit", folder, "--json", folder / "a.npy")
        self.assert_failure(result, 4, "a.npy")

    def assert_failure(self, result, code, *fragments):
        """One sentence on stderr, nothing on stdout: what cannot be mistaken for an answer."""
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"^candor audit: \S")
        for fragment in fragments:
            self.assertIn(fragment, result.stderr)

    def test_genuine_weights(self):
        result = candor("audit", self.file("genuine.safetensors", weight=genuine()))
        self.assert_ok(result)
        self.assertRegex(result.stdout, r"^\S*genuine\.safetensors: consistent: ")
        self.assertEqual(result.stderr, "")

    def test_weights_from_f16_in_every_form(self):
        path = self.file("weights.safetensors", laundered=from_f16(), other=genuine())
        result = candor("audit", path, "--json", self.folder / "a.json", "--sarif", self.folder / "a.sarif", "--html",
                        self.folder / "a.html")
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        self.assertRegex(result.stdout.split("\n")[0], r"weights\.safetensors: mixed/f16-grid: a part of the weights has another history")
        report = json.loads((self.folder / "a.json").read_text())
        self.assertEqual(violations(report, SCHEMA), [])
        self.assertEqual(report["verdict"], "mixed")
        self.assertEqual(report["exit_code"], 1)
        tensor = report["tensors"][0]
        self.assertEqual((tensor["verdict"], tensor["sub"], tensor["dtype"]), ("f16-grid", "from-f16", "BF16"))
        self.assertEqual({w["what"] for w in tensor["witnesses"]}, {"on f16's lattice, where bf16 is finer"})
        self.assertGreater(tensor["bits"], 40)
        self.assert_sarif(json.loads((self.folder / "a.sarif").read_text()), "candor/f16-grid")
        self.assert_page((self.folder / "a.html").read_text())
        self.assert_folder_holds("weights.safetensors", "a.json", "a.sarif", "a.html")

    def test_a_witness_is_where_it_is_said_to_be(self):
        path = self.file("genuine.safetensors", weight=genuine())
        report = json.loads(candor("audit", path, "--json", "-").stdout)
        data, witnesses = path.read_bytes(), report["tensors"][0]["witnesses"]
        self.assertTrue(witnesses)
        for witness in witnesses:
            code = struct.unpack_from("<H", data, witness["offset"])[0]
            value = struct.unpack("<f", struct.pack("<I", code << 16))[0]
            self.assertEqual((int(witness["code"], 16), witness["value"]), (code, value))
            self.assertEqual(witness["nearest_f16"], through_f16(value))
            self.assertEqual(witness["index"], witness["position"][0] * SHAPE[1] + witness["position"][1])

    def assert_sarif(self, log, rule_id):
        """What SARIF 2.1.0 asks of a log, as far as ours has it."""
        self.assertEqual(log["version"], "2.1.0")
        run, = log["runs"]
        rules, files = run["tool"]["driver"]["rules"], run["artifacts"]
        self.assertEqual(len({rule["id"] for rule in rules}), len(rules))
        for rule in rules:
            self.assertIn(rule["defaultConfiguration"]["level"], {"error", "warning", "note"})
            for text in ("shortDescription", "fullDescription", "help"):
                self.assertTrue(rule[text]["text"])
        self.assertTrue(run["invocations"][0]["executionSuccessful"])
        self.assertEqual({result["ruleId"] for result in run["results"]}, {rule_id})
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
            self.assertTrue(result["message"]["text"])
            for place in [*result["locations"], *result.get("relatedLocations", [])]:
                artifact = place["physicalLocation"]["artifactLocation"]
                self.assertEqual(files[artifact["index"]]["location"]["uri"], artifact["uri"])
                self.assertRegex(artifact["uri"], r"^[A-Za-z0-9\-._~/!$&'()*+,;=@%:]+$")
                self.assertTrue(place["logicalLocations"][0]["fullyQualifiedName"])
                region = place["physicalLocation"].get("region")
                if region:
                    self.assertEqual(region["byteLength"], 2)
                    self.assertGreaterEqual(region["byteOffset"], 8)

    def assert_page(self, page):
        self.assertIsNone(re.search(r"https?://|src=|@import|url\(|<script|<link", page))
        self.assertEqual(page.count("<svg"), page.count("</svg>"))
        for heading in ("What it means", "What to do", "All tensors", "The verdicts", "what cannot be known"):
            self.assertIn(heading, page)
        for target in set(re.findall(r'href="#([^"]+)"', page)):
            self.assertIn(f'id="{target}"', page)
        for picture in ("Sizes of the values", "Even mantissas, by size", "The smallest values"):
            self.assertIn(f"<h5>{picture}</h5>", page)

    def test_what_a_file_says_does_not_act_on_the_terminal(self):
        """Names and dtypes come from the file; U+009B is an escape sequence's begin in one character."""
        for bad in ("\x1b[2J", "\x9b2J", "\u202e"):
            for tensors in ({"w" + bad: from_f16()}, {"w": ("F32" + bad, [4], bytes(16))}):
                path = self.file("hostile.safetensors", **tensors)
                other = self.file("other.safetensors", w=small())
                for words in (["audit", path, "--verbose"], ["audit", path, "--html", "-"], ["audit", path],
                              ["diff", path, path, "--verbose"], ["diff", path, other]):
                    with self.subTest(words=words, tensors=list(tensors)):
                        result = candor(*words)
                        self.assertNotIn(bad[0], result.stdout + result.stderr)

    def test_values_that_do_not_lie_side_by_side(self):
        """A deflated archive and an array in Fortran's order have the verdict of the plain one."""
        def npy(fortran, data):
            header = f"{{'descr': '<f4', 'fortran_order': {fortran}, 'shape': (64, 64), }}".ljust(117) + "\n"
            return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data
        draw = random.Random(5)
        # Rows of int4 with a scale: the lattice shows in rows only, so the order of the elements matters.
        scales = [draw.uniform(0.5, 1.5) for _ in range(64)]
        rows = [[draw.randrange(-8, 8) * scale for _ in range(64)] for scale in scales]
        plain = struct.pack("<4096f", *(x for row in rows for x in row))
        columns = struct.pack("<4096f", *(x for column in zip(*rows) for x in column))
        deflated = io.BytesIO()
        with zipfile.ZipFile(deflated, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("w.npy", npy(False, plain))
        verdicts = []
        for name, content in (("plain.npy", npy(False, plain)), ("fortran.npy", npy(True, columns)),
                              ("deflated.npz", deflated.getvalue())):
            (self.folder / name).write_bytes(content)
            result = candor("audit", self.folder / name, "--json", "-")
            self.assertEqual(result.stderr, "")
            tensor = json.loads(result.stdout)["tensors"][0]
            verdicts.append((result.returncode, tensor["verdict"], tensor["sub"], tensor["bits"]))
            witness = tensor["witnesses"][0]
            self.assertEqual(witness["what"], "a block that fits begins here")
            row, column = witness["position"]
            self.assertAlmostEqual(witness["value"], rows[row][column], places=6)
        self.assertEqual(verdicts[0][:2], (1, "dequantised"))
        self.assertEqual(verdicts, verdicts[:1] * 3)

    def test_undecidable_counts_only_when_strict(self):
        path = self.file("small.safetensors", gain=small())
        result = candor("audit", path)
        self.assert_ok(result)
        self.assertRegex(result.stdout, r"\nundecidable\S*: gain: .*needs about [\d,]+ values of this spread, has 256\n")
        self.assertEqual(candor("audit", path, "--strict").returncode, 2)
        finding = self.file("weights.safetensors", gain=small(), laundered=from_f16())
        self.assertEqual(candor("audit", finding, "--strict").returncode, 1)

    def test_a_refused_file_counts_more_than_a_finding(self):
        broken = self.folder / "broken.safetensors"
        broken.write_bytes(struct.pack("<Q", 1 << 62) + b"{}")
        finding = self.file("weights.safetensors", laundered=from_f16())
        for paths in ([broken], [finding, broken], [broken, finding]):
            result = candor("audit", *paths, "-q")
            self.assertEqual(result.returncode, 3)
            self.assertEqual(result.stdout.count("\n"), len(paths))
            self.assertIn("broken.safetensors: invalid: ", result.stdout)
        log = json.loads(candor("audit", broken, "--sarif", "-").stdout)
        self.assertEqual([(r["ruleId"], r["level"]) for r in log["runs"][0]["results"]], [("candor/invalid", "error")])

    def test_what_is_no_answer_is_4(self):
        path = self.file("genuine.safetensors", weight=genuine())
        for words in ([], ["--frobnicate", path], [path, "--threads", "0"], [path, "--threshold-bits", "many"],
                      [path, "--threshold-bits", "-1"], [path, "--only", "no such tensor"], [path, "--json", ""],
                      [path, "--exclude", "*"],
                      [path, "--json", "-", "--html", "-"], [path, "--json", "x", "--sarif", "./x"],
                      [path, "--fingerprint", "-"], ["--from-fingerprint", path, "--fingerprint", "x"],
                      ["missing.safetensors"], [path, "--json", "no/such/folder/x"], [path, "--html", self.folder]):
            with self.subTest(words):
                self.assert_failure(candor("audit", *words, cwd=self.folder), 4)
        self.assert_folder_holds("genuine.safetensors")

    def test_no_output_replaces_what_is_audited(self):
        path = self.file("genuine.safetensors", weight=genuine())
        broken = self.folder / "broken.safetensors"
        broken.write_bytes(b"short")
        before = {p: p.read_bytes() for p in (path, broken)}
        for option in ("--json", "--sarif", "--html", "--fingerprint"):
            for target in (path, broken):
                with self.subTest(option=option, target=target.name):
                    self.assert_failure(candor("audit", path, broken, option, target), 4, f"{option} names", "another file")
        self.assertEqual({p: p.read_bytes() for p in (path, broken)}, before)
        self.assert_folder_holds("genuine.safetensors", "broken.safetensors")

    def test_a_fingerprint_is_judged_as_the_file_was(self):
        path = self.file("weights.safetensors", laundered=from_f16(), other=genuine(), gain=small())
        kept = self.folder / "f16.fingerprint"
        first = json.loads(candor("audit", path, "--fingerprint", kept, "--json", "-").stdout)
        path.unlink()
        result = candor("audit", "--from-fingerprint", kept, "--json", "-")
        self.assertEqual(result.returncode, 1, result.stderr)
        again = json.loads(result.stdout)
        self.assertEqual(violations(again, SCHEMA), [])
        verdicts = [[(t["name"], t["verdict"], t["sub"], t["bits"]) for t in report["tensors"]] for report in (first, again)]
        self.assertEqual(*verdicts)
        self.assert_failure(candor("audit", "--from-fingerprint", kept, "--json", kept), 4, "--json names")
        bad = self.folder / "bad.fingerprint"
        bad.write_bytes(b"no fingerprint")
        self.assert_failure(candor("audit", "--from-fingerprint", bad), 3)

    def test_only_and_exclude(self):
        path = self.file("weights.safetensors", laundered=from_f16(), other=genuine())
        names = lambda *words: [t["name"] for t in json.loads(candor("audit", path, "--json", "-", *words).stdout)["tensors"]]
        self.assertEqual(names("--only", "lau*"), ["laundered"])
        self.assertEqual(names("--exclude", "lau*"), ["other"])
        self.assertEqual(sorted(names("--only", "lau*", "--only", "other")), ["laundered", "other"])
        self.assertEqual(candor("audit", path, "--exclude", "lau*").returncode, 0)

    def test_a_file_that_went_through_f16_as_a_whole_says_so_first(self):
        result = candor("audit", self.file("weights.safetensors", laundered=from_f16()))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout.split("\n")[0], r"weights\.safetensors: f16-grid/from-f16: the weights went through f16")

    def test_one_document_on_standard_output(self):
        path = self.file("weights.safetensors", laundered=from_f16())
        for option, begin in (("--json", '{\n  "schema"'), ("--sarif", '{\n  "version"'), ("--html", "<!doctype html>")):
            result = candor("audit", path, option, "-")
            self.assertEqual((result.returncode, result.stderr), (1, ""))
            self.assertTrue(result.stdout.startswith(begin))

    def test_threads_change_nothing(self):
        path = self.file("weights.safetensors", laundered=from_f16(), other=genuine(), gain=small())
        one, three = (json.loads(candor("audit", path, "--json", "-", "--threads", n).stdout) for n in ("1", "3"))
        self.assertEqual(one["tensors"], three["tensors"])

    def test_a_higher_threshold_finds_less(self):
        path = self.file("weights.safetensors", laundered=from_f16())
        result = candor("audit", path, "--threshold-bits", "1e9", "--json", "-")
        self.assert_ok(result)
        self.assertEqual(json.loads(result.stdout)["threshold_bits"], 1e9)

    def test_help_names_the_exit_codes(self):
        text = candor("audit", "--help").stdout
        for option in ("--threads", "--strict", "--only", "--exclude", "--threshold-bits", "--json", "--sarif", "--html",
                       "--fingerprint", "--from-fingerprint", "--v2-as-bf16", "--verbose", "-q"):
            self.assertRegex(text, rf"(?m)^  ?(\S+,)?{option}\b")
        self.assertIn("Exit codes: 0 nothing found, 1 a finding", text)


if __name__ == "__main__":
    unittest.main()
