// Which dtype each tensor gets, and why where that is not the one that was asked for.
#pragma once

#include "convert/plan.h"

namespace candor::convert_internal {

/// Sets `to` of every tensor, and notes what was kept or widened by design.
/// errors   FormatError (a dtype that cannot be converted), ValueError (a keep_f32 pattern that matches nothing)
void set_target_dtypes(const Checkpoint& checkpoint, OutputKind kind, const ConvertOptions& options, Plan& plan);

/// llama.cpp's converter keeps vectors and norms in f32, so in a GGUF file their dtype says nothing about the model.
bool is_gguf_vector(const TensorPlan& tensor);

/// errors   FormatError: the first tensor that the output's format cannot hold
void check_output_format(const std::string& output, const Plan& plan);

}  // namespace candor::convert_internal
