// Environment variables: read here and nowhere else.
//   CANDOR_ISA      baseline | avx2 | avx512 | avx512bf16: forces the CPU kernels down to that level
//   CANDOR_THREADS  number of workers at the start (set_threads() overrides it)
#pragma once

namespace candor {

/// Reads them once, on first use of the registry. errors: ValueError naming the variable and what it accepts
void apply_environment();

}  // namespace candor
