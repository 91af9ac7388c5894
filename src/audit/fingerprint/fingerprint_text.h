// The lines of a fingerprint file. docs/fingerprint-file.md is the description for others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/fingerprint/tensor_record.h"

namespace candor::audit_internal {

inline constexpr std::string_view kFingerprintSchema = "candor-fingerprint-1";
/// With its newline; a fingerprint of 65,536 codes takes at most a quarter of it.
inline constexpr std::size_t kLongestLine = std::size_t{4} << 20;

/// One checkpoint, before its tensors. An empty format: the file was refused.
struct CheckpointBegin {
  std::string path, format;
};

/// After its tensors: why there are no more, and what the report says of it beside the verdicts.
struct CheckpointEnd {
  std::string error;
  std::vector<std::string> notes;
};

/// Lines with their newline. The same arguments give the same bytes. errors: ValueError (a line that would be too long)
std::string header_line(std::uint64_t checkpoints, const std::string& written_by);
std::string checkpoint_line(const CheckpointBegin& begin);
std::string tensor_line(const Fingerprint& tensor, const LabelFacts& label);
std::string end_line(std::uint64_t tensors, const CheckpointEnd& end);

}  // namespace candor::audit_internal
