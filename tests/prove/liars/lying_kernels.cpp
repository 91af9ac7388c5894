#include "tests/prove/liars/lying_kernels.h"

#include "kernels/registry.h"
#include "tests/prove/liars_attention.h"
#include "tests/prove/liars_dot.h"
#include "tests/prove/liars_moves.h"
#include "tests/prove/liars_norm.h"
#include "tests/prove/liars_value.h"

namespace candor::liars {

std::span<const Backend> honest_backends() asm("__real__ZN6candor18installed_backendsEv");

namespace {

using enum DType;
using test::DotOrder;
using test::DotPlace;

void honest_matmul(const Matmul& args, Stream& stream) {
  const Precision precision{.a = args.x.dtype, .b = args.weight.dtype, .out = args.y.dtype};
  std::get<Launch<Matmul>>(find_row(honest_backends()[0], precision, args)->launch)(args, stream);
}

void matmul_by_threads(const Matmul& args, Stream& stream) {
  (stream.workers() > 1 ? test::lying_matmul : honest_matmul)(args, stream);
}

/// The copy is no tensor and no workspace: nothing counts it.
void matmul_by_copy(const Matmul& args, Stream& stream) {
  std::vector<float> copy;
  for (std::int64_t n = 0; n < args.weight.shape[0]; ++n)
    for (const double value : ref::load_row(args.weight, n)) copy.push_back(static_cast<float>(value));
  honest_matmul(args, stream);
}

}  // namespace

Launch<Matmul> lying_matmul_of(Lie lie) {
  test::DotLie& how = test::dot_lie;
  switch (lie) {
    case Lie::accumulates_in_bf16:
      how = {.sums = bf16};
      break;
    case Lie::accumulates_in_f64:
      how = {.sums = f64};
      break;
    case Lie::through_f16:
      how = {.x = f16, .weight = f16};
      break;
    case Lie::rounds_products:
      how = {.products = f32};
      break;
    case Lie::isa_matters:
      how = {.order = DotOrder::rising, .place = DotPlace::beyond_canaries};
      break;
    case Lie::threads_matter:
      how = {.order = DotOrder::halves_apart, .place = DotPlace::beyond_canaries};
      return matmul_by_threads;
    case Lie::hidden_f32_copy:
      return matmul_by_copy;
    default:
      break;
  }
  return test::lying_matmul;
}

Launch<QkvProjection> lying_qkv_projection_of(Lie) {
  test::dot_lie = {.sums = bf16, .place = DotPlace::last_operand};
  return test::lying_qkv_projection;
}

Launch<Cast> lying_cast_of(Lie lie) {
  test::move_lie = lie == Lie::truncates   ? test::MoveLie::truncates
                   : lie == Lie::drops_nan ? test::MoveLie::nan_to_infinity
                                           : test::MoveLie::flushes;
  return test::lying_cast;
}

Launch<Attention> lying_attention_of(Lie lie) {
  test::attention_lie = {.weights = bf16, .only_prefill = lie == Lie::prefill_row_differs};
  return test::lying_attention;
}

Launch<Rope> lying_rope_of(Lie) {
  test::value_lie = test::ValueLie::z_through_bf16;
  return test::lying_rope;
}

Launch<RmsNorm> lying_rms_norm_of(Lie) {
  test::norm_lie = test::NormLie::lanes_in_bf16;
  return test::lying_rms_norm;
}

}  // namespace candor::liars
