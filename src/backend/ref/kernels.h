// Launch functions of the reference kernels: what kernel_table.cpp lists. One file per op header of src/kernels.
#pragma once

#include "kernels/all_ops.h"
#include "kernels/stream.h"

namespace candor::ref {

void cast(const Cast& args, Stream& stream);
void copy(const Copy& args, Stream& stream);
void fill(const Fill& args, Stream& stream);
void unary(const Unary& args, Stream& stream);
void binary(const Binary& args, Stream& stream);
void embedding(const Embedding& args, Stream& stream);
void pack_tiles(const PackTiles& args, Stream& stream);
void matmul(const Matmul& args, Stream& stream);
void qkv_projection(const QkvProjection& args, Stream& stream);
void gated_linear(const GatedLinear& args, Stream& stream);
void rms_norm(const RmsNorm& args, Stream& stream);
void layer_norm(const LayerNorm& args, Stream& stream);
void rope(const Rope& args, Stream& stream);
void softmax(const Softmax& args, Stream& stream);
void attention(const Attention& args, Stream& stream);
void argmax(const Argmax& args, Stream& stream);
void top_k(const TopK& args, Stream& stream);

}  // namespace candor::ref
