#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>

#include "candor/error.h"
#include "generate/language_model.h"

namespace candor {
namespace generation {

void check_tokens(const char* op, std::span<const TokenId> tokens, std::int64_t vocabulary) {
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] < 0 || tokens[i] >= vocabulary)
      throw ValueError(std::string(op) + ": token " + std::to_string(tokens[i]) + " at position " + std::to_string(i) +
                       " is outside the vocabulary [0, " + std::to_string(vocabulary) + ")");
}

namespace {

// What the kernel thinks it can hand out without swapping; nothing where it does not say.
std::optional<std::uint64_t> available_memory() {
  std::ifstream info("/proc/meminfo");
  for (std::string line; std::getline(info, line);) {
    std::uint64_t kibibytes = 0;
    if (std::sscanf(line.c_str(), "MemAvailable: %" SCNu64 " kB", &kibibytes) == 1) return kibibytes << 10;
  }
  return std::nullopt;
}

std::string size_text(const nn::KvCacheShape& shape) {
  return std::to_string(shape.bytes()) + " bytes in " + std::string(dtype_name(shape.dtype));
}

}  // namespace

std::uint64_t free_memory(std::uint64_t held) {
  const std::uint64_t total =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
  const std::uint64_t rest = total > held ? total - held : 0;
  return std::min(rest, available_memory().value_or(rest));
}

void require_memory(const nn::KvCacheShape& shape, std::uint64_t free_bytes) {
  if (shape.bytes() <= free_bytes) return;
  throw OutOfMemory("context: a KV cache of " + std::to_string(shape.capacity) + " positions takes " +
                    size_text(shape) + "; this machine has " + std::to_string(free_bytes) +
                    " bytes left beside the weights: ask for a smaller context");
}

nn::KvCache make_cache(const LanguageModel::Impl& model, std::int64_t capacity) {
  if (capacity < 1) throw ValueError("context: " + std::to_string(capacity) + " positions; ask for at least 1");
  const nn::KvCacheShape shape = model.model.kv_shape(capacity);
  const std::int64_t longest = model.model.config.context_length;
  if (capacity > longest)
    throw ValueError("context: " + std::to_string(capacity) + " positions (a KV cache of " + size_text(shape) +
                     ") were asked for; this model was made for at most " + std::to_string(longest));
  require_memory(shape, free_memory(model.info.weight_bytes));
  return nn::KvCache(shape);
}

}  // namespace generation

struct Session::Impl {
  LanguageModel handle;  // keeps the weights alive
  const models::LlamaModel& model;
  nn::KvCache cache;
  std::vector<TokenId> tokens;
  Tensor logits;  // [1, V] f32, after the last token fed
};

Session::Session(LanguageModel model, std::int64_t context) {
  const models::LlamaModel& weights = model.impl()->model;
  nn::KvCache cache = generation::make_cache(*model.impl(), context == 0 ? weights.config.context_length : context);
  impl_.reset(new Impl{std::move(model), weights, std::move(cache), {}, {}});
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

std::span<const float> Session::feed(std::span<const TokenId> tokens, const std::atomic<bool>* cancel) {
  Impl& s = *impl_;
  const std::int64_t count = std::ssize(tokens), held = std::ssize(s.tokens);
  if (count == 0) throw ValueError("feed: no tokens; give at least one");
  generation::check_tokens("feed", tokens, s.model.config.vocabulary);
  if (count > context() - held)
    throw ValueError("feed: " + std::to_string(count) + " tokens do not fit: the context of " +
                     std::to_string(context()) + " holds " + std::to_string(held) + " already, so " +
                     std::to_string(context() - held) + " fit");
  for (std::int64_t first = 0; first < count; first += generation::kChunk) {
    const std::int64_t size = std::min(generation::kChunk, count - first);
    const bool last = first + size == count;
    const std::span<const TokenId> chunk =
        tokens.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size));
    const models::ForwardOptions options{
        .rows = last ? models::Rows::last : models::Rows::none, .cancel = cancel, .observer = nullptr};
    const Tensor hidden =
        models::llama_hidden(s.model, Tensor::from_i32(chunk, {size}), held + first, s.cache, options);
    if (last) s.logits = models::llama_logits(s.model, hidden);
    s.tokens.insert(s.tokens.end(), chunk.begin(), chunk.end());
  }
  return {s.logits.data_as<float>(), static_cast<std::size_t>(s.model.config.vocabulary)};
}

const LanguageModel& Session::model() const { return impl_->handle; }
const std::vector<TokenId>& Session::tokens() const { return impl_->tokens; }
std::int64_t Session::context() const { return impl_->cache.shape().capacity; }
std::uint64_t Session::kv_bytes() const { return impl_->cache.shape().bytes(); }

void Session::truncate(std::int64_t length) {
  if (length < 0 || length > std::ssize(impl_->tokens))
    throw ValueError("truncate: length " + std::to_string(length) + " is outside [0, " +
                     std::to_string(impl_->tokens.size()) + "]");
  impl_->tokens.resize(static_cast<std::size_t>(length));
}

}  // namespace candor
