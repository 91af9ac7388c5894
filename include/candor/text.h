// Tokenizers, chat templates and samplers. Knows no file format and no tensor op.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

using TokenId = std::int32_t;

/// What a GGUF file says about its tokenizer, already out of the file.
struct TokenizerDescription {
  std::string model;                  // tokenizer.ggml.model: "gpt2" (byte-level BPE)
  std::string pre;                    // tokenizer.ggml.pre: "smollm", "gpt2", "qwen2", "llama-bpe" …
  std::vector<std::string> tokens;    // in GPT-2's byte-to-unicode spelling
  std::vector<std::int32_t> types;    // 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte
  std::vector<std::string> merges;    // "left right"
  std::optional<TokenId> bos, eos, unk, pad;
  std::optional<bool> add_bos, add_eos;
};

/// What tokenizer_config.json says beyond tokenizer.json, which names neither BOS nor EOS.
struct TokenizerConfig {
  std::optional<std::string> bos_token, eos_token, unk_token, pad_token;  // by text
  std::optional<bool> add_bos_token, add_eos_token;
  std::optional<std::string> chat_template;  // the one named "default" where there are several
  std::vector<std::string> other_templates;  // names of a list without a "default"

  /// errors   FormatError naming `file` and the field
  static TokenizerConfig parse(std::string_view json, const std::string& file);
};

/// Byte-level BPE.
class Tokenizer {
 public:
  /// errors   FormatError naming the field; unknown `pre` lists the known ones
  static Tokenizer from_description(const TokenizerDescription& description);
  /// Text of a tokenizer.json; `file` names it in errors. Constructs outside byte-level BPE are refused by name.
  /// bos() and eos() are those of `config`; where it says nothing, those that the file's post-processor adds.
  /// add_bos_token and add_eos_token of `config` act where the post-processor has no template of its own, and are
  /// refused where they contradict it.
  static Tokenizer from_tokenizer_json(std::string_view json, const std::string& file,
                                       const TokenizerConfig& config = {});

  std::size_t vocabulary_size() const;
  /// add_special: BOS and EOS where the tokenizer adds them. parse_special: control tokens in the text are recognised
  /// (user-defined ones always are). errors: ValueError (text is not UTF-8, with the byte offset)
  std::vector<TokenId> encode(std::string_view text, bool add_special, bool parse_special) const;
  /// Always UTF-8: bytes that form no character become U+FFFD. errors: ValueError (an id outside the vocabulary)
  std::string decode(std::span<const TokenId> ids, bool skip_special = false) const;
  const std::string& token_bytes(TokenId id) const;      // raw bytes of one token
  std::optional<TokenId> find(std::string_view token) const;   // by its text, "<|im_end|>"
  bool is_special(TokenId id) const;
  std::optional<TokenId> bos() const;
  std::optional<TokenId> eos() const;

  struct Impl;

 private:
  explicit Tokenizer(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

/// Turns a stream of ids into text without ever splitting a UTF-8 character.
class StreamingDetokenizer {
 public:
  explicit StreamingDetokenizer(const Tokenizer& tokenizer, bool skip_special = true);
  std::string push(TokenId id);   // text that is complete so far
  std::string flush();            // the rest; broken UTF-8 as U+FFFD

 private:
  Tokenizer tokenizer_;
  bool skip_special_;
  std::string pending_;
};

struct ChatMessage { std::string role, content; };

/// A Jinja chat template (the subset of docs/chat-templates.md).
class ChatTemplate {
 public:
  /// errors   FormatError: a construct outside the subset, with its name and line
  static ChatTemplate parse(std::string_view source);
  struct Variables {
    bool add_generation_prompt = true;
    std::string bos_token, eos_token;
    std::string date;             // for strftime_now: "YYYY-MM-DD" or "YYYY-MM-DD HH:MM:SS"; empty: now, local time
  };
  /// errors   ValueError: what the template itself raised (raise_exception), or an undefined operation
  std::string render(const std::vector<ChatMessage>& messages, const Variables& variables) const;

  struct Impl;

 private:
  explicit ChatTemplate(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

struct SamplerOptions {
  float temperature = 0.8f;         // 0: greedy
  std::int32_t top_k = 40;          // 0: off
  float top_p = 0.95f;              // 1: off
  float min_p = 0.05f;              // 0: off
  float repetition_penalty = 1.0f;  // 1: off
  std::int32_t repetition_window = 64;  // the last tokens that are penalised; 0: none, -1: all
  std::uint64_t seed = 0;
};

/// Draws tokens. Counter-based: the draw for position n depends on (seed, n), the logits and, where a repetition
/// penalty is set, the tokens so far; on nothing else.
class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);  // errors: ValueError naming the option, its value and its range
  /// logits [V]; `recent` the tokens so far. errors: ValueError (NaN or +infinity among the logits, with its index)
  TokenId sample(std::span<const float> logits, std::span<const TokenId> recent, std::uint64_t position) const;
  const SamplerOptions& options() const { return options_; }

 private:
  SamplerOptions options_;
};

}  // namespace candor
