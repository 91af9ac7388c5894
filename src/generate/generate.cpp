#include "candor/generate.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "candor/error.h"
#include "generate/stop_strings.h"

namespace candor {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::int64_t common_prefix(std::span<const TokenId> x, std::span<const TokenId> y) {
  const auto [end, unused] = std::mismatch(x.begin(), x.end(), y.begin(), y.end());
  return end - x.begin();
}

// Text of the answer so far: whole characters, without what a stop string may still claim.
class AnswerText {
 public:
  AnswerText(const Tokenizer& tokenizer, const std::vector<std::string>& stops,
             const std::function<void(std::string_view)>& on_text, std::string& text)
      : detokenizer_(tokenizer), stops_(stops), on_text_(on_text), text_(text) {}

  bool push(TokenId id) {
    show(stops_.push(detokenizer_.push(id)));
    return stops_.stopped();
  }
  // True when the last characters complete a stop string.
  bool finish() {
    show(stops_.push(detokenizer_.flush()));
    show(stops_.flush());
    return stops_.stopped();
  }

 private:
  void show(const std::string& piece) {
    if (piece.empty()) return;
    text_ += piece;
    if (on_text_) on_text_(piece);
  }
  StreamingDetokenizer detokenizer_;
  generation::StopStrings stops_;
  const std::function<void(std::string_view)>& on_text_;
  std::string& text_;
};

bool is_set(const std::atomic<bool>* cancel) { return cancel != nullptr && cancel->load(std::memory_order_relaxed); }

// Feeds what the cache does not hold. The last prompt token is always fed: its logits choose the first new token.
std::span<const float> prefill(Session& session, std::span<const TokenId> prompt, const std::atomic<bool>* cancel,
                               GenerateResult& result) {
  const auto start = Clock::now();
  result.prompt_tokens = std::ssize(prompt);
  const std::int64_t shared = std::min(common_prefix(session.tokens(), prompt), std::ssize(prompt) - 1);
  session.truncate(shared);
  result.reused_tokens = shared;
  const std::span<const float> logits = session.feed(prompt.subspan(static_cast<std::size_t>(shared)), cancel);
  result.prefill_seconds = seconds_since(start);
  return logits;
}

// Rows that pad the output matrix past the tokenizer's vocabulary have no text: they cannot be drawn.
std::span<const float> with_text(const Session& session, std::span<const float> logits) {
  return logits.first(std::min(logits.size(), session.model().tokenizer().vocabulary_size()));
}

// The sampler would name the first logit only: here nothing can be drawn at all.
void require_a_finite_logit(std::span<const float> logits) {
  if (std::any_of(logits.begin(), logits.end(), [](float logit) { return std::isfinite(logit); })) return;
  throw ValueError("generate: none of the " + std::to_string(logits.size()) +
                   " logits is finite: values left the range of the activations' dtype, or the model is damaged; use "
                   "wider activations (bf16 or f32), or get the model again");
}

StopReason decode(Session& session, std::span<const float> logits, const GenerateOptions& options, AnswerText& answer,
                  GenerateResult& result) {
  const Sampler sampler(options.sampler);
  const std::vector<TokenId>& ends = session.model().end_tokens();
  const auto start = Clock::now();
  StopReason reason = StopReason::max_tokens;
  while (options.max_tokens < 0 || std::ssize(result.tokens) < options.max_tokens) {
    if (is_set(options.cancel)) return StopReason::cancelled;
    require_a_finite_logit(with_text(session, logits));
    const TokenId id = sampler.sample(with_text(session, logits), session.tokens(), session.tokens().size());
    if (std::find(ends.begin(), ends.end(), id) != ends.end()) {
      reason = StopReason::end_token;
      break;
    }
    result.tokens.push_back(id);
    if (answer.push(id)) {
      reason = StopReason::stop_string;
      break;
    }
    if (std::ssize(result.tokens) == options.max_tokens) break;
    if (std::ssize(session.tokens()) == session.context()) {
      reason = StopReason::context_full;
      break;
    }
    logits = session.feed(std::span<const TokenId>(&id, 1), options.cancel);
    ++result.decode_steps;
    result.decode_seconds = seconds_since(start);
  }
  return reason;
}

}  // namespace

std::string_view stop_reason_name(StopReason reason) {
  switch (reason) {
    case StopReason::end_token:
      return "end_token";
    case StopReason::stop_string:
      return "stop_string";
    case StopReason::max_tokens:
      return "max_tokens";
    case StopReason::context_full:
      return "context_full";
    case StopReason::cancelled:
      return "cancelled";
  }
  return "";
}

GenerateResult generate(Session& session, std::span<const TokenId> prompt, const GenerateOptions& options,
                        const std::function<void(std::string_view)>& on_text) {
  if (prompt.empty()) throw ValueError("generate: the prompt has no tokens; give at least one");
  if (std::ssize(prompt) > session.context())
    throw ValueError("generate: the prompt has " + std::to_string(prompt.size()) + " tokens; the context holds " +
                     std::to_string(session.context()));
  GenerateResult result;
  AnswerText answer(session.model().tokenizer(), options.stop, on_text, result.text);
  try {
    const std::span<const float> logits = prefill(session, prompt, options.cancel, result);
    result.reason = decode(session, logits, options, answer, result);
  } catch (const Cancelled&) {
    result.reason = StopReason::cancelled;
  }
  if (result.reason != StopReason::stop_string && answer.finish()) result.reason = StopReason::stop_string;
  return result;
}

}  // namespace candor
