// pack_tiles: f32, f16 and bf16.
#include "backend/cpu/matmul/matmul.h"
#include "backend/cpu/matmul/pack_tiles-inl.h"

namespace candor::cpu::CANDOR_ISA {

void pack_tiles_f32(const PackTiles& op, Stream& stream) { pack<float>(op, stream); }
void pack_tiles_f16(const PackTiles& op, Stream& stream) { pack<F16>(op, stream); }
void pack_tiles_bf16(const PackTiles& op, Stream& stream) { pack<Bf16>(op, stream); }

}  // namespace candor::cpu::CANDOR_ISA
