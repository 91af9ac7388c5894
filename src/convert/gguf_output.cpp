#include "convert/gguf_output.h"

#include <filesystem>

#include "convert/hugging_face_model.h"
#include "convert/target_dtypes.h"
#include "io/checked.h"
#include "io/model_files.h"

namespace candor::convert_internal {
namespace {

// llama.cpp's numbers for general.file_type: the type of most matrices.
constexpr std::uint64_t kAllF32 = 0, kMostlyF16 = 1, kMostlyBf16 = 32;
constexpr const char* kFileType = "general.file_type";

}  // namespace

Plan plan_gguf_copy(const Checkpoint& checkpoint) {
  Plan plan;
  for (const TensorEntry& entry : checkpoint.tensors()) plan.tensors.push_back({entry, entry.name});
  plan.gguf = checkpoint.gguf();
  for (const char* key : {"split.no", "split.count", "split.tensors.count"}) plan.gguf.values.erase(key);
  return plan;
}

Plan plan_gguf_model(const Checkpoint& checkpoint, const std::string& input) {
  if (std::optional<Plan> model = plan_hugging_face_model(checkpoint, input)) return *std::move(model);
  Plan plan;
  for (const TensorEntry& entry : checkpoint.tensors()) plan.tensors.push_back({entry, entry.name});
  plan.notes.push_back(
      "the output is a container of tensors under their own names: llama.cpp will not run it. GGUF models are made "
      "from Hugging Face folders whose config.json says one of " +
      known_model_types());
  return plan;
}

void set_file_type(bool kept, Plan& plan) {
  const bool stated = plan.gguf.find(kFileType) != nullptr;
  const bool model = stated || plan.gguf.find("general.architecture") != nullptr;
  if (!model || (kept && stated)) return;
  std::map<DType, std::uint64_t> elements;
  for (const TensorPlan& tensor : plan.tensors)
    if (!is_gguf_vector(tensor)) elements[tensor.to] += *io::checked_elements(tensor.source.shape);
  std::uint64_t type = kAllF32, most = elements[DType::f32];
  for (const auto& [dtype, number] : {std::pair{DType::f16, kMostlyF16}, {DType::bf16, kMostlyBf16}}) {
    if (elements[dtype] <= most) continue;
    type = number;
    most = elements[dtype];
  }
  plan.gguf.values[kFileType] = {type, GgufValueType::u32};
}

}  // namespace candor::convert_internal
