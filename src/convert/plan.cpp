#include "convert/plan.h"

#include <algorithm>

#include "candor/error.h"
#include "convert/counted.h"
#include "convert/gguf_model.h"
#include "convert/gguf_output.h"
#include "convert/hugging_face_folder.h"
#include "convert/stochastic_rounding.h"
#include "convert/target_dtypes.h"
#include "convert/value_change.h"

namespace candor::convert_internal {
namespace {

void check_options(const ConvertOptions& options) {
  if (options.dtype == DType::any && options.rounding == ConvertRounding::stochastic)
    throw ValueError("convert: stochastic rounding was asked for, but every tensor keeps its dtype; name a dtype");
  for (const DType written : {DType::any, DType::bf16, DType::f16, DType::f32})
    if (options.dtype == written) return;
  throw ValueError("convert: the target dtype " + std::string(dtype_name(options.dtype)) +
                   " is not written; bf16, f16 and f32 are");
}

/// "210 tensors come from q4_1 blocks": a narrow source stays narrow whatever it is stored in.
void note_sources(Plan& plan) {
  std::map<DType, std::size_t> blocks, copied;
  for (const TensorPlan& tensor : plan.tensors) {
    if (is_block(tensor.source.dtype) && tensor.to != tensor.source.dtype) ++blocks[tensor.source.dtype];
    if (tensor.to == tensor.source.dtype && dtype_info(tensor.to).storage_only &&
        dtype_info(tensor.to).kind != DTypeKind::integer && !is_block(tensor.to))
      ++copied[tensor.to];
  }
  for (const auto& [dtype, count] : blocks) {
    plan.notes.push_back("the values of " + counted_tensors(count) + " come from " + std::string(dtype_name(dtype)) +
                         " blocks: they are stored wider now, not more precise");
  }
  for (const auto& [dtype, count] : copied)
    plan.notes.push_back(counted_tensors(count) + " of " + std::string(dtype_name(dtype)) +
                         (count == 1 ? " is copied as it is" : " are copied as they are"));
}

/// config.json states one dtype: the one asked for, or the one of most values.
DType configured_dtype(const Checkpoint& checkpoint, DType wanted) {
  if (wanted != DType::any) return wanted;
  std::map<DType, std::uint64_t> bytes;
  for (const TensorEntry& entry : checkpoint.tensors()) bytes[entry.dtype] += entry.nbytes;
  return bytes[DType::bf16] > bytes[DType::f16] + bytes[DType::f32] ? DType::bf16
         : bytes[DType::f16] > bytes[DType::f32]                    ? DType::f16
                                                                    : DType::f32;
}

void set_rounding_keys(const ConvertOptions& options, Plan& plan) {
  for (TensorPlan& tensor : plan.tensors)
    if (!is_exact(tensor.source.dtype, tensor.to)) tensor.stochastic_key = rounding_key(options.seed, tensor.name);
}

}  // namespace

Plan make_plan(const Checkpoint& checkpoint, const std::string& input, const std::string& output,
               const ConvertOptions& options) {
  check_options(options);
  const OutputKind kind = output_kind(output);
  const bool from_gguf = checkpoint.format() == CheckpointFormat::gguf;
  Plan plan;
  if (kind == OutputKind::gguf) {
    plan = from_gguf ? plan_gguf_copy(checkpoint) : plan_gguf_model(checkpoint, input);
  } else if (from_gguf) {
    plan = plan_gguf(checkpoint, kind == OutputKind::folder, configured_dtype(checkpoint, options.dtype));
  } else {
    for (const TensorEntry& entry : checkpoint.tensors()) plan.tensors.push_back({entry, entry.name});
    if (kind == OutputKind::folder) add_hugging_face_files(input, options.dtype, plan);
  }
  set_target_dtypes(checkpoint, kind, options, plan);
  note_sources(plan);
  if (kind == OutputKind::gguf) set_file_type(options.dtype == DType::any, plan);
  check_output_format(output, plan);
  if (options.rounding == ConvertRounding::stochastic) set_rounding_keys(options, plan);
  return plan;
}

}  // namespace candor::convert_internal
