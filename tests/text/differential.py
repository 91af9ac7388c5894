"""Compares Candor's tokenizer with Hugging Face's on random texts, by hand:

    python tests/text/differential.py BUILD/bin/text_encode_probe [COUNT] [SEED] [VOCABULARY.json]

VOCABULARY.json: {"tokens": [...], "merges": ["left right", ...]}, such as a real model's; otherwise the small one of the
fixtures. Needs the Python package tokenizers. Prints every mismatch and ends with 1 if there was one."""
import json
import os
import random
import subprocess
import sys
import tempfile
import unicodedata

import pipelines
import torture

HERE = os.path.dirname(os.path.abspath(__file__))
PIECES = (
    [" ", "  ", "   ", "\n", "\r\n", "\r", "\t", "\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u180e", "\u2003", "\u2028", "\u3000", "\ufeff", "\u200b"]
    + ["'s", "'S", "'\u017f", "'t", "'RE", "'ve", "'m", "'ll", "'lL", "'d", "'", "\u2019"]
    + ["<|im_start|>", "<|im_end|>", "<tool_call>", "<|im_start|>x", "<mask>", "<right>", "word", "caf\u00e9", "cafe\u0301", "e\u0301t\u00e9", "<|"]
    + ["0", "1", "12", "345", "\u0663", "\u0969", "\u00b2", "\u2167", "\uff15", "\U0001d7d9", "\u3007"]
    + ["a", "b", "the", "The", "HELLO", "ing", "é", "ß", "ſ", "ж", "字", "か", "が", "か\u3099", "한", "\u1112\u1161\u11ab", "ก", "ا", "א", "\u01c5", "\u02b0"]
    + ["\u0301", "\u0327", "\u0308", "\u05b0", "\u20e3", "\ufe0f", "\u200d", "\U0001f468", "\U0001f600", "\U0001f3fd", "\u0344", "\u212b"]
    + list("!?.,;:-_=+*/#@$%&()[]{}<>|\\\"`~^") + ["...", "//", "->", "\x00", "\x04", "\x7f"])
RANGES = [(0, 0x80), (0x80, 0x250), (0x250, 0x700), (0x900, 0xE00), (0x1E00, 0x2000), (0x2000, 0x2700), (0x3000, 0x3400), (0x4E00, 0x9FFF),
          (0xA000, 0xB000), (0xF900, 0x10000), (0x10000, 0x12000), (0x1D000, 0x1D800), (0x1F000, 0x1FA00), (0, 0x110000)]


USE_PCRE2 = ("o200k", "qwen2-regex", "behaviors", "removed")


def random_text(rng):
    out = []
    for _ in range(rng.choice((1, 2, 3, 5, 8, 13, 30))):
        kind = rng.random()
        if kind < 0.7:
            out.append(rng.choice(PIECES) * rng.choice((1, 1, 1, 1, 2, 3, 7)))
        elif kind < 0.85:
            text = rng.choice(torture.TEXTS)
            start = rng.randrange(len(text) + 1)
            out.append(text[start:start + rng.randrange(12)])
        else:
            low, high = rng.choice(RANGES)
            code = rng.randrange(low, high)
            out.append(chr(code) if not 0xD800 <= code < 0xE000 else "?")
    return "".join(out)


def ours(probe, arguments, lines):
    done = subprocess.run([probe] + arguments, input="\n".join(lines) + "\n", capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return [[int(i) for i in line.split()] for line in done.stdout.split("\n")[:-1]]


def explained(name, tokenizer, text):
    """Known and documented differences: Hugging Face composes by Unicode 9, PCRE2 knows the characters of Unicode 14."""
    if tokenizer.normalizer is not None and tokenizer.normalizer.normalize_str(text) != unicodedata.normalize("NFC", text):
        return True
    return name in USE_PCRE2 and any(unicodedata.category(c) == "Cn" for c in text)


def compare(probe, name, tokenizer, path, arguments, texts):
    bad = 0
    for plain in (False, True):
        tokenizer.encode_special_tokens = plain
        expected = [e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=True)]
        got = ours(probe, [path] + arguments, [("-" if plain else "") + t.encode().hex() for t in texts])
        assert len(got) == len(texts)
        for text, e, g in zip(texts, expected, got):
            if e != g and not explained(name, tokenizer, text):
                bad += 1
                if bad <= 5:
                    print(f"{name} {arguments} plain={plain}: {text!r}\n  hf   {e}\n  ours {g}")
    return bad


def main():
    probe, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    rng = random.Random(seed)
    base = json.load(open(sys.argv[4] if len(sys.argv) > 4 else os.path.join(HERE, "fixtures", "vocabulary.json")))
    vocab = {token: i for i, token in enumerate(base["tokens"])}
    merges = [tuple(m.split(" ")) for m in base["merges"]]
    texts = [random_text(rng) for _ in range(count)]
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in pipelines.PIPELINES:
            tokenizer = pipelines.build(name, vocab, merges)
            path = os.path.join(folder, name + ".json")
            tokenizer.save(path)
            ways = [[]] + ([["description", name]] if name in ("smollm", "gpt2", "qwen2", "llama-bpe") else [])
            for way in ways:
                bad = compare(probe, name, tokenizer, path, way, texts)
                print(f"{name} {' '.join(way)}: {2 * count} texts, {bad} mismatches", flush=True)
                total += bad
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()
