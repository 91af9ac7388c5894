// GGUF as a destination: from GGUF with its metadata, from a Hugging Face model in GGUF's form, from anything else as a
// container.
#pragma once

#include <string>

#include "convert/plan.h"

namespace candor::convert_internal {

/// Names, rows and metadata as they are; what says that the file is a part of several is left out.
Plan plan_gguf_copy(const Checkpoint& checkpoint);

/// A model whose architecture is known gets GGUF's names, row order and metadata; anything else keeps its names, and a
/// note says that no program will take the file for a model.
/// errors   FormatError: a field of config.json or a tensor of a known architecture that has no place there
Plan plan_gguf_model(const Checkpoint& checkpoint, const std::string& input);

/// general.file_type of what will be written. `kept`: dtypes are the source's, and so is what it says.
void set_file_type(bool kept, Plan& plan);

}  // namespace candor::convert_internal
