#include "audit/scan/span_counter.h"

#include <algorithm>
#include <utility>

#include "audit/load.h"
#include "core/formats.h"

namespace candor::audit_internal {
namespace {

constexpr std::size_t kBlock = 4096;  // elements: 16 KiB of f32 stay in the first cache between two looks

constexpr std::uint32_t kBelow16 = 0xffff,
                        kBelow19 = 0x1fff;  // bits below the upper 16 or 19 of f32

/// Which of the low 16 bits any of the values has. Stops where one of the lowest 13 is found.
std::uint32_t low_bits(const std::byte* data, std::size_t elements) {
  constexpr std::size_t kStep = 32;
  std::uint32_t any = 0;
  std::size_t i = 0;
  for (; i + kStep <= elements; i += kStep) {
    for (std::size_t k = 0; k < kStep; ++k) any |= load<std::uint32_t>(data + (i + k) * 4);
    if ((any & kBelow19) != 0) return any & kBelow16;
  }
  for (; i < elements; ++i) any |= load<std::uint32_t>(data + i * 4);
  return any & kBelow16;
}

/// The values as f32; false when one of them is none that has its low 13 bits zero.
bool narrow(const std::byte* data, std::size_t elements, std::uint32_t* out) {
  for (std::size_t i = 0; i < elements; ++i) {
    const double value = load<double>(data + i * 8);
    const float single = f64_to_f32(value);
    out[i] = f32_bits(single);
    if ((out[i] & kBelow19) != 0 || f64_bits(f32_to_f64(single)) != f64_bits(value)) return false;
  }
  return true;
}

}  // namespace

bool is_counted(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  if (is_wide(dtype)) return true;
  const bool number =
      info.kind == DTypeKind::floating || info.kind == DTypeKind::integer || info.kind == DTypeKind::boolean;
  return number && info.block_elements == 1 && (info.block_bytes == 1 || info.block_bytes == 2);
}

void merge_counts(CodeCounts& counts, CodeCounts more) {
  if (counts.empty()) {
    counts = std::move(more);
    return;
  }
  CodeCounts merged(counts.size() + more.size());
  auto a = counts.begin(), b = more.begin(), out = merged.begin();
  while (a != counts.end() && b != more.end()) {
    if (a->first == b->first)
      *out++ = {a->first, a++->second + b++->second};
    else
      *out++ = a->first < b->first ? *a++ : *b++;
  }
  out = std::copy(b, more.end(), std::copy(a, counts.end(), out));
  merged.erase(out, merged.end());
  counts = std::move(merged);
}

void SpanCounter::begin(DType dtype, std::uint64_t elements, int fewest_zeros) {
  dtype_ = dtype;
  codes_.expect(elements);
  if (dtype == DType::f32) {
    if (!f32_) f32_ = std::make_unique<SignificandTable<std::uint32_t>>();
    f32_->collect_from(fewest_zeros);
    f32_->patterns().clear();
  } else if (dtype == DType::f64) {
    if (!f64_) f64_ = std::make_unique<SignificandTable<std::uint64_t>>();
    f64_->collect_from(fewest_zeros);
    f64_->patterns().clear();
    narrowed_.resize(kBlock);
  }
}

void SpanCounter::add(const std::byte* data, std::uint64_t elements) {
  const auto bytes = static_cast<std::size_t>(dtype_info(dtype_).block_bytes);
  if (bytes == 1) return codes_.add_8(data, elements);
  if (bytes == 2) return codes_.add_16(data, elements);
  for (std::uint64_t i = 0; i < elements; i += kBlock) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, elements - i));
    if (bytes == 4)
      add_f32_block(data + i * 4, n);
    else
      add_f64_block(data + i * 8, n);
  }
}

void SpanCounter::add_f32_block(const std::byte* data, std::size_t elements) {
  const std::uint32_t low = low_bits(data, elements);
  if (low == 0) return codes_.add_upper_16(data, elements);
  if ((low & kBelow19) == 0) return codes_.add_upper_19(data, elements);
  f32_->add(data, elements);
  sum_squares_ += sum_squares_f32(data, elements);
  wide_ += elements;
}

void SpanCounter::add_f64_block(const std::byte* data, std::size_t elements) {
  if (narrow(data, elements, narrowed_.data())) {
    codes_.add_upper_19(reinterpret_cast<const std::byte*>(narrowed_.data()), elements);
    return;
  }
  f64_->add(data, elements);
  sum_squares_ += sum_squares_f64(data, elements);
  wide_ += elements;
}

SpanCounts SpanCounter::take() {
  SpanCounts counts;
  if (!is_wide(dtype_)) {
    counts.codes = codes_.take_codes();
    return counts;
  }
  counts.codes = codes_.take_keys();
  counts.wide = std::exchange(wide_, 0);
  counts.sum_squares = std::exchange(sum_squares_, 0);
  if (counts.wide != 0) counts.cells = dtype_ == DType::f32 ? f32_->take(counts.values) : f64_->take(counts.values);
  return counts;
}

}  // namespace candor::audit_internal
