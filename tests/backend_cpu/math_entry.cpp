// The functions of simd/math-inl.h over arrays; compiled once per ISA.
#include "backend/cpu/simd/math-inl.h"
#include "math_entry.h"

namespace candor::cpu::CANDOR_ISA {

void math_function(MathFunction function, const float* x, float* y, std::int64_t count, bool flush) {
  for (std::int64_t i = 0; i < count; i += kLanes) {
    const F32x16 v = load(x + i);
    F32x16 r = v;
    const unsigned saved = _mm_getcsr();
    if (flush) _mm_setcsr(saved | 0x8040u);
    switch (function) {
      case MathFunction::exp: r = exp(v); break;
      case MathFunction::exp_nonpositive: r = exp_nonpositive(v); break;
      case MathFunction::sigmoid: r = sigmoid(v); break;
      case MathFunction::tanh: r = tanh(v); break;
      case MathFunction::erf: r = erf(v); break;
      case MathFunction::silu: r = apply_activation(Activation::silu, v); break;
      case MathFunction::gelu_tanh: r = apply_activation(Activation::gelu_tanh, v); break;
      case MathFunction::gelu_erf: r = apply_activation(Activation::gelu_erf, v); break;
      case MathFunction::relu: r = apply_activation(Activation::relu, v); break;
    }
    store(y + i, r);
    _mm_setcsr(saved);
  }
}

}  // namespace candor::cpu::CANDOR_ISA
