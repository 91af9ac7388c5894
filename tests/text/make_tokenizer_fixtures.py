"""Writes fixtures/vocabulary.json and fixtures/tokenizers.json: a small vocabulary, trained on the torture texts, and what
Hugging Face `tokenizers` makes of every text with every pipeline. Usage: python tests/text/make_tokenizer_fixtures.py"""
import json
import os

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

import pipelines
import torture

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")


def train():
    """Words may run across blanks and digits here, so that a split in the wrong place shows in the ids."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r".{1,12}|\n+"), "isolated"), pipelines.byte_level(False)])
    trainer = trainers.BpeTrainer(vocab_size=1100, min_frequency=2, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator([t for t in torture.TEXTS if t not in torture.CONTROL for _ in range(2)], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    tokens.remove("\u0106")  # the byte 0x06 has no token, as in SmolLM2
    return tokens, [" ".join(m) for m in model["merges"] if "\u0106" not in "".join(m)]


def splits(text):
    """The lengths, in characters, of the words that each of the hand-written patterns cuts the text into."""
    patterns = {"gpt2": pipelines.byte_level(True), "qwen2": pipelines.split(Regex(pipelines.QWEN2)),
                "llama3": pipelines.split(Regex(pipelines.LLAMA3))}
    return {name: [end - begin for _, (begin, end) in p.pre_tokenize_str(text)] for name, p in patterns.items()}


def main():
    tokens, merges = train()
    vocab = {t: i for i, t in enumerate(tokens)}
    pairs = [tuple(m.split(" ")) for m in merges]
    cases = [{"text": t, "ids": {}, "plain": {}, "splits": splits(t)} for t in torture.TEXTS]
    documents = {}
    for name in pipelines.PIPELINES:
        tokenizer = pipelines.build(name, vocab, pairs)
        document = json.loads(tokenizer.to_str())
        del document["model"]["vocab"], document["model"]["merges"]
        documents[name] = document
        for case in cases:
            tokenizer.encode_special_tokens = False
            case["ids"][name] = tokenizer.encode(case["text"]).ids
            tokenizer.encode_special_tokens = True
            plain = tokenizer.encode(case["text"]).ids
            if plain != case["ids"][name]:
                case["plain"][name] = plain
    with open(os.path.join(HERE, "vocabulary.json"), "w") as out:
        json.dump({"tokens": tokens, "merges": merges}, out, indent=0)
        out.write("\n")
    with open(os.path.join(HERE, "tokenizers.json"), "w") as out:
        out.write('{"documents": ' + json.dumps(documents) + ',\n"cases": [\n')
        out.write(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]}\n")


if __name__ == "__main__":
    main()
