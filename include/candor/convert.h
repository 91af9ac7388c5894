// Checkpoints from one format and dtype to another.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "candor/dtype.h"
#include "candor/generate.h"

namespace candor {

enum class ConvertRounding { nearest, stochastic };

struct ConvertOptions {
  DType dtype = DType::bf16;          // bf16, f16 or f32; DType::any: every tensor keeps its own, bytes are copied
  std::vector<std::string> keep_f32;  // glob patterns ("*norm*") of tensors written as f32, whatever they were
  bool narrow_f32 = false;            // f32 tensors among 16-bit ones are narrowed too; otherwise they stay f32
  bool allow_lossy = false;           // overflow, flushes to zero and bf16 values off f16's grid are accepted
  bool overwrite = false;
  /// stochastic: up or down by chance, which depends on nothing but the seed, the tensor's name and the element.
  ConvertRounding rounding = ConvertRounding::nearest;
  std::uint64_t seed = 0;
  ProgressCallback progress;
  const std::atomic<bool>* cancel = nullptr;
};

/// One element before and after.
struct ChangedValue {
  std::uint64_t element = 0;  // row-major, in the output
  double before = 0, after = 0;
};

/// What happens, or would happen, to one tensor.
struct ConvertedTensor {
  std::string source_name, name;  // name: in the output
  DType from, to;
  std::vector<std::int64_t> shape;
  std::uint64_t elements = 0;
  std::uint64_t changed = 0;           // elements whose value differs after the conversion
  std::uint64_t overflowed = 0;        // finite, became infinite
  std::uint64_t flushed = 0;           // non-zero, became zero
  std::uint64_t became_subnormal = 0;  // of the target, and were none of their own format
  /// Changed, and more than rounding: beyond the target's largest value or below its smallest normal one. For bf16 to
  /// f16 these are all that change: the values off f16's grid.
  std::uint64_t unreachable = 0;
  double max_relative_change = 0;                 // over changed, finite, non-zero elements
  double max_ulps = 0;                            // steps of the target at the value, over what stays finite
  std::optional<ChangedValue> first_unreachable;  // where to look
  std::optional<ChangedValue> first_overflowed, first_flushed;
};

struct ConvertReport {
  std::vector<ConvertedTensor> tensors;
  std::vector<std::string> files;  // written
  std::vector<std::string> notes;  // "values come from 4-bit blocks (q4_1) …"
  std::string refusal;             // of convert_plan: what convert() would refuse for, or ""
  std::uint64_t bytes_in = 0, bytes_out = 0;
};

/// Reads everything and counts what would change; writes nothing. `output` decides the format, as in convert().
ConvertReport convert_plan(const std::string& input, const std::string& output, const ConvertOptions& options);

/// Writes `output`: .safetensors, .gguf, .npy (one tensor), .npz, .pt/.pth/.bin/.ckpt, or else a Hugging Face folder.
/// What was copied is read back from the output and compared with the source.
/// errors   FormatError, IoError, ValueError (lossy without allow_lossy: the counts), Cancelled (temporary files
/// removed)
ConvertReport convert(const std::string& input, const std::string& output, const ConvertOptions& options);

}  // namespace candor
