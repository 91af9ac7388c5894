// Variants of ops: which activation, which unary or binary function, which rotary pairing.
#pragma once

#include <cstdint>

namespace candor {

enum class Activation : std::uint8_t {
  identity,
  relu,
  silu,       // x / (1 + exp(-x))
  gelu_tanh,  // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
  gelu_erf,   // 0.5 x (1 + erf(x / sqrt(2)))
};

enum class UnaryKind : std::uint8_t { neg, abs, sqrt, rsqrt, exp, tanh, sigmoid, relu, silu, gelu_tanh, gelu_erf };

enum class BinaryKind : std::uint8_t { add, sub, mul, div, max, min };

enum class RopeStyle : std::uint8_t {
  half_split,   // pairs (i, i + R)      Hugging Face Llama, "neox"
  interleaved,  // pairs (2i, 2i + 1)    GGUF Llama
};

}  // namespace candor
