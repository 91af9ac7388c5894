"""Makes the seed corpora of the PyTorch and NumPy targets from the golden files and a few hand-made ones.

Run: python tests/fuzz/make_python_seeds.py
"""
import pathlib
import pickle
import shutil
import zipfile

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent / "io" / "golden"


def write_strided(seeds):
    """Tensors whose strides of extents of 1 are as large as can be, in a pickle and in an archive."""
    def numbers(*values):
        return b"(" + b"".join(b"\x8a\x08" + value.to_bytes(8, "little") for value in values) + b"t"

    def text(value):
        return b"X" + len(value).to_bytes(4, "little") + value

    storage = b"(" + text(b"storage") + b"ctorch\nFloatStorage\n" + text(b"0") + text(b"cpu") + b"K\x04tQ"
    items = b""
    for name, shape, strides in ((b"a", (2, 1, 2), (1, 2**63 - 1, 2)), (b"b", (2, 2, 1), (1, 2, 2**63 - 1))):
        arguments = storage + b"K\x00" + numbers(*shape) + numbers(*strides) + b"\x89N"
        items += text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR"
    pickled = b"\x80\x02}(" + items + b"u."
    (seeds / "pickle" / "strides.pkl").write_bytes(pickled)
    with zipfile.ZipFile(seeds / "pytorch" / "strides.pt", "w") as archive:
        for name, data in (("data.pkl", pickled), ("byteorder", b"little"), ("data/0", bytes(range(16)))):
            archive.writestr(zipfile.ZipInfo(f"x/{name}"), data)


def main():
    seeds = HERE / "seeds"
    for name in ("pytorch", "pickle", "npy", "npz"):
        shutil.rmtree(seeds / name, ignore_errors=True)
        (seeds / name).mkdir(parents=True)
    for path in (*GOLDEN.glob("*.pt"), *GOLDEN.glob("*.ckpt"), *GOLDEN.glob("**/*.bin")):
        shutil.copyfile(path, seeds / "pytorch" / path.name)
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                inner = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
                (seeds / "pickle" / f"{path.stem}.pkl").write_bytes(archive.read(inner))
    write_strided(seeds)
    value = {"a": [1, -1, 2**40, 2**80, 0.5, None, True], "b": (1, (2,), ()), "c": {3, 4}, "d": b"bytes", "e": "\u00e9"}
    for protocol in (2, 3, 4, 5):
        (seeds / "pickle" / f"protocol_{protocol}").write_bytes(pickle.dumps(value, protocol))
    for path in GOLDEN.glob("*.npy"):
        shutil.copyfile(path, seeds / "npy" / path.name)
    for path in GOLDEN.glob("*.npz"):
        shutil.copyfile(path, seeds / "npz" / path.name)


if __name__ == "__main__":
    main()
