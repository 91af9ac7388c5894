#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"
#include "core/formats.h"

namespace candor::ref {

namespace {

// Widening bf16 to f32 moves bits (core/formats.h), also those of a signalling NaN, which f64 would make quiet.
void widen_bf16(const Cast& args) {
  for (std::int64_t r = 0; r < row_count(args.x); ++r)
    for (std::int64_t c = 0; c < row_length(args.x); ++c)
      args.y.as<float>()[element_index(args.y, r, c)] =
          bf16_bits_to_f32(args.x.as<std::uint16_t>()[element_index(args.x, r, c)]);
}

}  // namespace

void cast(const Cast& args, Stream&) {
  if (args.x.dtype == DType::bf16 && args.y.dtype == DType::f32) return widen_bf16(args);
  for (std::int64_t r = 0; r < row_count(args.x); ++r) store_row(args.y, r, load_row(args.x, r));
}

}  // namespace candor::ref
