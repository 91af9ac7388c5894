// What a converted file says of itself.
#pragma once

#include <map>
#include <string>

#include "candor/io.h"
#include "convert/plan.h"

namespace candor::convert_internal {

/// Strings for the file: the source's own ("__metadata__" of safetensors, candor.json of .npz and .pt), and under
/// candor.version, candor.source_dtypes and candor.rounding what this conversion did. Where the source was converted
/// before, its history stays in front ("q4_1: 210 -> bf16: 210"), and copies add nothing to it.
std::map<std::string, std::string> file_metadata(const Checkpoint& checkpoint, const Plan& plan,
                                                 const ConvertOptions& options);

}  // namespace candor::convert_internal
