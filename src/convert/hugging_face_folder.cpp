#include "convert/hugging_face_folder.h"

#include <filesystem>

#include "candor/error.h"
#include "io/model_files.h"
#include "io/strict_json.h"

namespace candor::convert_internal {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// dtype fields of a configuration and of the configurations inside it. Returns whether it has any of its own.
bool set_dtype(Json& config, const std::string& dtype) {
  bool found = false;
  if (!config.is_object()) return found;
  for (const char* key : {"torch_dtype", "dtype"}) {
    const auto field = config.find(key);
    if (field == config.end() || !(field->is_string() || field->is_null())) continue;
    *field = dtype;
    found = true;
  }
  for (auto& [key, value] : config.items())
    if (key.ends_with("_config")) set_dtype(value, dtype);
  return found;
}

std::string converted_config(const std::string& path, DType dtype) {
  if (dtype == DType::any) return io::read_text_file(path);  // every tensor is as it was, so it stays true
  Json config = io::parse_strict_json(io::read_text_file(path), path);
  if (config.is_object() && config.contains("quantization_config") && !config["quantization_config"].is_null()) {
    throw FormatError("convert: " + path +
                      ": field 'quantization_config' says that the tensors need more than a cast to "
                      "be read; use the unquantised model, or a single .safetensors file as output");
  }
  // Without one transformers would load the tensors as f32.
  if (!set_dtype(config, hugging_face_dtype(dtype)) && config.is_object())
    config["torch_dtype"] = hugging_face_dtype(dtype);
  return config.dump(2) + "\n";
}

}  // namespace

std::string hugging_face_dtype(DType dtype) {
  return dtype == DType::bf16 ? "bfloat16" : dtype == DType::f16 ? "float16" : "float32";
}

void add_hugging_face_files(const std::string& input, DType dtype, Plan& plan) {
  std::error_code error;
  for (const std::string_view name : io::kSideFiles) {
    const fs::path path = io::model_folder(input) / name;
    if (!fs::exists(fs::symlink_status(path, error))) continue;
    if (!fs::is_regular_file(path, error))
      throw IoError("convert: " + path.string() +
                    " is there, but no file that can be read (a link to nothing?): mend it, or take it away");
    plan.files.push_back({std::string(name), "", InputFile(path.string())});
    SideFile& file = plan.files.back();
    file.content = name == io::kConfigFile ? converted_config(path.string(), dtype) : io::read_text_file(path.string());
  }
  if (plan.files.empty())
    plan.notes.push_back("there is no config.json beside the tensors: the folder holds tensors only");
}

}  // namespace candor::convert_internal
