// How one job is cut: chunks of K, blocks of rows, spans of tiles, and the bytes of scratch that each worker needs.
#pragma once

#include "backend/cpu/matmul/linear.h"
#include "backend/cpu/matmul/register_tiles.h"
#include "core/packed.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// Rows of x that are multiplied while a chunk of weights stays in the cache.
inline constexpr std::int64_t kRowBlock = 240;
/// Tiles whose sums are held between chunks when the x panels of all chunks do not stay resident.
inline constexpr std::int64_t kSpanTiles = 24;
/// x panels of a row block up to this size are made once and kept for all its tiles.
inline constexpr std::int64_t kResidentBytes = 768 * 1024;
/// Fewer row blocks of registers than this: widening weights in scratch would not pay.
inline constexpr std::int64_t kWidenRows = 2 * kMaxRows + 1;

/// With fewer register tiles per chunk of weights, the kernels' own prefetching is enough.
inline constexpr std::int64_t kAheadRowTiles = 3;
/// Several rows: each share of the tiles makes the panels anew, which this many tiles pay for.
inline constexpr std::int64_t kShareTiles = 16;
/// Tiles made in scratch at a time: they stay in the first-level cache until they are multiplied.
inline constexpr std::int64_t kScratchTiles = 4;

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
constexpr std::int64_t larger(std::int64_t a, std::int64_t b) { return a > b ? a : b; }
constexpr std::int64_t round_up(std::int64_t a, std::int64_t b) { return ceil_div(a, b) * b; }

struct LinearPlan {
  std::int64_t rows, k, tiles;   // M, K, tiles of all outputs
  std::int64_t chunk_k, chunks;  // K = chunks · chunk_k, the last one shorter
  std::int64_t row_block;        // most rows in one pass
  std::int64_t panel_words;      // words of one chunk's panel for row_block rows
  bool resident;                 // panels of all chunks are made once per row block
  bool widen;                    // packed tiles are widened in scratch
  bool by_rows;                  // workers divide rows, not tiles
  std::int64_t grain;            // rows or tiles that a worker takes at a time, at least
  std::int64_t span_tiles;       // most tiles in one pass
  std::int64_t panel_bytes, tile_bytes, sum_bytes;  // scratch of one worker
};

/// A lone row is cut as fine as the stream likes. Otherwise one share a worker, or several of kShareTiles and more.
inline std::int64_t share_grain(const LinearPlan& plan, int workers) {
  if (plan.by_rows) return ceil_div(plan.rows, workers);
  if (plan.rows == 1) return 1;
  return ceil_div(plan.tiles, workers * larger(1, plan.tiles / (workers * kShareTiles)));
}

/// True when every weight of the job is packed, so that no gathered tile limits a chunk.
inline bool all_packed(const LinearJob& job) {
  for (int i = 0; i < job.output_count; ++i)
    for (int w = 0; w < job.operands; ++w)
      if (job.outputs[i].weight[w].layout != Layout::packed_tiles) return false;
  return true;
}

inline LinearPlan plan_linear(const LinearJob& job, int workers) {
  LinearPlan plan{};
  plan.rows = job.x.shape[0];
  plan.k = job.x.shape[1];
  for (int i = 0; i < job.output_count; ++i) plan.tiles += packed_tiles(job.outputs[i].weight[0].shape[0]);
  const std::int64_t per_word = job.kernels->k_per_word;
  const bool one_pass = plan.rows == 1 && all_packed(job);  // a lone row has no stride: its panel may have any length
  plan.chunk_k = one_pass ? larger(2, round_up(plan.k, 2)) : kChunkWords * per_word;
  plan.chunks = larger(1, ceil_div(plan.k, plan.chunk_k));
  plan.by_rows = workers > 1 && plan.tiles < 4 * workers && plan.rows >= 2 * kMaxRows * workers;
  plan.grain = larger(1, share_grain(plan, workers));
  const std::int64_t rows = plan.by_rows ? ceil_div(plan.rows, workers) : plan.rows;
  plan.row_block = larger(1, ceil_div(rows, larger(1, ceil_div(rows, kRowBlock))));
  plan.panel_words = one_pass ? plan.chunk_k / per_word : plan.row_block * kPanelStride;
  plan.resident = plan.chunks == 1 || plan.chunks * plan.panel_words * 4 <= kResidentBytes;
  plan.widen = job.kernels->widen_packed != nullptr && plan.row_block >= kWidenRows;
  plan.span_tiles = plan.resident ? max_tiles(1) : kSpanTiles;
  plan.panel_bytes = round_up((plan.resident ? plan.chunks : 1) * plan.panel_words * 4, 64);
  plan.tile_bytes = kScratchTiles * kChunkWords * kTileRows * 4;
  plan.sum_bytes = job.operands * plan.row_block * plan.span_tiles * kTileRows * 4;
  return plan;
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
