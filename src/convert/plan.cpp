#include "convert/plan.h"

#include <algorithm>

#include "candor/error.h"
#include "convert/gguf_model.h"
#include "convert/hugging_face_folder.h"
#include "io/name_pattern.h"
#include "io/refuse.h"

namespace candor::convert_internal {
namespace {

void check_options(const ConvertOptions& options) {
  if (options.dtype == DType::bf16 || options.dtype == DType::f16 || options.dtype == DType::f32) return;
  throw ValueError("convert: the target dtype " + std::string(dtype_name(options.dtype)) +
                   " is not written; bf16, f16 and f32 are");
}

/// True when values of this dtype are read, and could be f32.
bool has_values(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  return !info.storage_only && (info.kind == DTypeKind::floating || info.kind == DTypeKind::block);
}

/// `used`: patterns that matched, and whether one of the tensors could follow them.
bool kept(const TensorPlan& tensor, const ConvertOptions& options, std::map<std::string, bool>& used) {
  bool found = false;
  for (const std::string& pattern : options.keep_f32) {
    if (!io::matches(pattern, tensor.source.name) && !io::matches(pattern, tensor.name)) continue;
    used[pattern] |= has_values(tensor.source.dtype);
    found = true;
  }
  return found;
}

void check_patterns(const ConvertOptions& options, const std::map<std::string, bool>& used, std::size_t tensors) {
  for (const std::string& pattern : options.keep_f32) {
    const auto found = used.find(pattern);
    if (found != used.end() && found->second) continue;
    const std::string what = found == used.end()
                                 ? "matches none of the " + std::to_string(tensors) + " tensors"
                                 : "matches only tensors that are copied as they are (integers, storage-only dtypes)";
    throw ValueError("convert: the keep_f32 pattern " + io::quote(pattern) + " " + what +
                     "; correct it or leave it out");
  }
}

/// "210 tensors come from q4_1 blocks": a narrow source stays narrow whatever it is stored in.
void note_sources(Plan& plan) {
  std::map<DType, std::size_t> blocks, copied;
  for (const TensorPlan& tensor : plan.tensors) {
    if (is_block(tensor.source.dtype)) ++blocks[tensor.source.dtype];
    if (tensor.to == tensor.source.dtype && dtype_info(tensor.to).storage_only &&
        dtype_info(tensor.to).kind != DTypeKind::integer)
      ++copied[tensor.to];
  }
  for (const auto& [dtype, count] : blocks) {
    plan.notes.push_back("the values of " + std::to_string(count) + " tensors come from " +
                         std::string(dtype_name(dtype)) + " blocks: they are stored wider now, not more precise");
  }
  for (const auto& [dtype, count] : copied)
    plan.notes.push_back(std::to_string(count) + " tensors of " + std::string(dtype_name(dtype)) +
                         " are copied as they are");
}

}  // namespace

DType target_dtype(const Checkpoint& checkpoint, const TensorEntry& entry, bool keep_f32, DType wanted) {
  const DTypeInfo& info = dtype_info(entry.dtype);
  const std::string& file = checkpoint.files().at(entry.file);
  const bool unknown = entry.dtype == DType::any;
  const bool unreadable_block = info.kind == DTypeKind::block && info.storage_only;
  if (unknown || unreadable_block) {
    throw FormatError(
        "convert: " + file + ": byte " + std::to_string(entry.offset) + ": tensor " + io::quote(entry.name) +
        " is of type " + checkpoint.type_name(entry) +
        ", which cannot be converted; use a source in f32, f16, bf16, q8_0, q6_k, q5_k, q5_1, q5_0, q4_k, "
        "q4_1 or q4_0");
  }
  if (info.storage_only) return entry.dtype;  // copied as bytes: no kernel reads its values
  if (has_values(entry.dtype)) return keep_f32 ? DType::f32 : wanted;
  return entry.dtype;  // integers and booleans
}

Plan make_plan(const Checkpoint& checkpoint, const std::string& input, bool folder, const ConvertOptions& options) {
  check_options(options);
  Plan plan;
  if (checkpoint.format() == CheckpointFormat::gguf) {
    plan = plan_gguf(checkpoint, folder, options.dtype);
  } else {
    for (const TensorEntry& entry : checkpoint.tensors()) plan.tensors.push_back({entry, entry.name, DType::any, 0});
    if (folder) add_hugging_face_files(input, options.dtype, plan);
  }
  std::map<std::string, bool> used;
  for (TensorPlan& tensor : plan.tensors)
    tensor.to = target_dtype(checkpoint, tensor.source, kept(tensor, options, used), options.dtype);
  check_patterns(options, used, plan.tensors.size());
  note_sources(plan);
  return plan;
}

}  // namespace candor::convert_internal
