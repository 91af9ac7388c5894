#include "audit/judge/narrow_formats.h"

#include <algorithm>
#include <cmath>

namespace candor::audit_internal {
namespace {

constexpr NarrowFormat kFormats[] = {
    {"e5m2", kE5m2Format}, {"e4m3", kE4m3Format}, {"bf16", kBf16Format}, {"f16", kF16Format},
    {"tf32", kTf32Format}, {"f32", kF32Format},   {"f64", kF64Format},
};
constexpr int kBf16 = 2, kF16 = 3, kF32 = 5, kF64 = 6;

bool spans(const NarrowFormat& format, int exponent, int lowest) {
  return exponent - lowest + 1 <= format.significand && lowest >= format.lowest_bit &&
         exponent <= std::ilogb(format.largest);
}

}  // namespace

bool NarrowFormat::holds(const Magnitude& value) const {
  return spans(*this, value.exponent, value.lowest) && value.value <= largest;
}

bool NarrowFormat::holds(const SignificandCell& cell) const { return spans(*this, cell.exponent, cell.lowest); }

const NarrowFormat* container_format(DType dtype) {
  switch (dtype) {
    case DType::bf16:
      return &kFormats[kBf16];
    case DType::f16:
      return &kFormats[kF16];
    case DType::f32:
      return &kFormats[kF32];
    case DType::f64:
      return &kFormats[kF64];
    default:
      return nullptr;
  }
}

std::span<const NarrowFormat> narrow_formats() { return std::span(kFormats).first(kF64); }

bool is_narrower(const NarrowFormat& format, const NarrowFormat& container) {
  return format.significand < container.significand;
}

int bits_at(const NarrowFormat& format, int exponent) {
  return std::clamp(exponent - format.lowest_bit + 1, 0, format.significand);
}

}  // namespace candor::audit_internal
