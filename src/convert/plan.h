// What a conversion will do, decided before anything is read or written but headers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "candor/convert.h"
#include "candor/io.h"
#include "convert/input_file.h"
#include "convert/output_kind.h"

namespace candor::convert_internal {

/// Order of a tensor's rows in the output. GGUF's Llama converter writes the two halves of each head interleaved.
enum class RowOrder { as_it_is, halves, interleaved };

/// One tensor from its source to the output.
struct TensorPlan {
  TensorEntry source;
  std::string name;  // in the output
  DType to = DType::any;
  std::int64_t heads = 0;  // of a tensor whose rows change places
  RowOrder rows = RowOrder::as_it_is;
  std::string generated = {};  // not empty: its bytes, which no tensor of the source has
  std::optional<std::uint64_t> stochastic_key = std::nullopt;  // rounded by chance
};

/// A small file beside the tensors.
struct SideFile {
  std::string name, content;
  std::optional<InputFile> read = std::nullopt;  // where it comes from, when that is a file
};

/// Names, rows and side files as the source's architecture has them.
struct Plan {
  std::vector<TensorPlan> tensors;  // in source order
  std::vector<SideFile> files;      // of a Hugging Face folder
  std::vector<std::string> notes;
  GgufMetadata gguf;  // of a GGUF file
};

/// Decides names, dtypes, side files and metadata.
/// errors   FormatError (a dtype or tensor that cannot be converted or that the output's format cannot hold, by name),
///          ValueError (a keep_f32 pattern that matches nothing, a target dtype that convert does not write)
Plan make_plan(const Checkpoint& checkpoint, const std::string& input, const std::string& output,
               const ConvertOptions& options);

}  // namespace candor::convert_internal
