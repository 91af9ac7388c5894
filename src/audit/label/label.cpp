#include "audit/label/label.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "candor/error.h"
#include "io/checked.h"
#include "io/model_files.h"
#include "io/strict_json.h"

namespace candor::audit_internal {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kConfigLimit = 16u << 20;

bool is_matrix(const TensorEntry& entry) { return entry.shape.size() >= 2; }

std::uint64_t elements_of(const TensorEntry& entry) { return io::checked_elements(entry.shape).value_or(0); }

/// Integers and booleans are ids and masks unless they are packed weights: no claim of a floating dtype is about them.
bool bears_on(const Claim& claim, const TensorEntry& entry) {
  if (!is_matrix(entry) || (claim.file && *claim.file != entry.file)) return false;
  if (entry.dtype == DType::any) return claim.quantised;
  return claim.quantised || is_floating(entry.dtype) || is_block(entry.dtype);
}

/// config.json describes the model files of its folder, not an optimiser's or an adapter's beside them.
bool config_applies(const Checkpoint& checkpoint, const std::string& path) {
  if (checkpoint.format() != CheckpointFormat::safetensors && checkpoint.format() != CheckpointFormat::pytorch)
    return false;
  std::error_code error;
  if (fs::is_directory(path, error)) return true;
  const std::string name = fs::path(path).filename().string();
  return name.starts_with("model") || name.starts_with("pytorch_model") ||
         name.starts_with("diffusion_pytorch_model") || name.starts_with("consolidated");
}

void add_config(const Checkpoint& checkpoint, const std::string& path, std::vector<Claim>& claims,
                std::vector<std::string>& notes) {
  if (!config_applies(checkpoint, path)) return;
  const std::string file = (io::model_folder(path) / io::kConfigFile).string();
  std::error_code error;
  if (!fs::exists(fs::symlink_status(file, error))) return;  // a dangling link is there, and cannot be read
  try {
    for (Claim& claim : claims_of_config(io::read_text_file(file, kConfigLimit), file))
      claims.push_back(std::move(claim));
  } catch (const Error& problem) {
    notes.push_back(
        std::string("config.json could not be read, so its dtype is not compared: ").append(problem.what()));
  }
}

std::vector<Claim> collect_claims(const Checkpoint& checkpoint, const std::string& path,
                                  std::vector<std::string>& notes) {
  std::vector<Claim> claims;
  add_config(checkpoint, path, claims, notes);
  if (checkpoint.format() == CheckpointFormat::gguf) {
    try {
      if (auto claim = claim_of_gguf(checkpoint.gguf())) claims.push_back(std::move(*claim));
    } catch (const FormatError& problem) {
      notes.push_back(std::string("general.file_type could not be read: ").append(problem.what()));
    }
  }
  if (auto claim = claim_of_metadata(checkpoint.safetensors_metadata())) claims.push_back(std::move(*claim));
  for (std::size_t i = 0; i < checkpoint.files().size(); ++i) {
    if (auto claim = claim_of_file_name(fs::path(checkpoint.files()[i]).filename().string())) {
      claim->file = i;
      claims.push_back(std::move(*claim));
    }
  }
  return claims;
}

}  // namespace

CheckpointLabels read_labels(const Checkpoint& checkpoint, const std::string& path) {
  CheckpointLabels labels;
  labels.gguf = checkpoint.format() == CheckpointFormat::gguf;
  for (Claim& claim : collect_claims(checkpoint, path, labels.notes)) {
    CheckpointLabels::Contradiction found{claim, 0, 0};
    std::uint64_t compared = 0, differing = 0;
    for (const TensorEntry& entry : checkpoint.tensors()) {
      if (!bears_on(claim, entry)) continue;
      const std::uint64_t elements = elements_of(entry);
      compared += elements;
      ++found.compared;
      if (claim.agrees(entry.dtype)) continue;
      differing += elements;
      ++found.differing;
    }
    const bool contradicted = claim.all_quantised ? differing == compared : differing >= compared - differing;
    if (differing == 0 || !contradicted) continue;
    for (const TensorEntry& entry : checkpoint.tensors())
      if (bears_on(claim, entry) && !claim.agrees(entry.dtype))
        labels.type_names.emplace(entry.name, checkpoint.type_name(entry));
    labels.contradictions.push_back(std::move(found));
  }
  return labels;
}

LabelFacts label_facts(const CheckpointLabels& labels, const TensorEntry& entry) {
  for (const CheckpointLabels::Contradiction& found : labels.contradictions) {
    if (!bears_on(found.claim, entry) || found.claim.agrees(entry.dtype)) continue;
    const auto type = labels.type_names.find(entry.name);
    std::string text = found.claim.said;
    text.append(", the header ").append(type == labels.type_names.end() ? dtype_name(entry.dtype) : type->second);
    text.append(" (").append(std::to_string(found.differing)).append(" of ");
    text.append(std::to_string(found.compared)).append(" weight matrices differ)");
    return {std::move(text), found.claim.sub};
  }
  LabelFacts facts;
  facts.f32_by_convention = labels.gguf && entry.dtype == DType::f32 && entry.shape.size() <= 1;
  return facts;
}

}  // namespace candor::audit_internal
