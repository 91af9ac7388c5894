// Storage, compute and accumulation dtype: three separate words, everywhere.
#pragma once

#include <string>
#include <string_view>

#include "candor/dtype.h"

namespace candor {

/// Formats of one op call. Each op's header in src/kernels/ says what `a` and `b` are.
struct Precision {
  DType a = DType::any;           // storage of the first operand (activations, queries)
  DType b = DType::any;           // storage of the second operand (weights, KV cache)
  DType out = DType::any;         // storage of the result
  DType compute = DType::f32;     // format in which products are formed
  DType accumulate = DType::f32;  // format of the running sum
  friend constexpr bool operator==(const Precision&, const Precision&) = default;
};

/// "a=bf16 b=bf16 out=bf16 · compute=f32 · accumulate=f32"
std::string to_string(const Precision& precision);

/// What a caller allows beyond the exact request. Everything is off by default.
struct ExecPolicy {
  bool allow_upcast = false;     // cast operands narrower than f32 to f32 when only that has a kernel
  bool allow_reference = false;  // run the f64 reference kernel when no other row fits
  bool allow_tf32 = false;
};

/// Precision of a whole model. `weights == any` means "as stored" (blocks stay blocks).
struct ModelPrecision {
  DType weights = DType::any;
  DType activations = DType::bf16;
  DType compute = DType::f32;
  DType accumulate = DType::f32;
  DType kv = DType::bf16;

  /// Accepts "auto", "bf16", "f16", "f32" or a list such as
  /// "weights=bf16,activations=bf16,compute=f32,accumulate=f32,kv=bf16" (missing keys keep auto's values).
  /// errors   ValueError naming the key or dtype that is not known
  static ModelPrecision parse(std::string_view text);
  std::string to_string() const;  // the long form
};

}  // namespace candor
