// Few query tokens: work is cut over key/value heads and chunks of keys; partial results meet in rising chunk order, as
// in attention_flash, whose bits these are.
#pragma once

#include "backend/cpu/attention/attend_chunk-inl.h"
#include "backend/cpu/simd/parallel-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// Partial results in shared scratch: [B · Hkv][chunks][T · G] rows of kLanes + padded floats (maximum, weight; acc).
struct DecodePlan {
  std::int64_t kv_heads, rows, chunks, padded;
  float* partials;

  CANDOR_ALWAYS_INLINE std::int64_t row_floats() const { return kLanes + padded; }
  CANDOR_ALWAYS_INLINE float* partial(std::int64_t head, std::int64_t chunk, std::int64_t row) const {
    return partials + ((head * chunks + chunk) * rows + row) * row_floats();
  }
};

/// One chunk of one key/value head; rows that see none of it are left out.
template <class A, class B>
CANDOR_INLINE void decode_chunk(const Attention& args, const DecodePlan& plan, std::int64_t head, std::int64_t chunk,
                                AttentionScratch& scratch) {
  const std::int64_t batch = head / plan.kv_heads, kv_head = head % plan.kv_heads, first_key = chunk * kAttentionChunk;
  const KeyBlock<B> keys = head_keys<B>(args, batch, kv_head);
  for (std::int64_t first = 0; first < plan.rows; first += kTaskRows) {
    const std::int64_t rows = plan.rows - first < kTaskRows ? plan.rows - first : kTaskRows;
    load_queries<A>(args, batch, kv_head, first, rows, scratch);
    if (scratch.visible[rows - 1] <= first_key) continue;
    attend_chunk(scratch, keys, first_key, rows, args.scale);
    for (std::int64_t r = 0; r < rows; ++r) {
      float* part = plan.partial(head, chunk, first + r);
      part[0] = scratch.chunk.maximum[r];
      part[1] = scratch.chunk.weight[r * kLanes];
      __builtin_memcpy(part + kLanes, scratch.chunk.acc + r * plan.padded,
                       static_cast<std::size_t>(plan.padded) * sizeof(float));
    }
  }
}

template <class Out>
CANDOR_INLINE void combine_row(const Attention& args, const DecodePlan& plan, std::int64_t head, std::int64_t row) {
  const std::int64_t group = args.q.shape[2] / plan.kv_heads, t = row / group;
  const std::int64_t visible = args.causal ? args.k.shape[1] - args.q.shape[1] + t + 1 : args.k.shape[1];
  float* total = plan.partial(head, 0, row);  // chunk 0 collects the others
  for (std::int64_t chunk = 1; chunk * kAttentionChunk < visible; ++chunk) {
    const float* part = plan.partial(head, chunk, row);
    merge_row(total[0], total[1], total + kLanes, part[0], part[1], part + kLanes, plan.padded);
  }
  finish_row(total + kLanes, total[1], args.q.shape[3],
             output_row<Out>(args, head / plan.kv_heads, head % plan.kv_heads, row));
}

template <class A, class B, class Out> CANDOR_INLINE void attention_decode(const Attention& args, Stream& stream) {
  if (args.y.elements() == 0) return;
  const std::int64_t kv_heads = args.k.shape[2], heads = args.q.shape[0] * kv_heads;
  DecodePlan plan{kv_heads, args.q.shape[1] * (args.q.shape[2] / kv_heads),
                  (args.k.shape[1] + kAttentionChunk - 1) / kAttentionChunk,
                  (args.q.shape[3] + kLanes - 1) / kLanes * kLanes, nullptr};
  const std::size_t bytes = attention_scratch_bytes(plan.padded);
  for (int worker = 0; worker < stream.workers(); ++worker) stream.scratch(worker, bytes);  // may throw: here, not below
  plan.partials = reinterpret_cast<float*>(stream.shared_scratch(
      static_cast<std::size_t>(heads * plan.chunks * plan.rows * plan.row_floats()) * sizeof(float)));
  parallel_ranges(stream, heads * plan.chunks, 1, [&](std::int64_t begin, std::int64_t end, int worker) {
    const FlushDenormals mode;
    AttentionScratch scratch;
    carve_scratch(stream.scratch(worker, bytes), plan.padded, scratch);
    for (std::int64_t i = begin; i < end; ++i) decode_chunk<A, B>(args, plan, i / plan.chunks, i % plan.chunks, scratch);
  });
  const std::int64_t grain = 4096 / (plan.chunks * plan.padded) + 1;
  parallel_ranges(stream, heads * plan.rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
    const FlushDenormals mode;
    for (std::int64_t i = begin; i < end; ++i) combine_row<Out>(args, plan, i / plan.rows, i % plan.rows);
  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
