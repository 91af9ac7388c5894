// Histograms in a few kilobytes of text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/fingerprint.h"

namespace candor::audit_internal {

/// Base64 of pairs of LEB128 numbers: how far the code is from the one before (the first: from zero), and its count.
/// For codes that ascend, each with a count above zero.
std::string counts_text(const CodeCounts& counts);

/// Reads it back into `counts`. Returns what is wrong, "" when nothing is. A code is below `codes`; numbers are written
/// in as few bytes as they need.
std::string read_counts(std::string_view text, std::uint64_t codes, CodeCounts& counts);

/// Nothing when it does not fit.
std::optional<std::uint64_t> sum_of(const CodeCounts& counts);

}  // namespace candor::audit_internal
