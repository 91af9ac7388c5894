// What a conversion will do, decided before anything is read or written but headers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "candor/convert.h"
#include "candor/io.h"

namespace candor::convert_internal {

/// One tensor from its source to the output.
struct TensorPlan {
  TensorEntry source;
  std::string name;  // in the output
  DType to = DType::any;
  std::int64_t heads = 0;  // not 0: rows are in GGUF's rotary order of so many heads and are put back
};

/// A small file beside the tensors.
struct SideFile {
  std::string name, content;
};

/// Names, rows and side files as the source's architecture has them.
struct Plan {
  std::vector<TensorPlan> tensors;  // in source order
  std::vector<SideFile> files;      // of a Hugging Face folder
  std::vector<std::string> notes;
};

/// Decides names, dtypes and side files. `folder`: a Hugging Face folder is written, not a single file.
/// errors   FormatError (a dtype or tensor that cannot be converted, by name), ValueError (a keep_f32 pattern that
///          matches nothing, a target dtype that convert does not write)
Plan make_plan(const Checkpoint& checkpoint, const std::string& input, bool folder, const ConvertOptions& options);

/// Dtype of an entry in the output. errors: FormatError when it cannot be converted
DType target_dtype(const Checkpoint& checkpoint, const TensorEntry& entry, bool keep_f32, DType wanted);

}  // namespace candor::convert_internal
