#include "convert/target_dtypes.h"

#include <algorithm>

#include "candor/error.h"
#include "convert/counted.h"
#include "io/checked.h"
#include "io/checkpoint_writers.h"
#include "io/gguf_writer.h"
#include "io/name_pattern.h"
#include "io/refuse.h"

namespace candor::convert_internal {
namespace {

/// True when values of this dtype are read, and could be f32.
bool has_values(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  return !info.storage_only && (info.kind == DTypeKind::floating || info.kind == DTypeKind::block);
}

bool is_wide(DType dtype) { return dtype == DType::f32 || dtype == DType::f64; }

/// errors   FormatError: nothing is known about the bytes, or their values are wanted and cannot be read
void check_source(const Checkpoint& checkpoint, const TensorEntry& entry, bool as_bytes) {
  const DTypeInfo& info = dtype_info(entry.dtype);
  const bool unreadable_block = info.kind == DTypeKind::block && info.storage_only;
  if (entry.dtype != DType::any && (as_bytes || !unreadable_block)) return;
  throw FormatError(
      "convert: " + checkpoint.files().at(entry.file) + ": byte " + std::to_string(entry.offset) + ": tensor " +
      io::quote(entry.name) + " is of type " + checkpoint.type_name(entry) +
      ", which cannot be converted; use a source in f32, f16, bf16, q8_0, q6_k, q5_k, q5_1, q5_0, q4_k, q4_1 or q4_0" +
      (entry.dtype == DType::any ? "" : ", or copy it as it is into a GGUF file (--dtype keep)"));
}

/// The patterns of keep_f32, and which of them did something.
class KeepPatterns {
 public:
  explicit KeepPatterns(const std::vector<std::string>& patterns) : patterns_(patterns) {}

  bool match(const TensorPlan& tensor) {
    bool found = false;
    for (const std::string& pattern : patterns_) {
      if (!io::matches(pattern, tensor.source.name) && !io::matches(pattern, tensor.name)) continue;
      used_[pattern] |= has_values(tensor.source.dtype);
      found = true;
    }
    return found;
  }

  void check(std::size_t tensors) const {
    for (const std::string& pattern : patterns_) {
      const auto found = used_.find(pattern);
      if (found != used_.end() && found->second) continue;
      const std::string what = found == used_.end()
                                   ? "matches none of " + counted_tensors(tensors)
                                   : "matches only tensors that are copied as they are (integers, storage-only dtypes)";
      throw ValueError("convert: the keep_f32 pattern " + io::quote(pattern) + " " + what +
                       "; correct it or leave it out");
    }
  }

 private:
  const std::vector<std::string>& patterns_;
  std::map<std::string, bool> used_;
};

std::string names_of(const std::vector<const TensorPlan*>& tensors) {
  constexpr std::size_t kNamed = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(kNamed, tensors.size()); ++i)
    text += (i == 0 ? "" : ", ") + io::quote(tensors[i]->source.name);
  return text + (tensors.size() > kNamed ? ", …" : "");
}

/// Narrower values dominate: the f32 tensors among them are f32 by design (routers, norms, optimiser states).
bool has_narrow_majority(const Plan& plan) {
  std::uint64_t narrow = 0, wide = 0;
  for (const TensorPlan& tensor : plan.tensors) {
    if (!has_values(tensor.source.dtype) || !tensor.generated.empty()) continue;
    (is_wide(tensor.source.dtype) ? wide : narrow) += *io::checked_elements(tensor.source.shape);
  }
  return narrow > wide;
}

/// f32 tensors among 16-bit ones stay f32: somebody chose that, and no file says that it was a mistake.
void keep_islands(bool from_gguf, DType wanted, Plan& plan) {
  std::vector<const TensorPlan*> islands;
  for (TensorPlan& tensor : plan.tensors) {
    const bool by_convention = from_gguf && is_gguf_vector(tensor);
    if (!is_wide(tensor.source.dtype) || tensor.to != wanted || by_convention) continue;
    tensor.to = tensor.source.dtype;
    islands.push_back(&tensor);
  }
  if (islands.empty()) return;
  const bool one = islands.size() == 1;
  plan.notes.push_back(counted_tensors(islands.size()) + " of f32 or f64 among narrower ones " +
                       (one ? "stays as it is: " : "stay as they are: ") + names_of(islands) +
                       "; --narrow-f32 converts " + (one ? "it too" : "them too"));
}

void widen_vectors(DType wanted, Plan& plan) {
  std::vector<const TensorPlan*> widened;
  for (TensorPlan& tensor : plan.tensors) {
    if (!is_gguf_vector(tensor) || tensor.to != wanted || !has_values(tensor.source.dtype)) continue;
    tensor.to = DType::f32;
    if (tensor.source.dtype != DType::f32) widened.push_back(&tensor);
  }
  if (widened.empty()) return;
  const bool one = widened.size() == 1;
  plan.notes.push_back(counted_tensors(widened.size()) + " of one dimension or of a norm " +
                       (one ? "is f32, as llama.cpp wants it: widened by design, its values are the source's"
                            : "are f32, as llama.cpp wants them: widened by design, their values are the source's"));
}

void note_kept_vectors(Plan& plan) {
  if (plan.gguf.find("general.architecture") == nullptr) return;
  std::vector<const TensorPlan*> narrow;
  for (const TensorPlan& tensor : plan.tensors)
    if (is_gguf_vector(tensor) && (tensor.to == DType::bf16 || tensor.to == DType::f16)) narrow.push_back(&tensor);
  if (narrow.empty()) return;
  plan.notes.push_back(counted_tensors(narrow.size()) + " of one dimension or of a norm " +
                       (narrow.size() == 1 ? "keeps its dtype: " : "keep their dtype: ") + names_of(narrow) +
                       "; llama.cpp wants f32 there, which --dtype bf16 or f16 would give");
}

}  // namespace

bool is_gguf_vector(const TensorPlan& tensor) {
  return tensor.source.shape.size() <= 1 || tensor.name.ends_with("_norm.weight");
}

void set_target_dtypes(const Checkpoint& checkpoint, OutputKind kind, const ConvertOptions& options, Plan& plan) {
  const DType wanted = options.dtype;
  const bool keep = wanted == DType::any, from_gguf = checkpoint.format() == CheckpointFormat::gguf;
  KeepPatterns patterns(options.keep_f32);
  for (TensorPlan& tensor : plan.tensors) {
    if (!tensor.generated.empty()) {
      tensor.to = tensor.source.dtype;
      continue;
    }
    const bool as_f32 = patterns.match(tensor) && has_values(tensor.source.dtype);
    check_source(checkpoint, tensor.source, keep && !as_f32);
    tensor.to = as_f32 ? DType::f32 : has_values(tensor.source.dtype) && !keep ? wanted : tensor.source.dtype;
  }
  patterns.check(plan.tensors.size());
  if (kind == OutputKind::gguf && keep) note_kept_vectors(plan);
  if (wanted != DType::bf16 && wanted != DType::f16) return;
  if (!options.narrow_f32 && has_narrow_majority(plan)) keep_islands(from_gguf, wanted, plan);
  if (kind == OutputKind::gguf) widen_vectors(wanted, plan);
}

void check_output_format(const std::string& output, const Plan& plan) {
  const OutputKind kind = output_kind(output);
  std::vector<TensorItem> items;
  for (const TensorPlan& tensor : plan.tensors) {
    items.push_back({tensor.name, tensor.to, tensor.source.shape});
    if (kind == OutputKind::gguf) io::check_gguf_item(output, items.back());
    const bool named = !dtype_info(tensor.to).safetensors.empty();
    if ((kind == OutputKind::safetensors || kind == OutputKind::folder) && !named)
      throw FormatError("convert: " + output + ": tensor " + io::quote(tensor.source.name) + " of dtype " +
                        std::string(dtype_name(tensor.to)) +
                        " has no place in safetensors; choose --dtype bf16, f16 or f32, or write a .gguf file");
  }
  if (kind == OutputKind::npy && items.size() != 1)
    throw FormatError("convert: " + output + ": a .npy file holds one tensor and the source has " +
                      std::to_string(items.size()) + "; write a .npz or .safetensors file");
  if (kind == OutputKind::npy) io::check_npy_items(output, items);
  if (kind == OutputKind::npz) io::check_npz_items(output, items);
  if (kind == OutputKind::pytorch) io::check_pytorch_items(output, items);
}

}  // namespace candor::convert_internal
