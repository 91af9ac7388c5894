// CANDOR_UNROLL before a loop of few, constant rounds: its arrays of vectors then live in registers.
#pragma once

#ifdef __clang__
#define CANDOR_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CANDOR_UNROLL _Pragma("GCC unroll 32")
#endif
