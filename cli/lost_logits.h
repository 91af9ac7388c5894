// Logits that are NaN or infinite: what is measured or written of such a model means less than it seems.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace candor::cli {

/// How many are not finite.
std::int64_t count_lost(std::span<const float> logits);

/// "2 of 9 WHAT are not finite: …", a note that -q does not silence; nothing when none is lost.
void note_lost(std::int64_t lost, std::int64_t all, std::string_view what);

/// The same note. errors: ValueError when every one is lost
void require_some_finite(std::span<const float> logits, std::string_view what);

}  // namespace candor::cli
