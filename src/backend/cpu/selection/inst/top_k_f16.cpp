// top_k over rows of f16.
#include "backend/cpu/selection/selection.h"
#include "backend/cpu/selection/top_k_heap-inl.h"

namespace candor::cpu::CANDOR_ISA {

void top_k_f16(const TopK& args, Stream& stream) { top_k_heap<F16>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
