#include "generate/language_model.h"

#include <filesystem>

#include "candor/error.h"
#include "candor/io.h"
#include "io/model_files.h"
#include "models/llama/load.h"

namespace candor {
namespace {

using models::LlamaConfig;
using models::LlamaModel;

std::vector<Tensor> all_weights(const LlamaModel& model) {
  const models::LlamaWeights& w = model.weights;
  std::vector<Tensor> tensors = {w.embedding, w.norm};
  if (!model.config.tied_embeddings) tensors.push_back(w.output);
  for (const models::LlamaLayer& layer : w.layers) {
    tensors.insert(tensors.end(), {layer.attention_norm, layer.feed_forward_norm});
    for (const nn::Linear* linear : {&layer.query, &layer.key, &layer.value, &layer.output, &layer.feed_forward.gate,
                                     &layer.feed_forward.up, &layer.feed_forward.down}) {
      tensors.push_back(linear->weight);
      if (linear->bias.defined()) tensors.push_back(linear->bias);
    }
  }
  return tensors;
}

void count_weights(const LlamaModel& model, ModelInfo& info) {
  for (const Tensor& tensor : all_weights(model)) {
    const std::uint64_t elements = static_cast<std::uint64_t>(tensor.elements());
    info.parameters += elements;
    info.weight_bytes += tensor.nbytes();
    auto row = info.weights.begin();
    while (row != info.weights.end() && row->dtype != tensor.dtype()) ++row;
    if (row == info.weights.end()) row = info.weights.insert(row, {tensor.dtype(), 0, 0, 0});
    ++row->tensors;
    row->elements += elements;
    row->bytes += tensor.nbytes();
  }
  // A decode step reads every matrix once, and one row of an embedding that is not also the output.
  info.weight_bytes_per_token = info.weight_bytes;
  if (!model.config.tied_embeddings) {
    const std::uint64_t table = model.weights.embedding.nbytes();
    info.weight_bytes_per_token -= table - table / static_cast<std::uint64_t>(model.config.vocabulary);
  }
  info.kv_bytes_per_token = model.kv_shape(1).bytes();
}

std::string format_text(CheckpointFormat format) {
  switch (format) {
    case CheckpointFormat::gguf:
      return "gguf";
    case CheckpointFormat::pytorch:
      return "pytorch";
    case CheckpointFormat::npy:
      return "npy";
    case CheckpointFormat::safetensors:
      break;
  }
  return "safetensors";
}

ModelInfo make_info(const std::string& path, const Checkpoint& checkpoint, const LlamaModel& model) {
  const LlamaConfig& c = model.config;
  ModelInfo info;
  info.path = path;
  info.format = format_text(checkpoint.format());
  info.architecture = c.architecture;
  info.name = c.name.empty() ? std::filesystem::path(path).stem().string() : c.name;
  info.layers = c.layers;
  info.channels = c.channels;
  info.heads = c.heads;
  info.kv_heads = c.kv_heads;
  info.head_dim = c.head_dim;
  info.feed_forward = c.feed_forward;
  info.vocabulary = c.vocabulary;
  info.context_length = c.context_length;
  info.tied_embeddings = c.tied_embeddings;
  info.files = model_files(checkpoint, path);
  info.notes = c.notes;
  info.precision = model.precision;
  count_weights(model, info);
  return info;
}

}  // namespace

LanguageModel LanguageModel::load(const std::string& path, const LoadOptions& options) {
  const Checkpoint checkpoint = Checkpoint::open(path);
  const LlamaConfig config = models::llama_config(checkpoint, path);
  LanguageModel result;
  result.impl_ = std::make_shared<Impl>();
  result.impl_->model = models::llama_load(checkpoint, config, options);
  result.impl_->info = make_info(path, checkpoint, result.impl_->model);
  result.impl_->text = checkpoint.format() == CheckpointFormat::gguf
                           ? generation::text_side_from_gguf(checkpoint)
                           : generation::text_side_from_folder(io::model_folder(path).string());
  std::vector<TokenId>& ends = result.impl_->model.config.end_tokens;
  if (ends.empty() && result.has_tokenizer() && result.tokenizer().eos()) ends.push_back(*result.tokenizer().eos());
  return result;
}

std::vector<ExplainedOp> LanguageModel::explain(const std::string& path, const LoadOptions& options) {
  const Checkpoint checkpoint = Checkpoint::open(path);
  const LlamaConfig config = models::llama_config(checkpoint, path);
  return models::llama_plan(checkpoint, models::llama_shape_only(checkpoint, config, options));
}

const ModelInfo& LanguageModel::info() const { return impl_->info; }
bool LanguageModel::has_tokenizer() const { return impl_->text.tokenizer.has_value(); }
bool LanguageModel::has_chat_template() const {
  return impl_->text.chat_template.has_value() || impl_->text.template_refused;
}
const std::vector<TokenId>& LanguageModel::end_tokens() const { return impl_->model.config.end_tokens; }

const Tokenizer& LanguageModel::tokenizer() const {
  if (!has_tokenizer()) throw FormatError(impl_->text.no_tokenizer);
  return *impl_->text.tokenizer;
}

const ChatTemplate& LanguageModel::chat_template() const {
  if (!impl_->text.chat_template) throw FormatError(impl_->text.no_chat_template);
  return *impl_->text.chat_template;
}

void LanguageModel::logits(std::span<const TokenId> tokens,
                           const std::function<void(const float*, std::int64_t)>& on_rows,
                           const std::atomic<bool>* cancel) const {
  const LlamaModel& model = impl_->model;
  const std::int64_t count = std::ssize(tokens), vocabulary = model.config.vocabulary;
  generation::check_tokens("logits", tokens, vocabulary);
  if (count == 0) return;
  nn::KvCache cache = generation::make_cache(*impl_, count);
  constexpr std::int64_t kLogitBytes = 16 << 20;  // of one piece of the result
  const std::int64_t rows = std::max<std::int64_t>(1, kLogitBytes / (4 * vocabulary));
  for (std::int64_t first = 0; first < count; first += generation::kChunk) {
    const std::int64_t size = std::min(generation::kChunk, count - first);
    const Tensor ids =
        Tensor::from_i32(tokens.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size)), {size});
    const Tensor hidden = models::llama_hidden(model, ids, first, cache,
                                               {.rows = models::Rows::all, .cancel = cancel, .observer = nullptr});
    for (std::int64_t begin = 0; begin < size; begin += rows) {
      const std::int64_t end = std::min(size, begin + rows);
      const Tensor piece = models::llama_logits(model, hidden.slice(0, begin, end));  // [rows, V] f32
      on_rows(piece.data_as<float>(), end - begin);
    }
  }
}

}  // namespace candor
