// Many query tokens: a task is up to kTaskRows rows (tokens × heads of a group) of one key/value head; it walks all its
// keys, so that a packed block of keys serves every row.
#pragma once

#include "backend/cpu/attention/attend_chunk-inl.h"
#include "backend/cpu/simd/parallel-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

inline constexpr std::int64_t kTaskRows = 96;  // most rows of one task

/// Scratch of one worker.
struct FlashScratch {
  BlockBuffers buffers;
  RowSet set;     // its sums: the current chunk's
  RowSums total;  // the chunks so far
};

constexpr std::size_t flash_scratch_bytes(std::int64_t padded) {
  return sizeof(float) * static_cast<std::size_t>(block_buffers_floats(padded) + row_set_floats(kTaskRows, padded) +
                                                  2 * row_sums_floats(kTaskRows, padded));
}

CANDOR_INLINE FlashScratch carve_flash_scratch(std::byte* bytes, std::int64_t padded) {
  Carver carver{reinterpret_cast<float*>(bytes)};
  FlashScratch scratch;
  scratch.buffers = carve_block_buffers(carver, padded);
  scratch.set.q = reinterpret_cast<QueryWord*>(carver.take(kTaskRows * padded));
  scratch.set.visible = reinterpret_cast<std::int64_t*>(carver.take(2 * kTaskRows));
  scratch.set.sums = carve_row_sums(carver, kTaskRows, padded);
  scratch.total = carve_row_sums(carver, kTaskRows, padded);
  return scratch;
}

/// Rows of one key/value head cut evenly into tasks.
struct FlashPlan {
  std::int64_t rows, tasks;  // per key/value head
  CANDOR_INLINE FlashPlan make(const Attention& args) {
    const std::int64_t rows = args.q.shape[1] * (args.q.shape[2] / args.k.shape[2]);
    return {rows, (rows + kTaskRows - 1) / kTaskRows};
  }
  /// First row of a task. Rows late in a causal sequence see more keys: neighbours in task order are one early and one
  /// late, so that every contiguous share of tasks costs about the same.
  CANDOR_ALWAYS_INLINE std::int64_t begin(std::int64_t task) const {
    const std::int64_t block = task % 2 == 0 ? task / 2 : tasks - 1 - task / 2;
    return rows * block / tasks;
  }
  CANDOR_ALWAYS_INLINE std::int64_t end(std::int64_t task) const {
    const std::int64_t block = task % 2 == 0 ? task / 2 : tasks - 1 - task / 2;
    return rows * (block + 1) / tasks;
  }
};

/// total ⊕= the chunk that starts at `first_key`.
CANDOR_INLINE void merge_chunk(const FlashScratch& scratch, std::int64_t first_key, std::int64_t padded) {
  const RowSums &total = scratch.total, &part = scratch.set.sums;
  for (std::int64_t r = 0; r < scratch.set.rows; ++r) {
    if (scratch.set.visible[r] <= first_key) continue;
    float* acc = total.acc + r * padded;
    if (first_key == 0) {
      total.maximum[r] = part.maximum[r];
      total.weight[r * kLanes] = part.weight[r * kLanes];
      __builtin_memcpy(acc, part.acc + r * padded, static_cast<std::size_t>(padded) * sizeof(float));
    } else {
      merge_row(total.maximum[r], total.weight[r * kLanes], acc, part.maximum[r], part.weight[r * kLanes],
                part.acc + r * padded, padded);
    }
  }
}

/// Rows first … of one key/value head, as many as scratch.set says.
template <class A, class B, class Out>
CANDOR_INLINE void flash_task(const Attention& args, std::int64_t batch, std::int64_t kv_head, std::int64_t first,
                              const FlashScratch& scratch) {
  const HeadKeys<B> keys = head_keys<B>(args, batch, kv_head);
  const RowSet& set = scratch.set;
  const Ahead ahead{kBlock * keys.k_stride, kBlock * keys.v_stride};
  load_queries<A>(args, batch, kv_head, first, set);
  for (std::int64_t chunk = 0; chunk < set.visible[set.rows - 1]; chunk += kAttentionChunk) {
    const std::int64_t end = chunk_end(set, chunk);
    open_sums(set.sums, set.rows, keys.padded);
    for (std::int64_t key = chunk; key < end; key += kBlock) {
      attend_block(set, scratch.buffers, keys, key, end, ahead, args.scale);
    }
    close_sums(set.sums, set.rows);
    merge_chunk(scratch, chunk, keys.padded);
  }
  for (std::int64_t r = 0; r < set.rows; ++r) {
    finish_row(scratch.total.acc + r * keys.padded, scratch.total.weight[r * kLanes], keys.dim,
               output_row<Out>(args, batch, kv_head, first + r));
  }
}

template <class A, class B, class Out> CANDOR_INLINE void attention_flash(const Attention& args, Stream& stream) {
  if (args.y.elements() == 0) return;
  const FlashPlan plan = FlashPlan::make(args);
  const std::int64_t padded = (args.q.shape[3] + kLanes - 1) / kLanes * kLanes, kv_heads = args.k.shape[2];
  const std::size_t bytes = flash_scratch_bytes(padded);
  for (int worker = 0; worker < stream.workers(); ++worker)
    stream.scratch(worker, bytes);  // may throw: here, not below
  parallel_ranges(stream, args.q.shape[0] * kv_heads * plan.tasks, 1,
                  [&](std::int64_t begin, std::int64_t end, int worker) {
    const FlushDenormals mode;
    FlashScratch scratch = carve_flash_scratch(stream.scratch(worker, bytes), padded);
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t head = i / plan.tasks, task = i % plan.tasks;
      scratch.set.rows = plan.end(task) - plan.begin(task);
      flash_task<A, B, Out>(args, head / kv_heads, head % kv_heads, plan.begin(task), scratch);
    }
  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
