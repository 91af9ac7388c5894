#!/usr/bin/env python3
"""Fails when code that every x86-64 processor must run holds an instruction that came after SSE2.

Checked are the objects of the baseline kernels and of every library that is compiled without flags of its own.

usage: check_baseline_instructions.py BUILD_FOLDER
"""
import re
import subprocess
import sys
from pathlib import Path

PER_ISA = re.compile(r"/candor_(?:backend_cpu|audit)_(\w+)\.dir/")
INSTRUCTION = re.compile(r"^\s+[0-9a-f]+:\s+(?:(?:rep|repz|repnz|lock|data16|notrack|bnd) )*(\w+)", re.MULTILINE)
# VEX and EVEX; SSE3, SSSE3, SSE4.1, SSE4.2; popcnt, BMI, MOVBE, ADX. Not tzcnt: it is the encoding of "rep bsf", which GCC
# writes for every processor where the operand is not zero, and older ones run it as bsf, with the same result.
LATER = re.compile(
    r"^(v(?!erw?$).*|addsub.*|h(add|sub)p[sd]|lddqu|mov(s[lh]|d)dup|pshufb|ph(add|sub).*|pabs[bwd]|palignr|pmulhrsw"
    r"|pmaddubsw|psign[bwd]|p?blend.*|dpp[sd]|extractps|insertps|pextr[bdq]|pinsr[bdq]|pm(in|ax)(s[bd]|u[wd])"
    r"|pmov[sz]x.*|pmul(dq|ld)|round[ps][sd]|ptest|pcmpeqq|pcmpgtq|packusdw|mpsadbw|phminposuw|movntdqa|pcmp[ei]str[im]"
    r"|crc32.*|popcnt.*|lzcnt.*|andn|bextr|bls(i|msk|r)|bzhi|mulx|pdep|pext|rorx|s(ar|hl|hr)x|movbe|ad[co]x)$")


def is_baseline(path):
    match = PER_ISA.search(path.as_posix())
    return match[1] == "baseline" if match else "/src/" in path.as_posix()


def later_instructions(path):
    command = ["objdump", "-d", "--no-show-raw-insn", str(path)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted({name for name in INSTRUCTION.findall(text) if LATER.match(name)})


def main():
    build = Path(sys.argv[1]).resolve()
    objects = [path for path in build.rglob("*.o") if is_baseline(path)]
    if not any(PER_ISA.search(path.as_posix()) for path in objects):
        print(f"no objects of the baseline kernels below {build}: build the library first")
        return 1
    problems = [f"{path.name}: {', '.join(found)}" for path in objects if (found := later_instructions(path))]
    print("\n".join(problems) or f"{len(objects)} objects hold no instruction later than SSE2")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
