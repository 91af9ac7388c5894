#include "audit/number_format.h"

namespace candor::audit_internal {

std::optional<NumberFormat> number_format(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return kF64Format;
    case DType::f32:
      return kF32Format;
    case DType::tf32:
      return kTf32Format;
    case DType::f16:
      return kF16Format;
    case DType::bf16:
      return kBf16Format;
    case DType::f8_e4m3:
      return kE4m3Format;
    case DType::f8_e5m2:
      return kE5m2Format;
    default:
      break;
  }
  const DTypeInfo& info = dtype_info(dtype);
  if (info.kind == DTypeKind::block && !info.storage_only) return kF32Format;
  return std::nullopt;
}

bool holds(const NumberFormat& to, const NumberFormat& from) {
  return to.mantissa >= from.mantissa && to.lowest_bit() <= from.lowest_bit() && to.largest >= from.largest &&
         to.infinity >= from.infinity;
}

}  // namespace candor::audit_internal
