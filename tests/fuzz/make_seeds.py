"""Makes the seed corpora of tests/fuzz from the golden files and a few hand-made ones.

Run: python tests/fuzz/make_seeds.py
"""
import json
import pathlib
import shutil
import struct

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent / "io" / "golden"


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def gguf_string(text):
    return struct.pack("<Q", len(text)) + text


def gguf(pairs=(), infos=(), data=b"", version=3):
    head = b"GGUF" + struct.pack("<IQQ", version, len(infos), len(pairs)) + b"".join(pairs) + b"".join(infos)
    return head + b"\0" * (-len(head) % 32) + data


def pair(key, kind, value):
    return gguf_string(key) + struct.pack("<I", kind) + value


def info(name, dims, kind, offset):
    return gguf_string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)


def main():
    seeds = HERE / "seeds"
    for name in ("safetensors", "gguf", "strict_json"):
        shutil.rmtree(seeds / name, ignore_errors=True)
        (seeds / name).mkdir(parents=True)
    for path in GOLDEN.glob("**/*.safetensors"):
        shutil.copyfile(path, seeds / "safetensors" / path.name)
    for path in GOLDEN.glob("*.gguf"):
        shutil.copyfile(path, seeds / "gguf" / path.name)
    for path in GOLDEN.glob("**/*.json"):
        shutil.copyfile(path, seeds / "strict_json" / path.name)
    one = seeds / "safetensors"
    (one / "empty").write_bytes(safetensors({}))
    (one / "padded").write_bytes(safetensors(b"{}      "))
    (one / "scalar").write_bytes(safetensors({"x": entry("F32", [], 0, 4)}, b"1234"))
    (one / "two").write_bytes(safetensors({"y": entry("U8", [4], 4, 8), "x": entry("F4", [2, 4], 0, 4)}, b"12345678"))
    (one / "unknown").write_bytes(safetensors({"x": entry("F12", [4], 0, 6)}, b"123456"))
    (one / "metadata").write_bytes(safetensors({"__metadata__": {"a": "b"}, "x": entry("BF16", [0, 9], 0, 0)}))
    one = seeds / "gguf"
    (one / "empty").write_bytes(gguf())
    (one / "v2").write_bytes(gguf(version=2, infos=[info(b"x", [8], 0, 0)], data=b"\0" * 32))
    nested = struct.pack("<IQ", 9, 2) + (struct.pack("<IQ", 0, 1) + b"\1") * 2
    (one / "nested").write_bytes(gguf([pair(b"a", 9, nested), pair(b"general.alignment", 4, struct.pack("<I", 64))]))
    (one / "types").write_bytes(gguf(
        [pair(b"s", 8, gguf_string(b"text")), pair(b"b", 7, b"\1")],
        [info(b"x", [32, 2], 2, 0), info(b"y", [5], 99, 64), info(b"z", [256], 12, 96)], b"\0" * (96 + 144)))
    one = seeds / "strict_json"
    (one / "numbers").write_text('{"a": [0, -1, 2.5e-3, 18446744073709551615], "b": {"c": null, "d": [true, false]}}')
    (one / "strings").write_text('["\\u0041\\ud83d\\ude00\\n", "\u00e9", ""]')


if __name__ == "__main__":
    main()
