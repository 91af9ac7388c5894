// The small files that make a folder of tensors a model: configuration and tokenizer.
#pragma once

#include <string>

#include "convert/plan.h"

namespace candor::convert_internal {

/// Adds the configuration and tokenizer files beside a safetensors source, the dtype in config.json changed.
/// errors   FormatError (config.json is not JSON, or the source is quantised in a way that its config describes)
void add_hugging_face_files(const std::string& input, DType dtype, Plan& plan);

/// "bfloat16", "float16", "float32"
std::string hugging_face_dtype(DType dtype);

}  // namespace candor::convert_internal
