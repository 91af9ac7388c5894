"""What a document shows of a program's output, held to what it prints: whole, so that a line left out is found too."""
import re
from itertools import zip_longest


def shown_in(document, command):
    """The lines that the document has below `$ command`, to the end of its block."""
    blocks = re.findall(rf"^\$ {re.escape(command)}\n(.*?)^```$", document, re.S | re.M)
    if len(blocks) != 1:
        raise ValueError(f"the document shows `{command}` {len(blocks)} times")
    return blocks[0].splitlines()


def without_time(printed):
    """But for the last line, which has the time that it took, and the empty one before."""
    lines = printed.rstrip("\n").splitlines()
    return lines[:-2] if len(lines) > 1 and not lines[-2] else lines[:-1]


def first_difference(shown, printed):
    """A sentence; "" where the lines are the same, in the same order, and all of them."""
    for number, (ours, theirs) in enumerate(zip_longest(shown, printed), 1):
        if ours != theirs:
            return f"line {number}: the document has {ours!r}, printed is {theirs!r}"
    return ""
