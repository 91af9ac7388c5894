#include "ops/upcast.h"

namespace candor::ops {
namespace {

bool is_narrower_than_f32(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  return (info.kind == DTypeKind::floating && info.block_bytes < 4) || info.kind == DTypeKind::block;
}

}  // namespace

Tensor upcast(const Tensor& x) {
  if (!x.defined() || x.layout() != Layout::strided || !is_narrower_than_f32(x.dtype())) return x;
  return cast(x, DType::f32);
}

}  // namespace candor::ops
