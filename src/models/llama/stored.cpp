#include "models/llama/stored.h"

#include <algorithm>
#include <map>
#include <set>

#include "candor/error.h"
#include "io/refuse.h"

namespace candor::models {
namespace {

constexpr std::size_t kListed = 5;  // names in one message

std::string dims_text(const std::vector<std::int64_t>& dims) {
  return Shape(std::span<const std::int64_t>(dims)).to_string();
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kListed; ++i) text += (i == 0 ? "" : ", ") + io::quote(names[i]);
  if (names.size() > kListed) text += " and " + std::to_string(names.size() - kListed) + " more";
  return text;
}

// A type that has no name here, no values to compute with, or values that are no weights.
void require_readable(const Checkpoint& checkpoint, const TensorEntry& entry) {
  const DTypeInfo& info = dtype_info(entry.dtype);
  if ((is_floating(entry.dtype) || is_block(entry.dtype)) && !info.storage_only) return;
  throw FormatError(
      describe(checkpoint, entry) + " has type " + io::quote(checkpoint.type_name(entry)) +
      ", which no weight can be read from; convert it to bf16, f16 or f32 with the program that wrote it");
}

const TensorEntry& find_entry(const Checkpoint& checkpoint, const LlamaConfig& config, const WeightSlot& slot) {
  const TensorEntry* entry = checkpoint.find(slot.name);
  if (entry == nullptr) {
    const bool output = slot.name == "lm_head.weight";
    throw FormatError(checkpoint.files().front() + ": tensor '" + slot.name + "' is missing; " + config.file +
                      " calls for it" +
                      (output ? std::string("; a model without one says tie_word_embeddings: true") : std::string()));
  }
  require_readable(checkpoint, *entry);
  if (entry->shape.size() > static_cast<std::size_t>(kMaxRank) ||
      !(Shape(std::span<const std::int64_t>(entry->shape)) == slot.shape))
    throw FormatError(describe(checkpoint, *entry) + " has shape " +
                      (entry->shape.size() > static_cast<std::size_t>(kMaxRank)
                           ? "of rank " + std::to_string(entry->shape.size())
                           : dims_text(entry->shape)) +
                      "; " + config.file + " calls for " + slot.shape.to_string());
  return *entry;
}

bool is_matrix(WeightRole role) { return role == WeightRole::matrix || role == WeightRole::embedding; }

DType held_dtype(const Checkpoint& checkpoint, const WeightSlot& slot, const TensorEntry& entry, DType wanted) {
  if (wanted == DType::any || wanted == entry.dtype) return entry.dtype;
  if (!is_block(wanted)) return wanted;
  if (!is_matrix(slot.role)) return entry.dtype;  // vectors are never stored in blocks
  throw UnsupportedPrecision(
      "load: " + describe(checkpoint, entry) + " is stored as " + std::string(dtype_name(entry.dtype)) +
      "; weights=" + std::string(dtype_name(wanted)) +
      " would have to quantise it, which loading never does: use weights=stored, bf16, f16 or f32");
}

Layout held_layout(const WeightSlot& slot, DType held) {
  const bool has_packed_form = held == DType::bf16 || held == DType::f16 || held == DType::f32;
  return is_matrix(slot.role) && has_packed_form ? Layout::packed_tiles : Layout::strided;
}

void refuse_unknown(const Checkpoint& checkpoint, const LlamaConfig& config, const std::vector<StoredWeight>& stored) {
  std::set<std::string_view> used;
  for (const StoredWeight& weight : stored) used.insert(weight.entry->name);
  std::vector<std::string> unknown;
  for (const TensorEntry& entry : checkpoint.tensors())
    if (!used.contains(entry.name) && !read_with_configuration(checkpoint.format(), entry.name) &&
        unread_reason(config, checkpoint.format(), entry.name).empty())
      unknown.push_back(entry.name);
  if (unknown.empty()) return;
  throw FormatError(checkpoint.files().front() + ": " + std::to_string(unknown.size()) + " tensor(s) that a " +
                    config.architecture + " of this configuration does not have: " + listed(unknown) +
                    "; the configuration and the tensors must belong to one model");
}

}  // namespace

std::string describe(const Checkpoint& checkpoint, const TensorEntry& entry) {
  return checkpoint.files()[entry.file] + ": tensor " + io::quote(entry.name);
}

std::vector<StoredWeight> stored_weights(const Checkpoint& checkpoint, const LlamaConfig& config,
                                         const ModelPrecision& precision, LlamaWeights& weights) {
  std::vector<StoredWeight> stored;
  for (WeightSlot& slot : weight_slots(config, checkpoint.format(), weights)) {
    StoredWeight weight{.slot = std::move(slot)};
    weight.entry = &find_entry(checkpoint, config, weight.slot);
    weight.held = held_dtype(checkpoint, weight.slot, *weight.entry, precision.weights);
    weight.layout = held_layout(weight.slot, weight.held);
    stored.push_back(std::move(weight));
  }
  refuse_unknown(checkpoint, config, stored);
  return stored;
}

std::vector<std::string> unread_notes(const Checkpoint& checkpoint, const LlamaConfig& config) {
  std::map<std::string, std::vector<std::string>> by_reason;
  LlamaWeights weights;
  std::set<std::string> used;
  for (const WeightSlot& slot : weight_slots(config, checkpoint.format(), weights)) used.insert(slot.name);
  for (const TensorEntry& entry : checkpoint.tensors())
    if (!used.contains(entry.name) && !read_with_configuration(checkpoint.format(), entry.name))
      by_reason[unread_reason(config, checkpoint.format(), entry.name)].push_back(entry.name);
  std::vector<std::string> notes;
  for (const auto& [reason, names] : by_reason) notes.push_back("not used: " + listed(names) + " (" + reason + ")");
  return notes;
}

}  // namespace candor::models
