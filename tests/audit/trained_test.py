#!/usr/bin/env python3
"""Audits a model that was really trained, in f32 and in bf16, and what people do to such models (train_models.py).

CANDOR names the binary. Random draws are easy to judge right; weights that went through an optimiser, a merge or an average
have correlated roundings, and must neither be called f16 nor hide that they were.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import train_models

CANDOR = os.environ.get("CANDOR", "build/release/bin/candor")
MATRICES = ("layers.0.weight", "layers.1.weight", "output.weight")


class TrainedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        tokens = train_models.language(train_models.np.random.default_rng(3), 200_000)
        train_models.write_all(cls.folder, tokens, 800)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def audit(self, name):
        """(exit code, name -> tensor) of one checkpoint."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        path = self.folder / f"{name}.safetensors"
        done = subprocess.run([CANDOR, "audit", path, "--json", report], capture_output=True, text=True, timeout=120)
        self.assertTrue(report.exists(), done.stderr)
        return done.returncode, {t["name"]: t for t in json.loads(report.read_text())["tensors"]}

    def summary(self, tensors):
        return {n: (t["verdict"], t["sub"], round(t["bits"], 1)) for n, t in tensors.items()}

    def assert_genuine(self, name, judged=MATRICES):
        code, tensors = self.audit(name)
        self.assertEqual(code, 0, f"{name}: {self.summary(tensors)}")
        for matrix in judged:
            self.assertEqual(tensors[matrix]["verdict"], "consistent", f"{name}: {self.summary(tensors)}")

    def assert_found(self, name, verdict, sub=None):
        code, tensors = self.audit(name)
        self.assertEqual(code, 1, f"{name}: {self.summary(tensors)}")
        for matrix in MATRICES:
            self.assertEqual(tensors[matrix]["verdict"], verdict, f"{name}: {self.summary(tensors)}")
            if sub:
                self.assertIn(tensors[matrix]["sub"], (sub,) if isinstance(sub, str) else sub, f"{name}: {self.summary(tensors)}")

    def test_trained_in_f32_is_genuine(self):
        self.assert_genuine("trained_f32")
        self.assert_genuine("trained_rounded")

    def test_trained_in_bf16_is_genuine(self):
        """Updates below half a unit in the last place leave even codes a little more often; that is not f16's doing."""
        self.assert_genuine("trained_bf16")

    def test_merged_and_averaged_models_are_genuine(self):
        """Sums of bf16 values end on ties, and so on even codes, far more often than rounded f32 does."""
        self.assert_genuine("merged_wide")
        self.assert_genuine("averaged_wide")
        for name in ("merged_narrow", "averaged_narrow", "averaged_three"):
            self.assert_genuine(name, judged=())

    def even_shares(self, name):
        """Share of even codes by binade, -9 to -4, in the layers' matrices of a bf16 checkpoint; mantissa 0 left out."""
        np, data = train_models.np, (self.folder / f"{name}.safetensors").read_bytes()
        begin = 8 + int.from_bytes(data[:8], "little")
        codes = [np.frombuffer(data[begin + t["data_offsets"][0]:begin + t["data_offsets"][1]], "<u2")
                 for n, t in json.loads(data[8:begin]).items() if n.startswith("layers") and len(t["shape"]) == 2]
        codes = np.concatenate(codes)
        binade, mantissa = (codes >> 7 & 255).astype(int) - 127, codes & 127
        shares = []
        for exponent in range(-9, -3):
            seen = mantissa[(binade == exponent) & (mantissa != 0)]
            even, odd = (seen % 2 == 0).sum() / 63, (seen % 2 == 1).sum() / 64  # there is one odd mantissa more
            shares.append(even / (even + odd))
        return shares

    def test_even_codes_are_as_frequent_as_the_theory_page_says(self):
        """Another BLAS trains another model: the shares are the page's within 0.02."""
        for name, expected in {"trained_rounded": (.495, .502, .500, .501, .503, .496),
                               "trained_bf16": (.504, .505, .501, .499, .500, .490),
                               "merged_narrow": (.634, .597, .578, .552, .528, .513),
                               "averaged_narrow": (.603, .614, .642, .669, .697, .731)}.items():
            for found, share in zip(self.even_shares(name), expected):
                self.assertAlmostEqual(found, share, delta=0.02, msg=f"{name}: {self.even_shares(name)}")

    def test_norms_and_biases_are_never_found(self):
        for name in ("trained_rounded", "trained_bf16", "averaged_narrow"):
            for tensor in self.audit(name)[1].values():
                if len(tensor["shape"]) == 1:
                    self.assertIn(tensor["verdict"], ("consistent", "undecidable", "structured"), tensor["name"])

    def test_what_went_through_f16_is_found(self):
        self.assert_found("through_half", "f16-grid", ("via-f16", "f16"))  # by the lattice alone where parity fits nothing
        self.assert_found("wide_through_half", "f16-grid", "from-f16")

    def test_truncation_and_widening_are_found(self):
        self.assert_found("truncated", "truncated")
        self.assert_found("narrow_in_wide", "widened")


if __name__ == "__main__":
    unittest.main()
