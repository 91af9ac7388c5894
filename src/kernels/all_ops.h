// The list of ops. Adding an op: its header here, its type in AllOps.
#pragma once

#include "kernels/attention.h"
#include "kernels/elementwise.h"
#include "kernels/embedding.h"
#include "kernels/gated_linear.h"
#include "kernels/layer_norm.h"
#include "kernels/matmul.h"
#include "kernels/pack_tiles.h"
#include "kernels/qkv_projection.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "kernels/selection.h"
#include "kernels/softmax.h"

namespace candor {

template <class... Ops>
struct OpList {};

using AllOps = OpList<Cast, Copy, Fill, Unary, Binary, Embedding, PackTiles, Matmul, QkvProjection, GatedLinear,
                      RmsNorm, LayerNorm, Rope, Softmax, Attention, Argmax, TopK>;

}  // namespace candor
