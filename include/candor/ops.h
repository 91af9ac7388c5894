// Every op. Reading starts here: a declaration, then src/ops/<family>.cpp, then a row of the kernel table, then the
// kernel. `dtypes` lines name sections of docs/precision-matrix.md. Shapes are row-major; T tokens, C channels, H
// heads, D head dim. All ops throw UnsupportedPrecision, with the nearest row, before anything is allocated, and
// ShapeError for a packed operand that is neither a weight of a product nor the table of an embedding.
#pragma once

#include <optional>
#include <utility>

#include "candor/op_kinds.h"
#include "candor/precision.h"
#include "candor/tensor.h"

namespace candor {

/// What an op may be asked for beyond its operands.
struct OpOptions {
  DType out = DType::any;  // any: the first operand's dtype
  DType compute = DType::f32;
  DType accumulate = DType::f32;
  ExecPolicy policy = {};
};

/// x in another dtype: one rounding to nearest even; blocks are dequantised. Counted in the ledger.
///   shapes   [...] -> [...]
///   dtypes   docs/precision-matrix.md#cast: f64, f32, f16, bf16 and f8 among each other, blocks to f32, f16 and bf16;
///            nothing from or to integers and bool
///   errors   ShapeError (packed), UnsupportedPrecision
///   gradient not yet
Tensor cast(const Tensor& x, DType dtype);

/// A contiguous copy in the same dtype.
///   shapes   [...] -> [...]
///   dtypes   docs/precision-matrix.md#copy
///   errors   ShapeError (packed), UnsupportedPrecision
///   gradient not yet
Tensor contiguous(const Tensor& x);

/// Copies x's elements over y's (same shape and dtype); y may be a view, but not of memory that x spans.
///   shapes   y [...], x [...]
///   dtypes   docs/precision-matrix.md#copy
///   errors   ShapeError, DTypeError, ValueError (y and x overlap; y is shape only and x is not), UnsupportedPrecision
///   gradient no (in place)
void copy_into(Tensor& y, const Tensor& x);

/// A tensor of one value, rounded once.
///   shapes   -> shape
///   dtypes   docs/precision-matrix.md#fill: neither bool nor f8
///   errors   UnsupportedPrecision, OutOfMemory
///   gradient no
Tensor full(const Shape& shape, DType dtype, double value);

/// f(x) element by element.
///   shapes   [...] -> [...]
///   dtypes   docs/precision-matrix.md#unary
///   errors   UnsupportedPrecision
///   gradient not yet
Tensor unary(UnaryKind kind, const Tensor& x, const OpOptions& options = {});

/// f(x, z) with NumPy broadcasting.
///   shapes   [...], [...] -> broadcast
///   dtypes   docs/precision-matrix.md#binary: z in x's dtype or in f32, so that z is never narrower than x
///   errors   ShapeError, UnsupportedPrecision
///   gradient not yet
Tensor binary(BinaryKind kind, const Tensor& x, const Tensor& z, const OpOptions& options = {});
Tensor add(const Tensor& x, const Tensor& z, const OpOptions& options = {});
Tensor mul(const Tensor& x, const Tensor& z, const OpOptions& options = {});

/// Rows of a table.
///   shapes   table [V, C], ids [T] i32 -> [T, C]
///   dtypes   docs/precision-matrix.md#embedding
///   errors   ShapeError, DTypeError, ValueError (an id outside [0, V)), UnsupportedPrecision
///   gradient not yet
Tensor embedding(const Tensor& table, const Tensor& ids, const OpOptions& options = {});

/// Weights [N, K] in the packed layout of src/core/packed.h: same dtype. N is padded to
/// whole tiles of 16 rows and bf16's K to an even count, so that only such shapes keep their bytes per element.
///   shapes   [N, K] -> [N, K]
///   dtypes   docs/precision-matrix.md#pack_tiles
///   errors   ShapeError, UnsupportedPrecision
///   gradient no
Tensor pack_tiles(const Tensor& weight);

/// x · weightᵀ (+ bias); the bias is added before the one rounding to the output dtype.
///   shapes   x [..., K], weight [N, K], bias [N] -> [..., N]
///   dtypes   docs/precision-matrix.md#matmul
///   errors   ShapeError, DTypeError, UnsupportedPrecision
///   gradient not yet
Tensor matmul(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const OpOptions& options = {});

struct Qkv {
  Tensor q, k, v;
};

/// Three matmuls that share x, in one pass. Biases may be undefined.
///   shapes   x [T, C], weights [Nq, C] [Nkv, C] [Nkv, C] -> [T, Nq] [T, Nkv] [T, Nkv]
///   dtypes   docs/precision-matrix.md#qkv_projection
///   errors   ShapeError, DTypeError (weights of different dtypes), UnsupportedPrecision
///   gradient not yet
Qkv qkv_projection(const Tensor& x, const Tensor& q_weight, const Tensor& k_weight, const Tensor& v_weight,
                   const Tensor& q_bias = {}, const Tensor& k_bias = {}, const Tensor& v_bias = {},
                   const OpOptions& options = {});

/// activation(x · gateᵀ + gate_bias) ⊙ (x · upᵀ + up_bias), rounded once: the first half of SwiGLU and GeGLU.
///   shapes   x [T, C], gate and up [F, C] -> [T, F]
///   dtypes   docs/precision-matrix.md#gated_linear
///   errors   ShapeError, DTypeError, UnsupportedPrecision
///   gradient not yet
///   source   Shazeer 2020, arXiv:2002.05202
Tensor gated_linear(const Tensor& x, const Tensor& gate, const Tensor& up, Activation activation,
                    const Tensor& gate_bias = {}, const Tensor& up_bias = {}, const OpOptions& options = {});

/// Root-mean-square normalisation over the last dimension.
///   shapes   x [..., C], weight [C] -> [..., C]
///   dtypes   docs/precision-matrix.md#rms_norm; statistics in f32
///   errors   ShapeError, DTypeError, UnsupportedPrecision
///   gradient not yet
///   source   Zhang, Sennrich 2019, arXiv:1910.07467
Tensor rms_norm(const Tensor& x, const Tensor& weight, float eps = 1e-5f, const OpOptions& options = {});

/// sum = x + residual (rounded to x's dtype); normalises sum. Returns {normalised, sum}.
///   shapes   x and residual [..., C], weight [C] -> [..., C], [..., C]
///   dtypes   docs/precision-matrix.md#rms_norm
///   errors   ShapeError, DTypeError, UnsupportedPrecision
///   gradient not yet
std::pair<Tensor, Tensor> rms_norm_residual(const Tensor& x, const Tensor& residual, const Tensor& weight,
                                            float eps = 1e-5f, const OpOptions& options = {});

/// Layer normalisation over the last dimension; bias may be undefined.
///   shapes   x [..., C], weight [C], bias [C] -> [..., C]
///   dtypes   docs/precision-matrix.md#layer_norm; statistics in f32, two passes
///   errors   ShapeError, DTypeError, UnsupportedPrecision
///   gradient not yet
///   source   Ba, Kiros, Hinton 2016, arXiv:1607.06450
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps = 1e-5f,
                  const OpOptions& options = {});

/// sum = x + residual (rounded to x's dtype); normalises sum. Returns {normalised, sum}.
///   shapes   as layer_norm, residual [..., C] -> [..., C], [..., C]
///   dtypes   docs/precision-matrix.md#layer_norm
///   errors   ShapeError, DTypeError, UnsupportedPrecision
///   gradient not yet
std::pair<Tensor, Tensor> layer_norm_residual(const Tensor& x, const Tensor& residual, const Tensor& weight,
                                              const Tensor& bias, float eps = 1e-5f, const OpOptions& options = {});

/// Rotary position embedding by f32 tables.
///   shapes   x [T, H, D], cos and sin [T, R] with R <= D/2 -> [T, H, D]
///   dtypes   docs/precision-matrix.md#rope
///   errors   ShapeError, DTypeError (tables must be f32), UnsupportedPrecision
///   gradient not yet
///   source   Su et al. 2021, arXiv:2104.09864
Tensor rope(const Tensor& x, const Tensor& cos, const Tensor& sin, RopeStyle style, const OpOptions& options = {});

/// exp(x - max) / sum over the last dimension.
///   shapes   [..., C] -> [..., C]
///   dtypes   docs/precision-matrix.md#softmax; maximum and sum in f32
///   errors   UnsupportedPrecision
///   gradient not yet
Tensor softmax(const Tensor& x, const OpOptions& options = {});

struct AttentionOptions {
  float scale = 0;     // 0: 1 / sqrt(D)
  bool causal = true;  // query t sees keys 0 … S - T + t
  OpOptions op = {};
};

/// Scaled dot-product attention with grouped key/value heads. P is not rounded before it meets V.
///   shapes   q [B, T, H, D], k and v [B, S, Hkv, D] -> [B, T, H, D]; rank 3 means B = 1
///   dtypes   docs/precision-matrix.md#attention
///   errors   ShapeError (H % Hkv, odd D, S = 0, S < T when causal), DTypeError, UnsupportedPrecision
///   gradient not yet
///   source   Dao et al. 2022, arXiv:2205.14135 (online softmax: Milakov, Gimelshein 2018, arXiv:1805.02867)
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options = {});

/// Index of the largest element of each row; the lowest index among equals. NaN ranks above every number, so that a row
/// with one gives the index of its first NaN.
///   shapes   [..., C] -> [...] i32
///   dtypes   docs/precision-matrix.md#argmax
///   errors   ValueError (C = 0), UnsupportedPrecision
///   gradient no
Tensor argmax(const Tensor& x);

/// The k largest elements of each row, falling, and their indices; the lowest index first among equals. NaN ranks above
/// every number.
///   shapes   [..., C] -> [..., k], [..., k] i32
///   dtypes   docs/precision-matrix.md#top_k
///   errors   ValueError (k outside [1, C]), UnsupportedPrecision
///   gradient not yet
std::pair<Tensor, Tensor> top_k(const Tensor& x, std::int64_t k);

}  // namespace candor
