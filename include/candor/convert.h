// Checkpoints from one format and dtype to another.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "candor/dtype.h"
#include "candor/generate.h"

namespace candor {

struct ConvertOptions {
  DType dtype = DType::bf16;          // bf16, f16 or f32
  std::vector<std::string> keep_f32;  // glob patterns ("*norm*") of tensors written as f32, whatever they were
  bool allow_lossy = false;           // overflow to infinity and flushes to zero are accepted
  bool overwrite = false;
  ProgressCallback progress;
  const std::atomic<bool>* cancel = nullptr;
};

/// What happens, or would happen, to one tensor.
struct ConvertedTensor {
  std::string source_name, name;  // name: in the output
  DType from, to;
  std::vector<std::int64_t> shape;
  std::uint64_t elements = 0;
  std::uint64_t changed = 0;       // elements whose value differs after the conversion
  std::uint64_t overflowed = 0;    // finite, became infinite
  std::uint64_t flushed = 0;       // non-zero, became zero
  double max_relative_change = 0;  // over changed, finite, non-zero elements
};

struct ConvertReport {
  std::vector<ConvertedTensor> tensors;
  std::vector<std::string> files;  // written
  std::vector<std::string> notes;  // "values come from 4-bit blocks (q4_1) …"
  std::uint64_t bytes_in = 0, bytes_out = 0;
};

/// Reads everything and counts what would change; writes nothing.
ConvertReport convert_plan(const std::string& input, const std::string& output, const ConvertOptions& options);

/// errors   FormatError, IoError, ValueError (lossy without allow_lossy: the counts), Cancelled (temporary files
/// removed)
ConvertReport convert(const std::string& input, const std::string& output, const ConvertOptions& options);

}  // namespace candor
