"""Makes the golden files of tests/io with the reference packages: safetensors, gguf, numpy, ml_dtypes.

Run: python tests/io/golden/make_fixtures.py   (writes beside itself; the files are committed)
"""
import json
import pathlib

import gguf
import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent


def counting(shape, dtype):
    """0, 1, 2, … : exact in every dtype used here."""
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape).astype(dtype)


def reference_safetensors():
    tensors = {
        "a.f32": counting((2, 3), np.float32),
        "b.bf16": counting((3, 5), ml_dtypes.bfloat16),
        "c.f16": counting((4,), np.float16),
        "d.i64": counting((2,), np.int64),
        "e.u8": counting((7,), np.uint8),
        "f.bool": np.array([True, False, True]),
        "g.scalar": np.array(42.0, dtype=np.float32),
        "h.empty": np.zeros((0, 4), dtype=np.float32),
        "i.f64": counting((3,), np.float64),
        "j.\u00e9\u4e2d": counting((2,), np.int32),
    }
    save_file(tensors, HERE / "reference.safetensors", metadata={"format": "pt", "note": "caf\u00e9 \"quoted\""})


def sharded_safetensors():
    folder = HERE / "sharded"
    folder.mkdir(exist_ok=True)
    shards = {
        "model-00001-of-00002.safetensors": {"first": counting((2, 2), np.float32), "second": counting((3,), np.float16)},
        "model-00002-of-00002.safetensors": {"third": counting((4,), np.float32)},
    }
    weight_map = {}
    for name, tensors in shards.items():
        save_file(tensors, folder / name, metadata={"format": "pt"})
        weight_map.update({tensor: name for tensor in tensors})
    index = {"metadata": {"total_size": 38}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def reference_gguf():
    writer = gguf.GGUFWriter(HERE / "reference.gguf", "test")
    writer.add_uint8("k.u8", 200)
    writer.add_int8("k.i8", -100)
    writer.add_uint16("k.u16", 60000)
    writer.add_int16("k.i16", -30000)
    writer.add_uint32("k.u32", 4000000000)
    writer.add_int32("k.i32", -2000000000)
    writer.add_float32("k.f32", 0.5)
    writer.add_bool("k.bool", True)
    writer.add_string("k.string", "caf\u00e9")
    writer.add_uint64("k.u64", 2**63)
    writer.add_int64("k.i64", -(2**62))
    writer.add_float64("k.f64", 0.1)
    writer.add_array("k.strings", ["a", "", "\u4e2d"])
    writer.add_array("k.ints", [1, -2, 3])
    writer.add_array("k.floats", [0.5, 1.5])
    writer.add_array("k.bools", [True, False])
    writer.add_array("k.nested", [[1, 2], [3]])
    values = np.linspace(-1, 1, 4 * 64, dtype=np.float32).reshape(4, 64)
    kinds = gguf.GGMLQuantizationType
    writer.add_tensor("t.f32", values)
    writer.add_tensor("t.f16", values.astype(np.float16))
    for kind in (kinds.BF16, kinds.Q8_0, kinds.Q4_0, kinds.Q4_1, kinds.Q5_0, kinds.Q5_1):
        writer.add_tensor(f"t.{kind.name.lower()}", gguf.quantize(values, kind), raw_dtype=kind)
    writer.add_tensor("t.i32", counting((3,), np.int32))
    # Stored bytes of a type that Candor names but does not read: 2 super-blocks of 256.
    writer.add_tensor("t.iq2_xxs", np.arange(132, dtype=np.uint8).reshape(1, 132), raw_dtype=kinds.IQ2_XXS)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def split_gguf():
    writer = gguf.GGUFWriter(HERE / "split.gguf", "test", split_max_tensors=1)
    for i, name in enumerate(("one", "two", "three")):
        writer.add_tensor(name, counting((i + 2, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    reference_safetensors()
    sharded_safetensors()
    reference_gguf()
    split_gguf()
