#include "audit/diff/number_format.h"

namespace candor::audit_internal::comparison {

std::optional<NumberFormat> number_format(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return NumberFormat{52, -1022, 0x1.fffffffffffffp1023, true};
    case DType::f32:
      return NumberFormat{23, -126, 0x1.fffffep127, true};
    case DType::tf32:
      return NumberFormat{10, -126, 0x1.ffcp127, true};
    case DType::f16:
      return NumberFormat{10, -14, 65504, true};
    case DType::bf16:
      return NumberFormat{7, -126, 0x1.fep127, true};
    case DType::f8_e4m3:
      return NumberFormat{3, -6, 448, false};
    case DType::f8_e5m2:
      return NumberFormat{2, -14, 57344, true};
    default: {
      const DTypeInfo& info = dtype_info(dtype);
      if (info.kind == DTypeKind::block && !info.storage_only) return number_format(DType::f32);
      return std::nullopt;
    }
  }
}

bool holds(const NumberFormat& to, const NumberFormat& from) {
  return to.mantissa >= from.mantissa && to.lowest - to.mantissa <= from.lowest - from.mantissa &&
         to.largest >= from.largest && to.infinity >= from.infinity;
}

}  // namespace candor::audit_internal::comparison
