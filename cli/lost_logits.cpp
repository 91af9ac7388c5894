#include "cli/lost_logits.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "candor/error.h"
#include "cli/terminal.h"

namespace candor::cli {
namespace {

constexpr const char* kCause = ": values left the range of the activations' dtype, or the model is damaged";

}  // namespace

std::int64_t count_lost(std::span<const float> logits) {
  return std::count_if(logits.begin(), logits.end(), [](float logit) { return !std::isfinite(logit); });
}

void note_lost(std::int64_t lost, std::int64_t all, std::string_view what) {
  if (lost == 0) return;
  note(std::to_string(lost) + " of " + std::to_string(all) + " " + std::string(what) + " are not finite" + kCause);
}

void require_some_finite(std::span<const float> logits, std::string_view what) {
  const std::int64_t lost = count_lost(logits), all = std::ssize(logits);
  if (lost == all)
    throw ValueError("none of the " + std::to_string(all) + " " + std::string(what) + " is finite" + kCause +
                     "; use wider activations (--precision bf16 or f32), or get the model again");
  note_lost(lost, all, what);
}

}  // namespace candor::cli
