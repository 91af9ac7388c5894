// What is worth a word whatever the verdict.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "candor/audit.h"

namespace candor::audit_internal {

/// The spelling of NumPy's two-byte elements without a type.
inline constexpr std::string_view kUntypedNumpy = "V2";

std::string untyped_numpy_note(std::uint64_t tensors);
/// Notes of values that are not finite, but for the infinities of masks, and of bytes that may be bf16 under NumPy's
/// V2.
void note_tensors(CheckpointAudit& checkpoint);

}  // namespace candor::audit_internal
