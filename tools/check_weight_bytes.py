#!/usr/bin/env python3
"""Fails unless every weight of a receipt has the dtype and takes exactly as many bytes as it says.

usage: check_weight_bytes.py RECEIPT.json bf16|f16|f32
"""
import json
import sys

BYTES = {"bf16": 2, "f16": 2, "f32": 4}


def main():
    path, dtype = sys.argv[1:3]
    with open(path, encoding="utf-8") as file:
        weights = json.load(file)["weights"]
    dtypes = sorted({w["dtype"] for w in weights})
    stored, elements = (sum(w[key] for w in weights) for key in ("bytes", "elements"))
    wanted = BYTES[dtype] * elements
    if dtypes != [dtype] or stored != wanted or elements == 0:
        sys.exit(f"{path}: weights in {', '.join(dtypes) or 'no dtype'} take {stored} bytes for {elements} elements; "
                 f"in {dtype} they would take {wanted}")
    print(f"weights: {stored} bytes for {elements} elements, {stored / elements:.2f} bytes each, exactly")


if __name__ == "__main__":
    main()
