#include "models/llama/load.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "candor/error.h"
#include "candor/ops.h"
#include "core/ledger.h"
#include "core/packed.h"
#include "core/storage.h"
#include "models/finite.h"
#include "models/llama/stored.h"
#include "nn/precision.h"

namespace candor::models {
namespace {

// Rows are packed in pieces of about this many bytes: bounds what one tensor needs beside its final place.
constexpr std::int64_t kPieceBytes = 2 << 20;

class Loader {
 public:
  Loader(const Checkpoint& checkpoint, const LoadOptions& options) : checkpoint_(checkpoint), options_(options) {}

  void load_all(std::vector<StoredWeight>& stored) {
    for (const StoredWeight& weight : stored) total_ += weight.entry->nbytes;
    for (StoredWeight& weight : stored) {
      *weight.slot.tensor = load(weight);
      if (weight.converts()) ++conversions_[{weight.entry->dtype, weight.held}];
    }
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    for (const auto& [kinds, tensors] : conversions_) {
      const auto [from, to] = kinds;
      const char* verb = is_block(from)                                              ? "dequantised "
                         : dtype_info(from).block_bytes > dtype_info(to).block_bytes ? "narrowed "
                                                                                     : "converted ";
      notes.push_back(verb + std::to_string(tensors) + (tensors == 1 ? " tensor " : " tensors ") +
                      std::string(dtype_name(from)) + " → " + std::string(dtype_name(to)));
    }
    return notes;
  }

 private:
  Tensor load(const StoredWeight& weight) {
    const Tensor mapped = checkpoint_.tensor(weight.entry->name);
    if (weight.layout == Layout::packed_tiles) return pack(weight, mapped);
    if (is_block(weight.held)) return in_place(weight, mapped);
    return copied(weight, mapped);
  }

  // Blocks stay in the file's pages.
  Tensor in_place(const StoredWeight& weight, const Tensor& mapped) {
    check_stored(weight, mapped);
    advance(weight.entry->nbytes);
    return mapped;
  }

  // Vectors: small, copied whole.
  Tensor copied(const StoredWeight& weight, const Tensor& mapped) {
    Tensor result = converted(weight, mapped);
    if (!weight.converts()) {
      result = Tensor::empty(weight.slot.shape, weight.held);
      copy_into(result, mapped);
    }
    advance(weight.entry->nbytes);
    checkpoint_.release(*weight.entry);
    return result;
  }

  // Whole tiles at a time, so that every piece is a run of the packed array.
  Tensor pack(const StoredWeight& weight, const Tensor& mapped) {
    const std::int64_t rows = mapped.shape()[0], columns = mapped.shape()[1];
    const std::uint64_t row_bytes = weight.entry->nbytes / static_cast<std::uint64_t>(rows);
    const std::int64_t held_row_bytes = columns * dtype_info(weight.held).block_bytes;
    const std::int64_t step = std::max<std::int64_t>(1, kPieceBytes / held_row_bytes / kTileRows) * kTileRows;
    Tensor packed = Tensor::packed_empty(weight.slot.shape, weight.held);
    std::byte* place = static_cast<std::byte*>(packed.data());
    for (std::int64_t begin = 0; begin < rows; begin += step) {
      const std::int64_t end = std::min(rows, begin + step);
      const Tensor piece = pack_tiles(converted(weight, mapped.slice(0, begin, end)));
      std::memcpy(place, piece.data(), piece.nbytes());
      place += piece.nbytes();
      const std::uint64_t bytes = row_bytes * static_cast<std::uint64_t>(end - begin);
      release_rows(mapped, row_bytes * static_cast<std::uint64_t>(begin), bytes);
      advance(bytes);
    }
    checkpoint_.release(*weight.entry);
    return packed;
  }

  void release_rows(const Tensor& mapped, std::uint64_t first_byte, std::uint64_t bytes) const {
    if (mapped.storage() == nullptr) return;
    const std::uint64_t offset =
        static_cast<std::uint64_t>(static_cast<const std::byte*>(mapped.data()) - mapped.storage()->data());
    mapped.storage()->release(offset + first_byte, bytes);
  }

  void check_stored(const StoredWeight& weight, const Tensor& piece) const {
    if (!options_.check_finite) return;
    if (count_non_finite(piece) > 0)
      throw ValueError("load: " + describe(checkpoint_, *weight.entry) + " holds " +
                       (is_block(piece.dtype()) ? "blocks with a scale that is" : "values that are") +
                       " NaN or infinite; the file is damaged or the model diverged in training");
  }

  // In the dtype it will have in memory. A finite value that does not fit there is refused.
  Tensor converted(const StoredWeight& weight, const Tensor& piece) const {
    check_stored(weight, piece);
    if (!weight.converts()) return piece;
    const ledger::CastReason reason(is_block(piece.dtype()) ? "load: dequantise" : "load: convert");
    const Tensor result = cast(piece, weight.held);
    if (options_.check_finite && count_non_finite(result) > 0)
      throw ValueError("load: " + describe(checkpoint_, *weight.entry) + " holds values that are finite in " +
                       std::string(dtype_name(weight.entry->dtype)) + " and beyond the range of " +
                       std::string(dtype_name(weight.held)) + "; use weights=bf16 or f32");
    return result;
  }

  void advance(std::uint64_t bytes) {
    done_ += bytes;
    if (options_.cancel != nullptr && options_.cancel->load(std::memory_order_relaxed))
      throw Cancelled("load: cancelled by the caller after " + std::to_string(done_) + " of " + std::to_string(total_) +
                      " bytes");
    if (options_.progress) options_.progress({.what = "loading", .unit = "bytes", .done = done_, .total = total_});
  }

  const Checkpoint& checkpoint_;
  const LoadOptions& options_;
  std::uint64_t done_ = 0, total_ = 0;
  std::map<std::pair<DType, DType>, std::uint64_t> conversions_;
};

LlamaModel without_weights(const LlamaConfig& config, const LoadOptions& options) {
  LlamaModel model{.config = config,
                   .weights = {},
                   .precision = options.precision,
                   .policy = options.policy,
                   .frequencies = nn::rotary_frequencies(config.rotary_base, config.rotary_dim, config.rotary_scaling)};
  return model;
}

}  // namespace

LlamaModel llama_shape_only(const Checkpoint& checkpoint, const LlamaConfig& config, const LoadOptions& options) {
  LlamaModel model = without_weights(config, options);
  for (const StoredWeight& weight : stored_weights(checkpoint, config, options.precision, model.weights))
    *weight.slot.tensor = Tensor::shape_only(weight.slot.shape, weight.held, weight.layout);
  if (config.tied_embeddings) model.weights.output = model.weights.embedding;
  return model;
}

LlamaModel llama_load(const Checkpoint& checkpoint, const LlamaConfig& config, const LoadOptions& options) {
  const LlamaModel planned = llama_shape_only(checkpoint, config, options);
  require_rows(checkpoint, planned);
  LlamaModel model = without_weights(config, options);
  std::vector<StoredWeight> stored = stored_weights(checkpoint, config, options.precision, model.weights);
  Loader loader(checkpoint, options);
  loader.load_all(stored);
  if (config.tied_embeddings) model.weights.output = model.weights.embedding;
  for (const std::vector<std::string>& notes : {loader.notes(), unread_notes(checkpoint, config)})
    model.config.notes.insert(model.config.notes.end(), notes.begin(), notes.end());
  return model;
}

}  // namespace candor::models
