// Names the namespace that a per-ISA translation unit lives in. CMake compiles every file under backend/cpu/*/inst/
// once per ISA with CANDOR_ISA_LEVEL = 0 (baseline), 1 (avx2), 2 (avx512) or 3 (avx512bf16).
// Nothing here may use the C++ standard library's inline functions: a weak symbol compiled with AVX flags could be
// picked by the linker for the baseline. tools/check_weak_symbols fails on one.
#pragma once

#ifndef CANDOR_ISA_LEVEL
#error "compile this file through candor_isa_sources() (cmake/isa.cmake)"
#endif

#if CANDOR_ISA_LEVEL == 0
#define CANDOR_ISA baseline
#elif CANDOR_ISA_LEVEL == 1
#define CANDOR_ISA avx2
#elif CANDOR_ISA_LEVEL == 2
#define CANDOR_ISA avx512
#else
#define CANDOR_ISA avx512bf16
#endif

#define CANDOR_INLINE static inline __attribute__((always_inline))
