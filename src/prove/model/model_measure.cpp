#include "prove/model/model_measure.h"

#include <algorithm>

#include "prove/bytes/dtype_sizes.h"

namespace candor::prove {
namespace {

constexpr std::int64_t kPrefill = 128;  // as many as a plan is made for
constexpr std::int64_t kDecode = 4;

bool in_blocks(DType dtype) { return dtype != DType::any && stored_size(dtype).elements > 1; }

/// What no forward pass reads, though files have it.
bool unread(const std::string& name, bool tied) {
  return name == "rope_freqs.weight" || name.ends_with(".rotary_emb.inv_freq") || (tied && name == "lm_head.weight");
}

/// Elements of a matrix with those that fill its tiles, which f32, f16 and bf16 have: of 16 rows, and of two columns in
/// bf16 (candor/tensor.h).
std::uint64_t in_tiles(DType held, std::int64_t rows, std::int64_t columns) {
  const auto up = [](std::int64_t extent, std::int64_t unit) { return (extent + unit - 1) / unit * unit; };
  if (held == DType::f32 || held == DType::f16 || held == DType::bf16) rows = up(rows, 16);
  if (held == DType::bf16) columns = up(columns, 2);
  return static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(columns);
}

DType plain(DType dtype) { return in_blocks(dtype) ? DType::bf16 : dtype; }

}  // namespace

std::map<DType, std::uint64_t> FileWeights::held_bytes() const {
  std::map<DType, std::uint64_t> bytes;
  for (const Entry& entry : entries) bytes[entry.held] += bytes_of_elements(entry.held, entry.placed);
  return bytes;
}

FileWeights file_weights(const Checkpoint& checkpoint, DType wanted, bool tied) {
  FileWeights file;
  const auto dtype_of = [&](const char* hugging_face, const char* gguf, DType otherwise) {
    for (const char* name : {hugging_face, gguf})
      if (const TensorEntry* entry = checkpoint.find(name)) return plain(entry->dtype);
    return otherwise;
  };
  for (const TensorEntry& entry : checkpoint.tensors()) {
    if (unread(entry.name, tied)) continue;
    std::uint64_t elements = 1;
    for (const std::int64_t extent : entry.shape) elements *= static_cast<std::uint64_t>(extent);
    const bool vector = entry.shape.size() < 2;
    const bool keeps = wanted == DType::any || (in_blocks(wanted) && vector);
    const DType held = keeps ? entry.dtype : wanted;
    const std::uint64_t placed = vector ? elements : in_tiles(held, entry.shape[0], entry.shape[1]);
    file.entries.push_back({entry.name, entry.dtype, held, elements, placed, vector});
    file.blocks = file.blocks || in_blocks(file.entries.back().held);
  }
  TwinShape& d = file.dtypes;
  d.embedding = dtype_of("model.embed_tokens.weight", "token_embd.weight", DType::bf16);
  d.output = tied ? d.embedding : dtype_of("lm_head.weight", "output.weight", d.embedding);
  d.norm = dtype_of("model.norm.weight", "output_norm.weight", DType::bf16);
  d.matrix = dtype_of("model.layers.0.self_attn.q_proj.weight", "blk.0.attn_q.weight", DType::bf16);
  return file;
}

ModelMeasurement measure_model(const std::string& path, const LoadOptions& load) {
  ModelMeasurement m;
  m.load = load;
  m.plan = LanguageModel::explain(path, load);
  m.before = memory_ledger();
  give_back_freed_memory();
  m.memory_before = process_memory();
  PeakMemory peak;
  Recorder loading;
  const LanguageModel model = LanguageModel::load(path, load);
  loading.stop();
  m.load_casts = loading.casts();
  m.loaded = memory_ledger();
  m.info = model.info();
  m.file = file_weights(Checkpoint::open(path), load.precision.weights, m.info.tied_embeddings);
  m.context = std::min(m.info.context_length, kPrefill + kDecode);
  m.decode = std::min(kDecode, m.context - 1);
  m.prefill = m.context - m.decode;
  Session session(model, m.context);
  m.kv_bytes = session.kv_bytes();
  m.with_cache = memory_ledger();
  std::vector<TokenId> prompt;
  for (std::int64_t i = 0; i < m.prefill; ++i) prompt.push_back(static_cast<TokenId>(i * 7919 % m.info.vocabulary));
  Recorder running;
  session.feed(prompt, load.cancel);
  for (std::int64_t i = 0; i < m.decode; ++i) session.feed({prompt.data() + i % m.prefill, 1}, load.cancel);
  running.stop();
  m.kernels = running.kernels();
  m.run_casts = running.casts();
  m.memory_after = process_memory();
  m.peak = peak.above_start();
  m.peak_how = peak.how();
  return m;
}

}  // namespace candor::prove
