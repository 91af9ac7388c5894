"""Makes the seed corpora of the PyTorch and NumPy targets from the golden files and a few hand-made ones.

Run: python tests/fuzz/make_python_seeds.py
"""
import pathlib
import pickle
import shutil
import zipfile

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent / "io" / "golden"


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
    value = {"a": [1, -1, 2**40, 2**80, 0.5, None, True], "b": (1, (2,), ()), "c": {3, 4}, "d": b"bytes", "e": "\u00e9"}
    for protocol in (2, 3, 4, 5):
        (seeds / "pickle" / f"protocol_{protocol}").write_bytes(pickle.dumps(value, protocol))
    for path in GOLDEN.glob("*.npy"):
        shutil.copyfile(path, seeds / "npy" / path.name)
    for path in GOLDEN.glob("*.npz"):
        shutil.copyfile(path, seeds / "npz" / path.name)


if __name__ == "__main__":
    main()
