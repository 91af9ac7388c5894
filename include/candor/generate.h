// Language models: load, score, generate, chat.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "candor/precision.h"
#include "candor/tensor.h"
#include "candor/text.h"

namespace candor {

/// Called while something long runs; `done` and `total` in `unit`s.
struct Progress {
  std::string_view what;  // "loading", "converting", "prefill"
  std::string_view unit;  // "bytes", "tokens"
  std::uint64_t done = 0, total = 0;
};
using ProgressCallback = std::function<void(const Progress&)>;

struct LoadOptions {
  ModelPrecision precision;  // weights any: as stored
  ExecPolicy policy;
  bool check_finite = true;  // refuse NaN and infinite weights, naming the tensor
  ProgressCallback progress;
  const std::atomic<bool>* cancel = nullptr;  // becomes true: Cancelled is thrown
};

/// Facts of a loaded model.
struct ModelInfo {
  std::string path, format, architecture, name;
  std::int64_t layers = 0, channels = 0, heads = 0, kv_heads = 0, head_dim = 0, feed_forward = 0, vocabulary = 0;
  std::int64_t context_length = 0;  // what the model was made for
  bool tied_embeddings = false;
  std::uint64_t parameters = 0;              // stored elements, a tied tensor once
  std::uint64_t weight_bytes = 0;            // as held in memory
  std::uint64_t weight_bytes_per_token = 0;  // read by one decode step
  std::uint64_t kv_bytes_per_token = 0;
  struct Weights {
    DType dtype;
    std::uint64_t tensors, elements, bytes;
  };
  std::vector<Weights> weights;    // by dtype, as held in memory
  std::vector<std::string> files;  // that the model was read from, and the rest of its folder: see model_files()
  std::vector<std::string> notes;  // "dequantised 210 tensors q4_1 → bf16", …
  ModelPrecision precision;
};

/// One op of a model and the row it would use.
struct ExplainedOp {
  std::string op, where, detail;  // "matmul", "layers 0 … 29: attention output", "decode M=1 N=576 K=576"
  Precision precision;
  std::string kernel, isa, instruction_class;  // empty: missing
  std::vector<std::string> passed_over;        // "cpu/matmul/matmul_packed avx512bf16: needs avx512bf16"
  std::string missing;                         // text of the refusal; empty when a row was found
};

class Session;

/// A decoder-only language model with its weights. Copies share the weights.
class LanguageModel {
 public:
  /// `path`: GGUF file, safetensors file beside its config.json, or a Hugging Face folder.
  /// errors   IoError, FormatError (names file and tensor), UnsupportedPrecision (all missing rows at once),
  /// OutOfMemory,
  ///          ValueError (non-finite weight), Cancelled
  static LanguageModel load(const std::string& path, const LoadOptions& options = {});
  /// The rows that prefill and decode would use; reads headers only.
  static std::vector<ExplainedOp> explain(const std::string& path, const LoadOptions& options = {});

  const ModelInfo& info() const;
  /// errors   FormatError when the model came without one, saying which file is missing
  const Tokenizer& tokenizer() const;
  const ChatTemplate& chat_template() const;  // and when it is there but cannot be used, saying why
  bool has_tokenizer() const;
  bool has_chat_template() const;
  const std::vector<TokenId>& end_tokens() const;

  /// Logits of every position, in order, a chunk of rows at a time: on_rows(values [rows, V] f32, rows).
  /// errors   ValueError (token outside the vocabulary, longer than the context), Cancelled
  void logits(std::span<const TokenId> tokens, const std::function<void(const float*, std::int64_t)>& on_rows,
              const std::atomic<bool>* cancel = nullptr) const;

  struct Impl;
  const std::shared_ptr<Impl>& impl() const { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

/// A KV cache and a position. Not for several threads at once.
class Session {
 public:
  /// context 0: the model's. errors: OutOfMemory or ValueError with the bytes the cache would take
  explicit Session(LanguageModel model, std::int64_t context = 0);
  ~Session();
  Session(Session&&) noexcept;

  /// Appends tokens and returns the logits [V] after the last one; valid until the next call.
  /// errors   ValueError (context full: how many tokens fit), Cancelled (the cache keeps whole chunks)
  std::span<const float> feed(std::span<const TokenId> tokens, const std::atomic<bool>* cancel = nullptr);
  const LanguageModel& model() const;
  const std::vector<TokenId>& tokens() const;
  std::int64_t context() const;
  std::uint64_t kv_bytes() const;
  void truncate(std::int64_t length);  // forgets tokens past `length`

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct GenerateOptions {
  std::int64_t max_tokens = 256;  // negative: until the context is full
  std::vector<std::string> stop;  // text that ends the answer (not part of it)
  SamplerOptions sampler;
  const std::atomic<bool>* cancel = nullptr;
};

enum class StopReason { end_token, stop_string, max_tokens, context_full, cancelled };
std::string_view stop_reason_name(StopReason reason);

struct GenerateResult {
  std::string text;
  std::vector<TokenId> tokens;
  StopReason reason = StopReason::max_tokens;
  std::int64_t prompt_tokens = 0, reused_tokens = 0;  // reused: already in the cache
  std::int64_t decode_steps = 0;                      // tokens fed after the prompt
  double prefill_seconds = 0, decode_seconds = 0;
};

/// Feeds the part of `prompt` that the session does not hold yet and generates; on_text gets whole characters.
/// errors   ValueError (no tokens, more than the context holds, logits that are not finite)
GenerateResult generate(Session& session, std::span<const TokenId> prompt, const GenerateOptions& options,
                        const std::function<void(std::string_view)>& on_text = {});

/// A conversation: renders the template, reuses the cache, keeps the history.
class Chat {
 public:
  /// errors   FormatError (a model without tokenizer or template), ValueError (not UTF-8)
  Chat(Session& session, std::string system);
  /// errors   ValueError (not UTF-8; what the template raises, naming its file; as generate())
  GenerateResult say(const std::string& user, const GenerateOptions& options,
                     const std::function<void(std::string_view)>& on_text = {});
  const std::vector<ChatMessage>& history() const { return history_; }

 private:
  Session& session_;
  LanguageModel model_;
  std::vector<ChatMessage> history_;
};

}  // namespace candor
