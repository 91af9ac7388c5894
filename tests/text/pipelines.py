"""The tokenizer pipelines under test, built with Hugging Face `tokenizers`: the four that GGUF files name, as the models'
own tokenizer.json files spell them, and others that exercise every component Candor supports."""
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3 = QWEN2.replace(r"|\p{N}| ?", r"|\p{N}{1,3}| ?")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>"]


def byte_level(use_regex):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=use_regex)


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(pattern, behavior, invert)


def sequence(*parts):
    return pre_tokenizers.Sequence(list(parts))


def bos(tokenizer):
    template = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|> $B",
        special_tokens=[("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>"))])
    return processors.Sequence([processors.ByteLevel(trim_offsets=False), template])


def edges(tokenizer):
    ids = [(t, tokenizer.token_to_id(t)) for t in ("<|im_start|>", "<|im_end|>")]
    return processors.TemplateProcessing(single="<|im_start|> $A <|im_end|>", special_tokens=ids)


# name: (pre-tokenizer, NFC, ignore_merges, post-processor, more added tokens)
PIPELINES = {
    "smollm": (sequence(pre_tokenizers.Digits(individual_digits=True), byte_level(True)), False, False, None, []),
    "gpt2": (byte_level(True), False, False, None, []),
    "qwen2": (sequence(split(Regex(QWEN2)), byte_level(False)), True, False, None, []),
    "llama-bpe": (sequence(split(Regex(LLAMA3)), byte_level(False)), False, True, bos, []),
    "o200k": (sequence(split(Regex(O200K)), byte_level(False)), False, True, edges, []),
    "qwen2-regex": (sequence(split(Regex("(?:" + QWEN2 + ")")), byte_level(False)), True, False, None, []),
    "behaviors": (sequence(split(" ", "merged_with_next"), split("-", "merged_with_previous"),
                           split(Regex(r"[aeiou]+|\w\d"), "contiguous"), split(Regex(r"[\S\n]+"), "isolated", True),
                           pre_tokenizers.Digits(individual_digits=False), byte_level(False)), False, False, None, []),
    "removed": (sequence(split(Regex(r"\s+"), "removed"), split(Regex("x*|[.,]"), "merged_with_next", True),
                         byte_level(True)), False, False, None, []),
    "added": (byte_level(True), True, False, None, [
        AddedToken("<mask>", lstrip=True, special=True), AddedToken("<right>", rstrip=True, normalized=False),
        AddedToken("word", single_word=True, normalized=True), AddedToken("caf\u00e9", normalized=True),
        AddedToken("e\u0301t\u00e9", normalized=False), AddedToken("<|im_start|>x", normalized=False)]),
}


def build(name, vocab, merges):
    """vocab: {spelled token: id}, without the specials; merges: [(left, right)]."""
    pre_tokenizer, nfc, ignore_merges, post, added = PIPELINES[name]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=ignore_merges))
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIALS])
    tokenizer.add_tokens([AddedToken("<tool_call>", normalized=False)])
    for token in added:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if post:
        tokenizer.post_processor = post(tokenizer)
    return tokenizer
