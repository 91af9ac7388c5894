#include "audit/diff/value_sample.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "audit/blocks/extent.h"
#include "audit/code_value.h"
#include "audit/diff/element_stream.h"
#include "audit/diff/values.h"
#include "io/checked.h"

namespace candor::audit_internal::comparison {
namespace {

// Spread with a jitter: at equal steps all may be first rows of heads, which are where they were in any row order.
constexpr std::uint64_t kSampled = 256, kFewest = 16;

double value_at(DType dtype, const std::byte* bytes, std::uint64_t index) {
  return code_value(is_block(dtype) ? DType::f32 : dtype, element_code(dtype, bytes, index));
}

}  // namespace

std::vector<double> value_sample(const Checkpoint& checkpoint, const TensorEntry& entry, const RowOrder& order) {
  std::vector<double> sample;
  const std::uint64_t elements = io::checked_elements(entry.shape).value_or(0);
  if (!number_format(entry.dtype) || !in_place(entry) || elements < kFewest || !order.fits(entry)) return sample;
  const std::uint64_t count = std::min(kSampled, elements);
  for (std::uint64_t i = 0; i < count; ++i)
    sample.push_back(
        value_at(entry.dtype, checkpoint.bytes(entry), order.element_in_b(entry, spread_index(i, count, elements))));
  return sample;
}

bool samples_agree(const std::vector<double>& a, DType dtype_a, const std::vector<double>& b, DType dtype_b) {
  if (a.size() != b.size() || a.empty()) return false;
  // Half a step of p significant bits is at most 2^-p of a normal value; the doubled bound leaves room for a detour.
  const int mantissa = std::min(number_format(dtype_a)->mantissa, number_format(dtype_b)->mantissa);
  const double bound = std::ldexp(1.0, -mantissa);
  std::size_t others = 0;
  for (std::size_t i = 0; i < a.size() && others * 16 <= a.size(); ++i)
    if (a[i] != b[i] && !(std::fabs(a[i] - b[i]) <= bound * std::fabs(a[i]))) ++others;
  return others * 16 <= a.size();
}

}  // namespace candor::audit_internal::comparison
