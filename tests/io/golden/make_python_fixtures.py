"""Makes the PyTorch and NumPy golden files of tests/io with the packages themselves: torch 2.15, numpy, ml_dtypes.

Run: python tests/io/golden/make_python_fixtures.py   (writes beside itself; the files are committed)
"""
import collections
import json
import pathlib

import ml_dtypes
import numpy as np
import torch

HERE = pathlib.Path(__file__).parent


def counting(shape, dtype):
    """0, 1, 2, … : exact in every dtype used here."""
    return torch.arange(int(np.prod(shape)), dtype=torch.float32).reshape(shape).to(dtype)


def state_dict():
    shared = counting((2, 3), torch.float32)
    tensors = collections.OrderedDict()
    tensors["a.bf16"] = counting((3, 5), torch.bfloat16)
    tensors["b.f16"] = counting((4,), torch.float16)
    tensors["c.f32"] = shared
    tensors["c.tied"] = shared
    tensors["c.transposed"] = shared.t()
    tensors["c.column"] = shared[:, 1]
    tensors["c.expanded"] = shared[1, 2].expand(3, 2)
    tensors["d.i64"] = counting((2,), torch.int64)
    tensors["e.bool"] = torch.tensor([True, False, True])
    tensors["f.scalar"] = torch.tensor(42.0)
    tensors["g.empty"] = torch.zeros(0, 4)
    tensors["h.parameter"] = torch.nn.Parameter(counting((2, 2), torch.float64))
    tensors["i.u8"] = counting((7,), torch.uint8)
    tensors["j.\u00e9\u4e2d"] = counting((2,), torch.int32)
    tensors["k.c64"] = torch.tensor([1 + 2j, 3 - 4j])
    return tensors


def pytorch():
    torch.save(state_dict(), HERE / "state_dict.pt")
    torch.save(state_dict(), HERE / "state_dict_legacy.pt", _use_new_zipfile_serialization=False)
    wide = {"e4m3": counting((8,), torch.float8_e4m3fn), "e5m2": counting((4,), torch.float8_e5m2),
            "u16": counting((3,), torch.uint16), "e8m0": torch.ones(2).to(torch.float8_e8m0fnu)}
    torch.save(wide, HERE / "untyped.pt")
    layer = torch.nn.Linear(2, 1)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(counting(tuple(parameter.shape), torch.float32))
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.5)
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    training = {"model": layer.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "names": ["x", None],
                "path": pathlib.PurePosixPath("run"), "history": [torch.tensor([1.0, 2.0])]}
    torch.save(training, HERE / "training.ckpt")
    torch.save(torch.tensor([1.0, 2.0, 3.0], dtype=torch.bfloat16), HERE / "bare_tensor.pt")
    folder = HERE / "pytorch_sharded"
    folder.mkdir(exist_ok=True)
    weight_map = {}
    for i, name in enumerate(("first", "second"), 1):
        file = f"pytorch_model-0000{i}-of-00002.bin"
        torch.save({name: counting((i + 1, 2), torch.bfloat16)}, folder / file)
        weight_map[name] = file
    index = {"metadata": {"total_size": 20}, "weight_map": weight_map}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=2) + "\n")


def numpy():
    def array(shape, dtype):
        return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape).astype(dtype)

    np.save(HERE / "f32.npy", array((2, 3), np.float32))
    np.save(HERE / "fortran.npy", np.asfortranarray(array((2, 3), np.float32)))
    np.save(HERE / "bf16.npy", array((2, 3), ml_dtypes.bfloat16))
    np.save(HERE / "bf16_sidecar.npy", array((2, 3), ml_dtypes.bfloat16))
    (HERE / "bf16_sidecar.npy.json").write_text('{"dtype": "bf16"}\n')
    np.save(HERE / "big_endian.npy", array((2,), ">f4"))
    arrays = {
        "a.f32": array((2, 3), np.float32), "b.f16": array((4,), np.float16), "c.bf16": array((5,), ml_dtypes.bfloat16),
        "d.fortran": np.asfortranarray(array((3, 2), np.float64)), "e.scalar": np.array(42.0),
        "f.empty": np.zeros((0, 4), np.float32), "g.bool": np.array([True, False]), "h.i64": array((2,), np.int64),
        "i.text": np.array(["ab", "c"]), "j.object": np.array([{"a": 1}], dtype=object),
        "k.long": array((4000,), np.float32) % 16,
    }
    np.savez_compressed(HERE / "compressed.npz", **arrays)
    del arrays["k.long"]
    np.savez(HERE / "stored.npz", **arrays)


if __name__ == "__main__":
    torch.manual_seed(0)
    pytorch()
    numpy()
