// What a checkpoint says of its dtypes outside the tensors' own headers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "candor/dtype.h"
#include "candor/io.h"

namespace candor::audit_internal {

/// One statement, in words and as the dtypes that agree with it.
struct Claim {
  std::string said;                 // "config.json says bfloat16"
  std::string sub;                  // "label-vs-config", "label-vs-name"
  std::vector<DType> dtypes;        // that agree
  bool quantised = false;           // blocks, integers and the like agree
  bool all_quantised = false;       // `said` is contradicted only when nothing at all is quantised
  std::optional<std::size_t> file;  // of the checkpoint that it is about; empty: all

  bool agrees(DType dtype) const;
};

/// f64, f32, f16 and bf16: values as they are, which a quantised tensor's are not.
bool is_plain_float(DType dtype);
/// "bfloat16", "torch.float16", "BF16", "half", "float8_e4m3fn", …
std::optional<DType> dtype_from_label(std::string_view label);

/// From config.json's text. errors: FormatError (damaged)
std::vector<Claim> claims_of_config(std::string_view text, const std::string& file);
/// From the name of a file, without its folder.
std::optional<Claim> claim_of_file_name(const std::string& name);
/// From general.file_type of a GGUF header. errors: FormatError (not a number)
std::optional<Claim> claim_of_gguf(const GgufMetadata& metadata);
/// From a safetensors header's __metadata__.
std::optional<Claim> claim_of_metadata(const std::map<std::string, std::string, std::less<>>& metadata);

}  // namespace candor::audit_internal
