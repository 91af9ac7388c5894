#include "audit/canary/compare.h"

#include <algorithm>
#include <cmath>

#include "audit/canary/lattice.h"
#include "core/formats.h"

namespace candor::audit_internal {
namespace {

constexpr std::uint64_t kNaN = ~std::uint64_t{0};

/// Bits without the sign of zero, one code for all NaNs.
std::uint64_t folded(DType dtype, std::uint64_t bits) {
  if (predicts_bits_only(dtype)) return bits;
  const float value = value_of(dtype, bits);
  if (std::isnan(value)) return kNaN;
  return value == 0 && bits << (64 - 8 * element_bytes(dtype) + 1) == 0 ? 0 : bits;
}

/// What is compared: a canary and the folded bits of the file.
struct Comparison {
  const FoundCanary& found;
  std::vector<std::uint64_t> seen;

  /// Exceptions among every `stride`-th element; nothing: the conversion cannot end in this dtype.
  std::optional<std::uint64_t> exceptions(const Conversion& conversion, std::size_t stride) const;
};

std::optional<std::uint64_t> Comparison::exceptions(const Conversion& conversion, std::size_t stride) const {
  const CanaryValues& canary = *found.canary;
  const DType to = found.tensor.dtype;
  std::uint64_t count = 0, chances = 0, torn = 0;  // neighbours of one value that chance may have parted, and did
  for (std::size_t i = 0; i < canary.bits.size(); i += stride) {
    const std::uint32_t code = canary.bits[i];
    const std::optional<Prediction> p = predict(conversion, canary.dtype, code, to);
    if (!p) return std::nullopt;
    if (conversion.view == BitView::right && is_nan_code(canary.dtype, code)) continue;
    const std::uint64_t bits = seen[place_of(found, i)], low = folded(to, p->low), high = folded(to, p->high);
    count += bits != low && bits != high;
    if (low == high || i == 0 || canary.bits[i - 1] != code) continue;
    ++chances;
    torn += bits != seen[place_of(found, i - 1)];
  }
  // All ten runs of 64 of canary.repeated stay whole by luck with a probability below 2^-300: then it was not chance.
  return chances != 0 && torn == 0 ? canary.bits.size() : count;
}

/// Of every considered conversion. One that fails in a sample of a large canary is not looked at further: its count is
/// an estimate, and not 0.
std::vector<std::uint64_t> count_exceptions(const Comparison& comparison) {
  constexpr std::size_t kSample = 1024;
  const std::size_t size = comparison.seen.size(), stride = size / kSample + 1;
  std::vector<std::uint64_t> counts;
  for (const Conversion& conversion : considered_conversions()) {
    std::optional<std::uint64_t> count = comparison.exceptions(conversion, stride);
    if (count && *count == 0 && stride > 1)
      count = comparison.exceptions(conversion, 1);
    else if (count)
      count = std::min<std::uint64_t>(*count * stride, size);
    counts.push_back(count.value_or(size));
  }
  return counts;
}

std::uint64_t least(const std::vector<std::uint64_t>& counts) {
  return *std::min_element(counts.begin(), counts.end());
}

std::vector<ElementOrder> orders_of(const FoundCanary& found) {
  const std::vector<std::int64_t>& shape = found.canary->shape;
  if (shape.size() != 2) return {ElementOrder::as_written};
  const bool turned = found.tensor.shape == std::vector<std::int64_t>{shape[1], shape[0]} && shape[0] != shape[1];
  return {ElementOrder::as_written, turned ? ElementOrder::transposed : ElementOrder::values_transposed};
}

/// An order that the shape does not tell may have fewer exceptions by luck.
bool makes_sense(const FoundCanary& found, std::uint64_t exceptions) {
  return found.order != ElementOrder::values_transposed || explains_half(found, exceptions) || fit_lattice(found);
}

}  // namespace

bool explains_half(const FoundCanary& found, std::uint64_t exceptions) {
  return exceptions * 2 <= found.canary->bits.size();
}

void compare(FoundCanary& found) {
  const FoundTensor& tensor = found.tensor;
  if (tensor.bits.size() != found.canary->bits.size()) return;  // a dtype that is not compared
  Comparison comparison{found, tensor.bits};
  for (std::uint64_t& bits : comparison.seen) bits = folded(tensor.dtype, bits);
  for (const ElementOrder order : orders_of(found)) {
    const ElementOrder before = found.order;
    found.order = order;
    std::vector<std::uint64_t> counts = count_exceptions(comparison);
    if (found.exceptions.empty() || (least(counts) < least(found.exceptions) && makes_sense(found, least(counts))))
      found.exceptions = std::move(counts);
    else
      found.order = before;
    if (least(found.exceptions) == 0) return;
  }
}

bool is_predicted(const FoundCanary& found, const Conversion& conversion, std::size_t index) {
  const CanaryValues& canary = *found.canary;
  const std::uint32_t code = canary.bits[index];
  if (conversion.view == BitView::right && is_nan_code(canary.dtype, code)) return true;
  const DType to = found.tensor.dtype;
  const std::optional<Prediction> p = predict(conversion, canary.dtype, code, to);
  const std::uint64_t bits = folded(to, found.tensor.bits[place_of(found, index)]);
  return p && (bits == folded(to, p->low) || bits == folded(to, p->high));
}

float found_value(const FoundCanary& found, std::size_t index) {
  return value_of(found.tensor.dtype, found.tensor.bits[place_of(found, index)]);
}

bool is_unchanged(const FoundCanary& found, std::size_t index) {
  if (predicts_bits_only(found.tensor.dtype)) return false;
  const std::uint32_t code = found.canary->bits[index];
  if (is_nan_code(found.canary->dtype, code))
    return is_nan_code(found.tensor.dtype, found.tensor.bits[place_of(found, index)]);
  return f32_bits(value_of(found.canary->dtype, code)) == f32_bits(found_value(found, index));
}

}  // namespace candor::audit_internal
