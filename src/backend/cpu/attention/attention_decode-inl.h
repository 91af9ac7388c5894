// Few query tokens: work is cut over chunks of keys and key/value heads. A worker takes a block of 64 keys for all its
// heads before the next block, because the heads of one key lie together in memory. Partial results meet in rising
// chunk order, as in attention_flash, whose bits these are.
#pragma once

#include "backend/cpu/attention/attend_chunk-inl.h"
#include "backend/cpu/simd/parallel-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

struct DecodePlan {
  std::int64_t kv_heads, rows;  // rows: T · G of one key/value head
  std::int64_t chunks, padded;
  float* partials;              // [B][chunks][Hkv] row sums

  CANDOR_INLINE DecodePlan make(const Attention& args, Stream& stream) {
    const std::int64_t kv_heads = args.k.shape[2], rows = args.q.shape[1] * (args.q.shape[2] / kv_heads);
    const std::int64_t chunks = (args.k.shape[1] + kAttentionChunk - 1) / kAttentionChunk;
    const std::int64_t padded = (args.q.shape[3] + kLanes - 1) / kLanes * kLanes;
    const std::int64_t floats = args.q.shape[0] * chunks * kv_heads * row_sums_floats(rows, padded);
    return {kv_heads, rows, chunks, padded,
            reinterpret_cast<float*>(stream.shared_scratch(static_cast<std::size_t>(floats) * sizeof(float)))};
  }
  CANDOR_ALWAYS_INLINE RowSums partial(std::int64_t batch, std::int64_t chunk, std::int64_t head) const {
    Carver carver{partials + ((batch * chunks + chunk) * kv_heads + head) * row_sums_floats(rows, padded)};
    return carve_row_sums(carver, rows, padded);
  }
  CANDOR_ALWAYS_INLINE std::size_t scratch_bytes() const {
    return sizeof(float) * static_cast<std::size_t>(block_buffers_floats(padded) +
                                                    kv_heads * row_set_floats(rows, padded));
  }
};

/// One chunk of key/value heads [head, head + heads).
template <class A, class B>
CANDOR_INLINE void decode_heads(const Attention& args, const DecodePlan& plan, std::int64_t batch, std::int64_t chunk,
                                std::int64_t head, std::int64_t heads, std::byte* bytes) {
  Carver carver{reinterpret_cast<float*>(bytes)};
  const BlockBuffers buffers = carve_block_buffers(carver, plan.padded);
  float* sets = carver.next;
  const auto row_set = [&](std::int64_t h) {
    Carver part{sets + h * row_set_floats(plan.rows, plan.padded)};
    auto* q = reinterpret_cast<QueryWord*>(part.take(plan.rows * plan.padded));
    auto* visible = reinterpret_cast<std::int64_t*>(part.take(2 * plan.rows));
    return RowSet{plan.rows, q, visible, plan.partial(batch, chunk, head + h)};
  };
  for (std::int64_t h = 0; h < heads; ++h) {
    load_queries<A>(args, batch, head + h, 0, row_set(h));
    open_sums(row_set(h).sums, plan.rows, plan.padded);
  }
  const std::int64_t end = chunk_end(row_set(0), chunk * kAttentionChunk);
  for (std::int64_t key = chunk * kAttentionChunk; key < end; key += kBlock) {
    for (std::int64_t h = 0; h < heads; ++h) {
      const Ahead next_head{args.k.stride[2], args.v.stride[2]};
      const Ahead next_block{kBlock * args.k.stride[1] - (heads - 1) * args.k.stride[2],
                             kBlock * args.v.stride[1] - (heads - 1) * args.v.stride[2]};
      attend_block(row_set(h), buffers, head_keys<B>(args, batch, head + h), key, end,
                   h + 1 < heads ? next_head : next_block, args.scale);
    }
  }
  for (std::int64_t h = 0; h < heads; ++h) close_sums(row_set(h).sums, plan.rows);
}

template <class Out>
CANDOR_INLINE void combine_row(const Attention& args, const DecodePlan& plan, std::int64_t batch, std::int64_t head,
                               std::int64_t row) {
  const std::int64_t group = args.q.shape[2] / plan.kv_heads, t = row / group;
  const std::int64_t visible = args.causal ? args.k.shape[1] - args.q.shape[1] + t + 1 : args.k.shape[1];
  const RowSums total = plan.partial(batch, 0, head);  // chunk 0 collects the others
  float* acc = total.acc + row * plan.padded;
  for (std::int64_t chunk = 1; chunk * kAttentionChunk < visible; ++chunk) {
    const RowSums part = plan.partial(batch, chunk, head);
    merge_row(total.maximum[row], total.weight[row * kLanes], acc, part.maximum[row], part.weight[row * kLanes],
              part.acc + row * plan.padded, plan.padded);
  }
  finish_row(acc, total.weight[row * kLanes], args.q.shape[3], output_row<Out>(args, batch, head, row));
}

template <class A, class B, class Out> CANDOR_INLINE void attention_decode(const Attention& args, Stream& stream) {
  if (args.y.elements() == 0) return;
  const DecodePlan plan = DecodePlan::make(args, stream);
  const std::int64_t kv_heads = plan.kv_heads, units = args.q.shape[0] * plan.chunks * kv_heads;
  for (int worker = 0; worker < stream.workers(); ++worker) stream.scratch(worker, plan.scratch_bytes());  // may throw
  parallel_ranges(stream, units, 1, [&](std::int64_t begin, std::int64_t end, int worker) {
    const FlushDenormals mode;
    std::byte* scratch = stream.scratch(worker, plan.scratch_bytes());
    while (begin < end) {
      const std::int64_t chunk = begin / kv_heads, head = begin % kv_heads;  // chunk: of all batches
      const std::int64_t heads = kv_heads - head < end - begin ? kv_heads - head : end - begin;
      decode_heads<A, B>(args, plan, chunk / plan.chunks, chunk % plan.chunks, head, heads, scratch);
      begin += heads;
    }
  });
  const std::int64_t head_rows = kv_heads * plan.rows, grain = 4096 / (plan.chunks * plan.padded) + 1;
  parallel_ranges(stream, args.q.shape[0] * head_rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
    const FlushDenormals mode;
    for (std::int64_t i = begin; i < end; ++i) {
      combine_row<Out>(args, plan, i / head_rows, i % head_rows / plan.rows, i % plan.rows);
    }
  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
