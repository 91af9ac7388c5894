"""Makes the fixtures of tests/core/golden from ggml's own numbers. Needs: pip install gguf llama-cpp-python numpy.

ggml_types.txt   id, name, elements and bytes of every tensor type, asked from the ggml library
blocks.golden    blocks of each dtype that Candor dequantizes, and what gguf-py makes of them (f32), as
                 {u32 type id, u32 blocks, u32 bytes per block, u32 elements per block, bytes, f32 values} * 8

Same versions, same bytes: the generator is seeded. Run: python make_golden.py
"""

import ctypes
import pathlib
import struct

import gguf
import llama_cpp
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
BLOCKS = 6
# Types and where their f16 fields lie: random bytes there would be infinities and NaNs.
TYPES = {
    gguf.GGMLQuantizationType.Q4_0: [0],
    gguf.GGMLQuantizationType.Q4_1: [0, 2],
    gguf.GGMLQuantizationType.Q5_0: [0],
    gguf.GGMLQuantizationType.Q5_1: [0, 2],
    gguf.GGMLQuantizationType.Q8_0: [0],
    gguf.GGMLQuantizationType.Q4_K: [0, 2],
    gguf.GGMLQuantizationType.Q5_K: [0, 2],
    gguf.GGMLQuantizationType.Q6_K: [208],
}


def write_types() -> None:
    library = next((pathlib.Path(llama_cpp.__file__).parent / "lib").glob("libggml-base.so"))
    ggml = ctypes.CDLL(str(library))
    ggml.ggml_type_size.restype = ctypes.c_size_t
    ggml.ggml_blck_size.restype = ctypes.c_int64
    ggml.ggml_type_name.restype = ctypes.c_char_p
    lines = []
    for type_id in range(43):
        elements = ggml.ggml_blck_size(type_id)
        if elements > 0:
            name = ggml.ggml_type_name(type_id).decode().lower()
            lines.append(f"{type_id} {name} {elements} {ggml.ggml_type_size(type_id)}\n")
    (HERE / "ggml_types.txt").write_text("".join(lines))


def write_blocks() -> None:
    random = np.random.Generator(np.random.PCG64(20240607))
    out = bytearray()
    for qtype, f16_fields in TYPES.items():
        elements, size = gguf.GGML_QUANT_SIZES[qtype]
        blocks = random.integers(0, 256, size=(BLOCKS, size), dtype=np.uint8)
        for field in f16_fields:
            scales = (random.standard_normal(BLOCKS) * 2.0 ** random.integers(-20, 8, BLOCKS)).astype(np.float16)
            blocks[:, field : field + 2] = scales.view(np.uint8).reshape(BLOCKS, 2)
        values = gguf.dequantize(blocks, qtype).astype(np.float32)
        out += struct.pack("<4I", int(qtype), BLOCKS, size, elements) + blocks.tobytes() + values.tobytes()
    (HERE / "blocks.golden").write_bytes(bytes(out))


if __name__ == "__main__":
    write_types()
    write_blocks()
