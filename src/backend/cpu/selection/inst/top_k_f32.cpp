// top_k over rows of f32.
#include "backend/cpu/selection/selection.h"
#include "backend/cpu/selection/top_k_heap-inl.h"

namespace candor::cpu::CANDOR_ISA {

void top_k_f32(const TopK& args, Stream& stream) { top_k_heap<float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
