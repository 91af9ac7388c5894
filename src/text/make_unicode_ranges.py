"""Writes unicode_ranges.cpp: the code points that Hugging Face `tokenizers` counts as \\p{L} and \\p{N}.

The judge itself is asked, one character at a time, so that the classes are those of its regular expression engine
(Unicode 16 in tokenizers 0.23). Usage: python make_unicode_ranges.py > unicode_ranges.cpp
"""
from tokenizers import Regex, pre_tokenizers


def members(pattern):
    drop = pre_tokenizers.Split(Regex(pattern), "removed")
    codes = (c for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    return [c for c in codes if not drop.pre_tokenize_str(chr(c))]


def ranges(codes):
    out = []
    for code in codes:
        if out and out[-1][1] == code - 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return out


def table(name, pattern):
    print(f"constexpr CodeRange {name}[] = {{")
    line = "   "
    for first, last in ranges(members(pattern)):
        item = f" {{0x{first:x}, 0x{last:x}}},"
        if len(line) + len(item) > 120:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};\n")


print("// Made by make_unicode_ranges.py; do not edit.\n#include \"text/unicode.h\"\n\nnamespace candor::text {")
print("namespace {\n\n// clang-format off")
table("kLetters", r"\p{L}")
table("kNumbers", r"\p{N}")
print("// clang-format on\n\n}  // namespace\n")
print("std::span<const CodeRange> letter_ranges() { return kLetters; }")
print("std::span<const CodeRange> number_ranges() { return kNumbers; }\n\n}  // namespace candor::text")
