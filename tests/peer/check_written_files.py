#!/usr/bin/env python3
"""Reads with NumPy and PyTorch what candor's writers write, bit for bit.

usage: check_written_files.py CANDOR_PROGRAM FOLDER

tests/io/golden/written.* hold every dtype, with bytes that a formula gives; tests/io/checkpoint_writers_test.cpp compares
them with what is written today. Files of `candor canary` are compared with its safetensors file.
"""
import io
import json
import pathlib
import struct
import subprocess
import sys
import zipfile

import ml_dtypes
import numpy
import torch
from torch.utils.serialization import config

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "io/golden"
# candor's name: NumPy's or ml_dtypes', PyTorch's
DTYPES = {"f64": ("float64", "float64"), "f32": ("float32", "float32"), "f16": ("float16", "float16"),
          "bf16": ("bfloat16", "bfloat16"), "f8_e4m3": ("float8_e4m3fn", "float8_e4m3fn"),
          "f8_e5m2": ("float8_e5m2", "float8_e5m2"), "i64": ("int64", "int64"), "i32": ("int32", "int32"),
          "i8": ("int8", "int8"), "u8": ("uint8", "uint8"), "bool": ("bool", "bool"), "i16": ("int16", "int16"),
          "u16": ("uint16", "uint16"), "u32": ("uint32", "uint32"), "u64": ("uint64", "uint64"),
          "c64": ("complex64", "complex64"), "f8_e8m0": ("float8_e8m0fnu", "float8_e8m0fnu"),
          "f8_e4m3fnuz": ("float8_e4m3fnuz", "float8_e4m3fnuz"), "f8_e5m2fnuz": ("float8_e5m2fnuz", "float8_e5m2fnuz")}
SHAPES = {"matrix": (3, 5), "scalar": (), "empty": (0, 4)}


def numpy_dtype(name):
    spelling = DTYPES[name][0]
    return numpy.dtype(getattr(ml_dtypes, spelling) if hasattr(ml_dtypes, spelling) else spelling)


def formula(name, count):
    """tests/io/written_tensors.h has the same."""
    seed = len(name)
    if name.startswith("bool"):
        return bytes(j & 1 for j in range(count))
    return bytes((seed * 37 + j * 101 + (j >> 3) * 7) & 0xFF for j in range(count))


def torch_bytes(tensor):
    flat = tensor.contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def expected():
    for dtype in DTYPES:
        for kind, shape in SHAPES.items():
            name = f"{dtype}.{kind}"
            size = numpy_dtype(dtype).itemsize * int(numpy.prod(shape))
            yield name, dtype, shape, formula(name, size)


def same(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r:.200}, should be {wanted!r:.200}")


def numpy_arrays(path):
    """Arrays by name, void ones under the dtype that candor.json names."""
    archive = numpy.load(path, allow_pickle=False)
    said = json.loads(archive["candor.json"]) if "candor.json" in archive.files else {}
    dtypes = said.get("dtypes", {})
    names = [name for name in archive.files if name != "candor.json"]
    return {n: archive[n].view(numpy_dtype(dtypes[n])) if n in dtypes else archive[n] for n in names}, said


def check_npz():
    arrays, said = numpy_arrays(GOLDEN / "written.npz")
    same("metadata", said["metadata"], {"caf\u00e9 \"quoted\"": "line\nline", "k": "v"})
    same("names", list(arrays), [name for name, *_ in expected()])
    for name, dtype, shape, data in expected():
        same(name, (arrays[name].dtype, arrays[name].shape, arrays[name].tobytes()), (numpy_dtype(dtype), shape, data))
    with zipfile.ZipFile(GOLDEN / "written.npz") as archive:
        same("crc", archive.testzip(), None)


def check_npy():
    """With its header as ml_dtypes' own save of the same array writes it."""
    array = numpy.load(GOLDEN / "written.npy", allow_pickle=False)
    same("dtype", json.loads((GOLDEN / "written.npy.json").read_text()), {"dtype": "bf16"})
    same("array", (array.dtype, array.shape, array.tobytes()), (numpy.dtype("V2"), (3, 5), formula("x", 30)))
    saved = io.BytesIO()
    numpy.save(saved, array.view(ml_dtypes.bfloat16))
    same("file", (GOLDEN / "written.npy").read_bytes(), saved.getvalue())


def check_pt():
    with zipfile.ZipFile(GOLDEN / "written.pt") as archive:
        same("crc", archive.testzip(), None)
    for offsets_by_rule in (False, True):  # torch may compute where storages lie, by what torch.save would have done
        config.load.calculate_storage_offsets = offsets_by_rule
        for mmap in (False, True):
            tensors = torch.load(GOLDEN / "written.pt", weights_only=True, mmap=mmap)
            same("names", list(tensors), [name for name, *_ in expected()])
            for name, dtype, shape, data in expected():
                tensor = tensors[name]
                same(name, (tensor.dtype, tuple(tensor.shape), torch_bytes(tensor), tensor.is_contiguous(), tensor.requires_grad),
                     (getattr(torch, DTYPES[dtype][1]), shape, data, True, False))
    config.load.calculate_storage_offsets = False


def read_safetensors(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    return {name: (t["dtype"].lower(), tuple(t["shape"]), data[8 + length + t["data_offsets"][0]:8 + length + t["data_offsets"][1]])
            for name, t in header.items()}


def check_canaries(candor, folder):
    def write(name):
        subprocess.run([candor, "canary", folder / name, "-q"], check=True)
        return folder / name
    wanted = read_safetensors(write("c.safetensors"))
    arrays, _ = numpy_arrays(write("c.npz"))
    tensors = torch.load(write("c.pt"), weights_only=True)
    same("canaries", (set(arrays), set(tensors)), (set(wanted), set(wanted)))
    for name, (dtype, shape, data) in wanted.items():
        same(name, (arrays[name].dtype, arrays[name].shape, arrays[name].tobytes()), (numpy_dtype(dtype), shape, data))
        same(name, (tensors[name].dtype, tuple(tensors[name].shape), torch_bytes(tensors[name])),
             (getattr(torch, DTYPES[dtype][1]), shape, data))
    # What PyTorch saves out of it is what was in it.
    torch.save(tensors, folder / "again.pt")
    subprocess.run([candor, "canary", "check", folder / "again.pt", "-q"], check=True)


def main():
    check_npy()
    check_npz()
    check_pt()
    check_canaries(sys.argv[1], pathlib.Path(sys.argv[2]))
    print(f"NumPy {numpy.__version__} and PyTorch {torch.__version__} read {len(DTYPES)} dtypes as they were written")


if __name__ == "__main__":
    main()
