// Shapes and layouts that the matmul kernels do not take.
#include "backend/cpu/matmul/matmul.h"

#include <initializer_list>

#include "backend/cpu/cpuid.h"

namespace candor::cpu {
namespace {

constexpr std::string_view kPackedBlocks = "block weights are multiplied as stored, not packed";

bool rows_contiguous(const ConstView& view) { return view.shape[1] <= 1 || view.stride[1] == 1; }

std::string_view activations_refused(const ConstView& x) {
  if (x.layout != Layout::strided) return "x is packed; only weights are";
  return rows_contiguous(x) ? "" : "x must be contiguous along K";
}

std::string_view result_refused(const ConstView& y) {
  if (y.layout != Layout::strided) return "the result is packed; only weights are";
  return rows_contiguous(y) ? "" : "the result must be contiguous along N";
}

std::string_view weight_refused(const ConstView& weight, const ConstView& bias) {
  if (weight.layout == Layout::strided && !rows_contiguous(weight)) return "weight must be contiguous along K";
  if (!bias.present()) return "";
  if (bias.dtype != DType::f32 && bias.dtype != DType::bf16 && bias.dtype != DType::f16)
    return "bias must be f32, bf16 or f16";
  return bias.shape[0] <= 1 || bias.stride[0] == 1 ? "" : "bias must be contiguous";
}

std::string_view blocks_refused(const ConstView& weight, const ConstView& bias) {
  return weight.layout == Layout::strided ? weight_refused(weight, bias) : kPackedBlocks;
}

using WeightCheck = std::string_view (*)(const ConstView& weight, const ConstView& bias);

std::string_view first_of(std::initializer_list<std::string_view> reasons) {
  for (const std::string_view reason : reasons)
    if (!reason.empty()) return reason;
  return "";
}

std::string_view refused(const Matmul& op, WeightCheck weight) {
  return first_of({activations_refused(op.x), weight(op.weight, op.bias), result_refused(op.y)});
}

std::string_view refused(const QkvProjection& op, WeightCheck weight) {
  return first_of({activations_refused(op.x), weight(op.q_weight, op.q_bias), weight(op.k_weight, op.k_bias),
                   weight(op.v_weight, op.v_bias), result_refused(op.q), result_refused(op.k), result_refused(op.v)});
}

std::string_view refused(const GatedLinear& op, WeightCheck weight) {
  return first_of({activations_refused(op.x), weight(op.gate_weight, op.gate_bias), weight(op.up_weight, op.up_bias),
                   result_refused(op.y)});
}

/// While memory is the bound (few rows) the shorter code of the pairs wins everywhere.
constexpr std::int64_t kFewRows = 4;

bool pairs_are_slow(std::int64_t rows) { return rows > kFewRows && dpbf16_is_slower_than_fma(); }

constexpr std::string_view kSlowPairs = "this processor multiplies many rows faster as f32 than as bf16 pairs";

}  // namespace

std::string_view matmul_packed_refuses(const Matmul& op) { return refused(op, weight_refused); }
std::string_view matmul_dequantize_refuses(const Matmul& op) { return refused(op, blocks_refused); }
std::string_view qkv_projection_packed_refuses(const QkvProjection& op) { return refused(op, weight_refused); }
std::string_view qkv_projection_dequantize_refuses(const QkvProjection& op) { return refused(op, blocks_refused); }
std::string_view gated_linear_packed_refuses(const GatedLinear& op) { return refused(op, weight_refused); }
std::string_view gated_linear_dequantize_refuses(const GatedLinear& op) { return refused(op, blocks_refused); }

std::string_view matmul_dpbf16_refuses(const Matmul& op) {
  return pairs_are_slow(op.x.shape[0]) ? kSlowPairs : matmul_packed_refuses(op);
}
std::string_view qkv_projection_dpbf16_refuses(const QkvProjection& op) {
  return pairs_are_slow(op.x.shape[0]) ? kSlowPairs : qkv_projection_packed_refuses(op);
}
std::string_view gated_linear_dpbf16_refuses(const GatedLinear& op) {
  return pairs_are_slow(op.x.shape[0]) ? kSlowPairs : gated_linear_packed_refuses(op);
}

std::string_view pack_tiles_refuses(const PackTiles& op) {
  if (op.x.layout != Layout::strided) return "x is packed already";
  if (!rows_contiguous(op.x)) return "x must be contiguous along K";
  return op.y.layout == Layout::packed_tiles ? "" : "y must be packed_tiles";
}

}  // namespace candor::cpu
