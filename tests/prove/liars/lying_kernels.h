// The kernels that lying_rows.cpp puts in place of honest ones. Each function makes the kernel tell `lie` and returns
// it; a kernel tells one lie in a run.
#pragma once

#include "kernels/kernel_row.h"
#include "tests/prove/liars/lies.h"

namespace candor::liars {

Launch<Matmul> lying_matmul_of(Lie lie);
Launch<QkvProjection> lying_qkv_projection_of(Lie lie);
Launch<Cast> lying_cast_of(Lie lie);
Launch<Attention> lying_attention_of(Lie lie);
Launch<Rope> lying_rope_of(Lie lie);
Launch<RmsNorm> lying_rms_norm_of(Lie lie);

}  // namespace candor::liars
