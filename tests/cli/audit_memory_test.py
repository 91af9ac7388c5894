"""candor audit: what docs/audit.md says of the memory that it takes."""

import array
import random
import unittest

from support import CliTest, candor, peak_memory, write_safetensors

MIB = 1 << 20


class AuditMemoryTest(CliTest):
    def file(self, name, tensors):
        path = self.folder / name
        write_safetensors(path, tensors)
        return path

    def test_ten_thousand_findings(self):
        """Each keeps its evidence, witnesses and pictures: up to twenty kilobytes."""
        draw = random.Random(7)
        words = array.array("I", array.array("f", (draw.gauss(0, 0.02) for _ in range(1024))).tobytes())
        values = array.array("I", (word & 0xFFFF0000 for word in words)).tobytes()  # bf16 as f32
        path = self.file("many.safetensors", {f"model.layers.{i}.mlp.down_proj.weight": ("F32", [16, 64], values)
                                              for i in range(10000)})
        result = candor("audit", path, "-q")
        self.assertIn("widened/bf16-in-f32", result.stdout)
        self.assertIn("(10,000 of 10,000 tensors", result.stdout)
        peak = peak_memory("audit", path, "-q", code=1)
        print(f"10,000 findings: {peak / MIB:.0f} MiB", flush=True)
        self.assertLess(peak, 200 * MIB)

    def test_tensors_that_are_mapped_whole(self):
        """Those of one thread one at a time, however many follow; the threads may be at an end of theirs together."""
        for size in (64, 32):
            path = self.file(f"{size}.safetensors", {f"t{i}": ("BF16", [size << 9, 1024], size * MIB) for i in range(8)})
            for threads in (1, 2):
                peak = peak_memory("audit", path, "-q", "--threads", str(threads))
                print(f"8 tensors of {size} MiB, {threads} threads: {peak / MIB:.0f} MiB", flush=True)
                self.assertLess(peak, (threads * size + 32) * MIB, (size, threads))
            path.unlink()


if __name__ == "__main__":
    unittest.main()
