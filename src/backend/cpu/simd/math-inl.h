// exp, sigmoid, tanh, erf and the activations on sixteen f32 lanes, from explicit mul, add, fma, div and select only,
// so every ISA gives the same bits. Polynomials: our own weighted minimax fits, coefficients rounded to f32. Each
// function states its largest error in ulp (of the subnormals' unit below the normal range) over every 17th f32;
// tests/backend_cpu/math_test.cpp measures it again on a sample, against double. A NaN argument gives that NaN, quiet
// (neg flips its sign and abs clears it, as of a number).
// Results below the normal range are rounded once, gradually (to zero under FlushDenormals).
#pragma once

#include "backend/cpu/simd/simd.h"
#include "candor/op_kinds.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// exp(x) = significand · scale, |significand| < 2^65: callers may multiply first, so that a subnormal is rounded once.
struct ExpParts {
  F32x16 significand, scale;
};

/// exp(x + tail) for x in [-120, 89], |tail| <= 2^-17. Clamp with clamp_exp_argument() first.
CANDOR_INLINE ExpParts exp_parts(F32x16 x, F32x16 tail) {
  const F32x16 n = round_even(mul(x, set1(0x1.715476p+0f)));
  F32x16 r = fma(n, set1(-0x1.62e430p-1f), x);
  r = add(fma(n, set1(0x1.05c610p-29f), r), tail);  // |r| <= 0.3467
  F32x16 p = set1(0x1.6db460p-10f);
  p = fma(p, r, set1(0x1.123b7ep-7f));
  p = fma(p, r, set1(0x1.55545ep-5f));
  p = fma(p, r, set1(0x1.55548ep-3f));
  p = fma(p, r, set1(0.5f));
  p = fma(p, r, set1(1.0f));
  p = fma(p, r, set1(1.0f));
  const F32x16 half = round_even(mul(n, set1(0.5f)));
  return {mul(p, exp2_int(half)), exp2_int(sub(n, half))};
}

/// Beyond these bounds exp is 0 or infinity even after a product with anything below 1e6. Keeps NaN.
CANDOR_INLINE F32x16 clamp_exp_argument(F32x16 x) { return min(set1(89.0f), max(set1(-120.0f), x)); }

/// Every NaN as the one quiet, positive NaN: which of two NaN operands an instruction keeps depends on the compiler.
CANDOR_INLINE F32x16 canonical_nan(F32x16 x) { return select(is_nan(x), set1(__builtin_nanf("")), x); }

/// NaN lanes of x, quiet; y elsewhere.
CANDOR_INLINE F32x16 keep_nan(F32x16 x, F32x16 y) { return select(is_nan(x), add(x, x), y); }

/// 0.92 ulp
CANDOR_INLINE F32x16 exp(F32x16 x) {
  const ExpParts e = exp_parts(clamp_exp_argument(x), zero());
  return mul(e.significand, e.scale);
}

/// exp(x) for x <= 0 where the result's subnormals do not matter: zero below 2^-126, -inf included. Softmax's weights.
/// 0.90 ulp
CANDOR_INLINE F32x16 exp_nonpositive(F32x16 x) {
  const F32x16 n = round_even(mul(max(set1(-88.0f), x), set1(0x1.715476p+0f)));
  F32x16 r = fma(n, set1(-0x1.62e430p-1f), x);
  r = fma(n, set1(0x1.05c610p-29f), r);
  F32x16 p = set1(0x1.6db460p-10f);
  p = fma(p, r, set1(0x1.123b7ep-7f));
  p = fma(p, r, set1(0x1.55545ep-5f));
  p = fma(p, r, set1(0x1.55548ep-3f));
  p = fma(p, r, set1(0.5f));
  p = fma(p, r, set1(1.0f));
  p = fma(p, r, set1(1.0f));
  return select(less(x, set1(-87.0f)), zero(), mul(p, exp2_int(n)));
}

/// 1 / (1 + exp(-x)).  2.5 ulp
CANDOR_INLINE F32x16 sigmoid(F32x16 x) {
  const F32x16 e = exp(neg(abs(x)));
  return keep_nan(x, div(select(less(x, zero()), e, set1(1.0f)), add(e, set1(1.0f))));
}

/// 1.4 ulp
CANDOR_INLINE F32x16 tanh(F32x16 x) {
  const F32x16 a = abs(x);
  const F32x16 z = mul(x, x);
  F32x16 p = set1(-0x1.76ac18p-8f);
  p = fma(p, z, set1(0x1.5256d6p-6f));
  p = fma(p, z, set1(-0x1.b84448p-5f));
  p = fma(p, z, set1(0x1.110768p-3f));
  p = fma(p, z, set1(-0x1.555534p-2f));
  const F32x16 near = fma(mul(x, z), p, x);
  const F32x16 far = sub(set1(1.0f), div(set1(2.0f), add(exp(add(a, a)), set1(1.0f))));
  const F32x16 y = select(less(a, set1(0.625f)), near, select(less(x, zero()), neg(far), far));
  return keep_nan(x, y);
}

/// erf(x) / x - 1 for |x| <= 0.85, from z = x².
CANDOR_INLINE F32x16 erf_near(F32x16 z) {
  F32x16 p = set1(-0x1.4c02e0p-11f);
  p = fma(p, z, set1(0x1.4b3c96p-8f));
  p = fma(p, z, set1(-0x1.b72a84p-6f));
  p = fma(p, z, set1(0x1.ce246cp-4f));
  p = fma(p, z, set1(-0x1.81271cp-2f));
  return fma(p, z, set1(0x1.06eba8p-3f));
}

/// 1.2 ulp
CANDOR_INLINE F32x16 erf(F32x16 x) {
  const F32x16 a = min(set1(4.0f), abs(x));
  const F32x16 near = fma(x, erf_near(mul(a, a)), x);
  F32x16 q = set1(-0x1.a8bbacp-13f);  // -log(erfc(a))
  q = fma(q, a, set1(0x1.9743fap-9f));
  q = fma(q, a, set1(-0x1.704bd0p-6f));
  q = fma(q, a, set1(0x1.abd1c6p-4f));
  q = fma(q, a, set1(0x1.45f0a4p-1f));
  q = fma(q, a, set1(0x1.20c5a0p+0f));
  q = fma(q, a, set1(0x1.e11102p-14f));
  const F32x16 far = sub(set1(1.0f), exp_nonpositive(neg(q)));
  const F32x16 y = select(less(a, set1(0.85f)), near, select(less(x, zero()), neg(far), far));
  return keep_nan(x, y);
}

/// x · weight · scale for x < 0 far in a tail; NaN at -inf, where the formula reads -inf · 0.
CANDOR_INLINE F32x16 tail_product(F32x16 x, F32x16 weight, F32x16 scale) {
  const F32x16 y = mul(mul(max(set1(-120.0f), x), weight), scale);
  return select(less(x, set1(-0x1.fffffep+127f)), sub(x, x), y);
}

/// x / (1 + exp(-x)).  3.2 ulp
CANDOR_INLINE F32x16 silu(F32x16 x) {
  const ExpParts e = exp_parts(clamp_exp_argument(neg(abs(x))), zero());
  const F32x16 numerator = select(less(x, zero()), tail_product(x, e.significand, e.scale), x);
  return keep_nan(x, div(numerator, fma(e.significand, e.scale, set1(1.0f))));
}

/// 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) = x / (1 + exp(-v)), with v carried in two floats: it grows to
/// 100.  3.2 ulp
CANDOR_INLINE F32x16 gelu_tanh(F32x16 x) {
  const F32x16 u = min(set1(12.0f), abs(x));
  const F32x16 a = set1(0x1.6e4e26p-5f);  // 0.044715
  const F32x16 k = set1(0x1.988454p+0f);  // 2 sqrt(2/pi)
  const F32x16 s = mul(u, u);
  const F32x16 as = mul(a, s);
  const F32x16 t = add(as, set1(1.0f));
  F32x16 t_tail = fma(a, s, sub(set1(1.0f), t));  // 1 - t is exact or its error is far below the tail's
  t_tail = fma(a, fma(u, u, neg(s)), fma(set1(0x1.a9003ep-30f), s, t_tail));
  const F32x16 ku = mul(k, u);
  const F32x16 ku_tail = fma(set1(-0x1.857936p-25f), u, fma(k, u, neg(ku)));
  const F32x16 v = mul(ku, t);
  const F32x16 v_tail = fma(ku_tail, t, fma(ku, t_tail, fma(ku, t, neg(v))));
  const Mask16 beyond = less(set1(120.0f), v);
  const ExpParts e = exp_parts(select(beyond, set1(-120.0f), neg(v)), select(beyond, zero(), neg(v_tail)));
  const F32x16 numerator = select(less(x, zero()), tail_product(x, e.significand, e.scale), x);
  return keep_nan(x, div(numerator, fma(e.significand, e.scale, set1(1.0f))));
}

/// 0.5 x (1 + erf(x / sqrt 2)) = x (1 - h) for x >= 0 and x h below, h = erfc(|x| / sqrt 2) / 2 = exp(-x²/2) V(|x|).
/// 5.7 ulp
CANDOR_INLINE F32x16 gelu_erf(F32x16 x) {
  const F32x16 u = min(set1(15.0f), abs(x));
  const F32x16 s = div(set1(1.0f), add(u, set1(2.5f)));
  const F32x16 t = fma(set1(-5.0f), s, set1(1.0f));  // (u - 2.5) / (u + 2.5)
  F32x16 p = set1(-0x1.4aba8ep-13f);
  p = fma(p, t, set1(-0x1.46c2b2p-12f));
  p = fma(p, t, set1(0x1.66d4bcp-11f));
  p = fma(p, t, set1(0x1.4ad128p-9f));
  p = fma(p, t, set1(-0x1.a3a606p-10f));
  p = fma(p, t, set1(-0x1.0c78a6p-6f));
  p = fma(p, t, set1(0x1.2ea426p-7f));
  p = fma(p, t, set1(0x1.0e4f30p-3f));
  p = fma(p, t, set1(-0x1.bc19c2p-2f));
  p = fma(p, t, set1(0x1.69cee6p-1f));  // V(u) (u + 2.5)
  const F32x16 square = mul(u, u);
  const F32x16 square_tail = fma(u, u, neg(square));
  const ExpParts e = exp_parts(mul(square, set1(-0.5f)), mul(square_tail, set1(-0.5f)));
  const F32x16 weight = mul(mul(p, s), e.significand);
  const F32x16 h = mul(weight, e.scale);
  const F32x16 below = tail_product(x, weight, e.scale);
  const F32x16 far = select(less(x, zero()), below, mul(x, sub(set1(1.0f), h)));
  const F32x16 a = mul(x, set1(0x1.6a09e6p-1f));  // x / sqrt 2
  const F32x16 near = mul(mul(x, set1(0.5f)), add(set1(1.0f), fma(a, erf_near(mul(a, a)), a)));
  return keep_nan(x, select(less(u, set1(0.75f)), near, far));
}

CANDOR_INLINE F32x16 relu(F32x16 x) { return quiet_nan(max(zero(), x)); }

CANDOR_INLINE F32x16 apply_activation(Activation activation, F32x16 x) {
  switch (activation) {
    case Activation::identity:
      return x;
    case Activation::relu:
      return relu(x);
    case Activation::silu:
      return silu(x);
    case Activation::gelu_tanh:
      return gelu_tanh(x);
    case Activation::gelu_erf:
      return gelu_erf(x);
  }
  return x;
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
