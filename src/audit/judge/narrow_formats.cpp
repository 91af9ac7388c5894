#include "audit/judge/narrow_formats.h"

#include <algorithm>

namespace candor::audit_internal {
namespace {

constexpr NarrowFormat kFormats[] = {
    {"e5m2", 3, -16, 15, 57344},
    {"e4m3", 4, -9, 8, 448},
    {"bf16", 8, -133, 127, 0x1.fep127},
    {"f16", 11, -24, 15, 65504},
    {"tf32", 11, -136, 127, 0x1.ffcp127},
    {"f32", 24, -149, 127, 0x1.fffffep127},
    {"f64", 53, -1074, 1023, 0x1.fffffffffffffp1023},
};
constexpr int kBf16 = 2, kF16 = 3, kF32 = 5, kF64 = 6;

bool spans(const NarrowFormat& format, int exponent, int lowest) {
  return exponent - lowest + 1 <= format.significand && lowest >= format.lowest_bit && exponent <= format.highest;
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
