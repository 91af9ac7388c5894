"""Makes the seed corpora of the jinja and tokenizer_json targets from the fixtures of tests/text.

Run: python tests/fuzz/make_text_seeds.py
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
TEXT = HERE.parent / "text"
sys.path.insert(0, str(TEXT))
import chat_templates  # noqa: E402
import jinja_cases  # noqa: E402

VOCABULARY = {"a": 0, "b": 1, "\u0120": 2, "1": 3, "'": 4, "s": 5, "\u00c3": 6, "\u00a9": 7, "ab": 8, "\u0120a": 9, "\u00c3\u00a9": 10}
MERGES = [["a", "b"], ["\u0120", "a"], ["\u00c3", "\u00a9"]]


def write(folder, name, text):
    path = HERE / "seeds" / folder
    path.mkdir(parents=True, exist_ok=True)
    (path / name).write_text(text)


def main():
    for name, source in chat_templates.TEMPLATES.items():
        write("jinja", name, source)
    for i, line in enumerate(jinja_cases.EXPRESSIONS.split("\n")):
        write("jinja", f"expressions{i}", "".join("{{ %s }}" % e for e in line.split("; ")))
    write("jinja", "blocks", "".join(t for t in jinja_cases.TEMPLATES[:95] if "macro" not in t))
    documents = json.loads((TEXT / "fixtures" / "tokenizers.json").read_text())["documents"]
    for name, document in documents.items():
        document["model"].update(vocab=VOCABULARY, merges=MERGES)
        for i, token in enumerate(document["added_tokens"]):
            token["id"] = len(VOCABULARY) + i
        text = json.dumps(document)
        for special in ("<|im_start|>", "<|im_end|>", "<|begin_of_text|>"):
            ids = [t["id"] for t in document["added_tokens"] if t["content"] == special]
            old = json.loads((TEXT / "fixtures" / "tokenizers.json").read_text())["documents"][name]["added_tokens"]
            text = text.replace('"ids": [%d]' % [t["id"] for t in old if t["content"] == special][0], '"ids": %s' % ids)
        write("tokenizer_json", name, "ab <|im_start|> a's 11 \u00e9e\u0301\n" + text)


if __name__ == "__main__":
    main()
