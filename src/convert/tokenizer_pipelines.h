// What a value of tokenizer.ggml.pre means in tokenizer.json, for byte-level BPE: the one table for both directions.
#pragma once

#include <string_view>

namespace candor::convert_internal {

// Published tokenizers hold these very patterns; only the run of digits differs.
inline constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kQwen2Pattern = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
                                                  R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct TokenizerPipeline {
  std::string_view pre;
  std::string_view pattern;  // empty: the GPT-2 pattern inside ByteLevel
  bool digits_first, nfc, ignore_merges, adds_bos;
};

// Of several names for one pipeline the first is written.
inline constexpr TokenizerPipeline kTokenizerPipelines[] = {
    {"smollm", "", true, false, false, false},
    {"gpt-2", "", false, false, false, false},
    {"gpt2", "", false, false, false, false},
    {"qwen2", kQwen2Pattern, false, true, false, false},
    {"llama-bpe", kLlama3Pattern, false, false, true, true},
    {"llama3", kLlama3Pattern, false, false, true, true},
    {"llama-v3", kLlama3Pattern, false, false, true, true},
};

}  // namespace candor::convert_internal
