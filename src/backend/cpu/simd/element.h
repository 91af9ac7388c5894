// One element at any address: a tensor may begin at any byte of its storage, so no alignment is assumed here.
#pragma once

#include "backend/cpu/simd/isa.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

template <class T> CANDOR_INLINE T load_one(const T* p) {
  T x;
  __builtin_memcpy(&x, p, sizeof(T));
  return x;
}

template <class T> CANDOR_INLINE void store_one(T* p, T x) { __builtin_memcpy(p, &x, sizeof(T)); }

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
