#include "convert/file_metadata.h"

#include <algorithm>

namespace candor::convert_internal {
namespace {

std::string source_dtypes(const Plan& plan) {
  std::map<std::string_view, std::size_t> sources;
  for (const TensorPlan& tensor : plan.tensors) ++sources[dtype_name(tensor.source.dtype)];
  std::string text;
  for (const auto& [dtype, count] : sources)
    text.append(text.empty() ? "" : ", ").append(dtype).append(": ").append(std::to_string(count));
  return text;
}

std::string rounding(const ConvertOptions& options) {
  if (options.dtype == DType::any) return "none: every tensor keeps its dtype";
  if (options.rounding == ConvertRounding::stochastic)
    return "stochastic, seed " + std::to_string(options.seed) + "; one rounding";
  return "nearest, ties to even; one rounding";
}

/// What an earlier conversion wrote under the key; "" without one.
std::string earlier(const Checkpoint& checkpoint, std::string_view key) {
  if (checkpoint.format() == CheckpointFormat::gguf) {
    const GgufValue* value = checkpoint.gguf().find(key);
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(&value->value);
    return text == nullptr ? "" : *text;
  }
  const auto found = checkpoint.safetensors_metadata().find(key);
  return found == checkpoint.safetensors_metadata().end() ? "" : found->second;
}

}  // namespace

std::map<std::string, std::string> file_metadata(const Checkpoint& checkpoint, const Plan& plan,
                                                 const ConvertOptions& options) {
  const auto& source = checkpoint.safetensors_metadata();
  std::map<std::string, std::string> metadata(source.begin(), source.end());
  metadata.emplace("format", "pt");
  metadata["candor.version"] = CANDOR_VERSION;
  const bool only_copies = std::all_of(plan.tensors.begin(), plan.tensors.end(),
                                       [](const TensorPlan& tensor) { return tensor.to == tensor.source.dtype; });
  const auto add = [&](const std::string& key, const std::string& now) {
    const std::string before = earlier(checkpoint, key);
    metadata[key] = before.empty() ? now : only_copies ? before : before + " -> " + now;
  };
  add("candor.source_dtypes", source_dtypes(plan));
  add("candor.rounding", rounding(options));
  return metadata;
}

}  // namespace candor::convert_internal
