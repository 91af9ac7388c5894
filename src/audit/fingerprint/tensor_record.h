// A tensor's line: its fingerprint and what the checkpoint says of it, as JSON and back.
#pragma once

#include <nlohmann/json.hpp>

#include "audit/fingerprint.h"
#include "audit/fingerprint/record_fields.h"
#include "audit/judge/judge.h"

namespace candor::audit_internal {

struct TensorRecord {
  Fingerprint tensor;
  LabelFacts label;
};

/// Members that are empty or zero are left out, where docs/fingerprint-file.md says so.
nlohmann::ordered_json tensor_json(const Fingerprint& tensor, const LabelFacts& label);

/// Everything is checked that the judge relies on: counts against elements, elements against shape and bytes, codes
/// against their dtype, places of witnesses. errors: FormatError
TensorRecord read_tensor(const RecordFields& fields);

/// Limits that keep a line's memory near its own size.
inline constexpr std::size_t kMostExtents = 64;           // of a shape; as safetensors headers
inline constexpr std::size_t kMostDistinct = 64;          // sizes of blocks that different codes were counted in
inline constexpr std::size_t kMostDistinctCodes = 65536;  // of a block
inline constexpr std::size_t kMostSchemes = 64;

}  // namespace candor::audit_internal
