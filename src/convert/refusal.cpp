#include "convert/refusal.h"

#include <cstdio>

#include "convert/counted.h"
#include "io/refuse.h"

namespace candor::convert_internal {
namespace {

/// bf16 values that f16 rounds: all of them lie outside its normal range, where a damaged model comes from.
std::uint64_t off_grid(const ConvertedTensor& tensor) {
  if (tensor.from != DType::bf16 || tensor.to != DType::f16) return 0;
  return tensor.unreachable - tensor.overflowed - tensor.flushed;
}

/// Overflow always needs permission; becoming zero needs it in f16, whose smallest value is not that small.
bool needs_permission(const ConvertedTensor& tensor) {
  return tensor.overflowed > 0 || (tensor.to == DType::f16 && tensor.flushed > 0) || off_grid(tensor) > 0;
}

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

/// The first element for whose sake permission is needed.
std::optional<ChangedValue> first_reason(const ConvertedTensor& tensor) {
  if (off_grid(tensor) > 0) return tensor.first_unreachable;  // zero and infinity among them
  std::optional<ChangedValue> first = tensor.first_overflowed;
  if (tensor.to == DType::f16 && tensor.first_flushed && (!first || tensor.first_flushed->element < first->element))
    first = tensor.first_flushed;
  return first;
}

std::string tensor_text(const ConvertedTensor& tensor) {
  const std::string to(dtype_name(tensor.to));
  std::string text = io::quote(tensor.source_name) + " (" + std::string(dtype_name(tensor.from)) + " to " + to + ": " +
                     counted(tensor.overflowed, "overflows", "overflow") + ", " +
                     counted(tensor.flushed, "becomes zero", "become zero");
  if (off_grid(tensor) > 0) text += ", " + std::to_string(off_grid(tensor)) + " off the " + to + " grid";
  if (const auto first = first_reason(tensor))
    text += "; first: element " + std::to_string(first->element) + " is " + number_text(first->before) +
            ", the nearest " + to + " is " + number_text(first->after);
  return text + ")";
}

}  // namespace

std::string refusal_text(const std::vector<ConvertedTensor>& tensors, const std::string& input) {
  std::uint64_t lossy = 0, overflowed = 0, flushed = 0, moved = 0;
  std::string worst;
  constexpr std::uint64_t kNamed = 3;
  for (const ConvertedTensor& tensor : tensors) {
    if (!needs_permission(tensor)) continue;
    overflowed += tensor.overflowed;
    flushed += tensor.flushed;
    moved += off_grid(tensor);
    if (++lossy <= kNamed) worst += (worst.empty() ? "" : ", ") + tensor_text(tensor);
  }
  if (lossy == 0) return "";
  const std::string rounded = moved == 0 ? ""
                                         : ", and " + counted(moved, "bf16 value lies", "bf16 values lie") +
                                               " off f16's grid and would be rounded";
  return "convert: " + input + ": " + counted(overflowed, "finite value", "finite values") +
         " would become infinite and " + std::to_string(flushed) + " would become zero" + rounded + ", in " +
         std::to_string(lossy) + " of " + counted_tensors(tensors.size()) + ": " + worst +
         (lossy > kNamed ? ", …" : "") + "; nothing was written: choose bf16 or f32, keep " +
         (lossy == 1 ? "that tensor" : "those tensors") + " in f32 (--keep-f32), or allow it (--allow-lossy)";
}

}  // namespace candor::convert_internal
