// The driver of matmul, qkv_projection and gated_linear. The AVX512-BF16 kernels run the AVX-512 one.
#include "backend/cpu/matmul/linear_driver-inl.h"

namespace candor::cpu::CANDOR_ISA {

void run_linear(const LinearJob& job, Stream& stream) { run_linear_job(job, stream); }

}  // namespace candor::cpu::CANDOR_ISA
