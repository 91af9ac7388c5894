// Declares math_entry.cpp's function for every ISA that has it.
#pragma once

#include <cstdint>

enum class MathFunction { exp, exp_nonpositive, sigmoid, tanh, erf, silu, gelu_tanh, gelu_erf, relu };

#define CANDOR_DECLARE_MATH(isa)                                                          \
  namespace candor::cpu::isa {                                                            \
  void math_function(MathFunction function, const float* x, float* y, std::int64_t count, \
                     bool flush); /* count % 16 == 0 */                                   \
  }
CANDOR_DECLARE_MATH(baseline)
CANDOR_DECLARE_MATH(avx2)
CANDOR_DECLARE_MATH(avx512)
#undef CANDOR_DECLARE_MATH
