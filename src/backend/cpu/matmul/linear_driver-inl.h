// Runs a LinearJob: rows in blocks, tiles in spans, K in chunks; inside, register tiles (accumulate.h) whose sums wait
// in scratch between chunks, so that each output is one unbroken chain of multiply-adds however the work is cut.
#pragma once

#include "backend/cpu/matmul/finish-inl.h"
#include "backend/cpu/matmul/linear_plan-inl.h"
#include "backend/cpu/simd/parallel-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// One worker's share: some rows and some tiles of a job.
class LinearWorker {
 public:
  LinearWorker(const LinearJob& job, const LinearPlan& plan, std::byte* scratch)
      : job_(job),
        plan_(plan),
        kernels_(*job.kernels),
        panels_(scratch),
        tiles_(scratch + plan.panel_bytes),
        sums_(reinterpret_cast<float*>(tiles_ + plan.tile_bytes)) {}

  void run(std::int64_t row_begin, std::int64_t row_end, std::int64_t tile_begin, std::int64_t tile_end) {
    for (row_ = row_begin; row_ < row_end; row_ += plan_.row_block) {
      rows_ = smaller(plan_.row_block, row_end - row_);
      row_tiles_ = ceil_div(rows_, kMaxRows);
      most_rows_ = static_cast<int>(ceil_div(rows_, row_tiles_));
      if (plan_.resident)
        for (std::int64_t chunk = 0; chunk < plan_.chunks; ++chunk) load_panel(chunk);
      run_outputs(tile_begin, tile_end);
    }
  }

 private:
  void run_outputs(std::int64_t tile_begin, std::int64_t tile_end) {
    std::int64_t first = 0;  // of this output, among the tiles of all outputs
    for (int i = 0; i < job_.output_count; ++i) {
      const std::int64_t tiles = packed_tiles(job_.outputs[i].weight[0].shape[0]);
      const std::int64_t begin = larger(tile_begin - first, 0), end = smaller(tile_end - first, tiles);
      for (std::int64_t t = begin; t < end;) {
        const std::int64_t span =
            plan_.resident ? next_group(job_.outputs[i], end - t) : smaller(plan_.span_tiles, end - t);
        run_span(job_.outputs[i], t, span);
        t += span;
      }
      first += tiles;
    }
  }

  void run_span(const LinearOutput& output, std::int64_t tile, std::int64_t count) {
    for (std::int64_t chunk = 0; chunk < plan_.chunks; ++chunk) {
      if (!plan_.resident) load_panel(chunk);
      for (int w = 0; w < job_.operands; ++w)
        for (std::int64_t t = 0; t < count;) {
          const int group = next_group(output, count - t);
          plan_ahead(output, tile, count, {chunk, w, t + group}, group);
          run_group(output, {chunk, w, t}, tile + t, group);
          t += group;
        }
    }
  }

  /// A place in the order in which run_span goes through the weights.
  struct Place {
    std::int64_t chunk;
    int operand;
    std::int64_t tile;  // of the span
  };

  /// Notes which packed weights follow, so that the row tiles of this group can ask the memory for them meanwhile.
  void plan_ahead(const LinearOutput& output, std::int64_t tile, std::int64_t count, Place next, int group) {
    ahead_ = {};
    if (row_tiles_ < kAheadRowTiles) return;
    if (next.tile >= count) next = {next.chunk, next.operand + 1, 0};
    if (next.operand == job_.operands) next = {next.chunk + 1, 0, 0};
    ahead_.panel =
        !plan_.resident && next.chunk < plan_.chunks && next.tile == 0 && next.operand == 0 ? next.chunk : -1;
    if (next.chunk == plan_.chunks) next = {0, 0, count};
    const ConstView& weight = output.weight[next.operand];
    const std::int64_t left = packed_tiles(weight.shape[0]) - (tile + next.tile);
    if (weight.layout != Layout::packed_tiles || left <= 0) return;
    ahead_.tiles = smaller(group, left);
    ahead_.first = packed_tile(weight, tile + next.tile, next.chunk);
    ahead_.stride = tile_bytes(weight);
    ahead_.lines = ceil_div(ceil_div(chunk_length(next.chunk), 2) * kernels_.packed_pair_bytes, 64);
  }

  /// Row tile b's share of what plan_ahead() noted: packed weights, and its own rows of the next panel.
  void fetch_ahead(std::int64_t b, std::int64_t row_begin, std::int64_t row_end) const {
    const std::int64_t lines = ahead_.tiles * ahead_.lines;
    for (std::int64_t i = b * lines / row_tiles_; i < (b + 1) * lines / row_tiles_; ++i)
      _mm_prefetch(
          reinterpret_cast<const char*>(ahead_.first + i / ahead_.lines * ahead_.stride + i % ahead_.lines * 64),
          _MM_HINT_T1);
    if (ahead_.panel < 0) return;
    const std::int64_t bytes = chunk_length(ahead_.panel) * x_bytes();
    for (std::int64_t r = row_begin; r < row_end; ++r)
      for (std::int64_t at = 0; at < bytes; at += 64)
        _mm_prefetch(reinterpret_cast<const char*>(x_row(r, ahead_.panel) + at), _MM_HINT_T1);
  }

  /// Sums of the group that starts at tile t of the span: [rows][group][16].
  float* group_sums(int operand, std::int64_t t) const {
    return sums_ + (operand * plan_.span_tiles + t) * rows_ * kLanes;
  }

  bool in_place(const ConstView& weight) const { return weight.layout == Layout::packed_tiles && !plan_.widen; }

  int next_group(const LinearOutput& output, std::int64_t left) const {
    bool scratch = false;
    for (int w = 0; w < job_.operands; ++w) scratch = scratch || !in_place(output.weight[w]);
    return tiles_at_once(most_rows_, scratch ? smaller(left, kScratchTiles) : left);
  }

  std::int64_t chunk_length(std::int64_t chunk) const {
    return smaller(plan_.chunk_k, plan_.k - chunk * plan_.chunk_k);
  }

  std::byte* panel(std::int64_t chunk) const { return panels_ + (plan_.resident ? chunk * plan_.panel_words * 4 : 0); }

  std::int64_t x_bytes() const { return job_.x.dtype == DType::f32 ? 4 : 2; }

  /// Row r of the block, from the chunk's first k on.
  const std::byte* x_row(std::int64_t r, std::int64_t chunk) const {
    return job_.x.as<std::byte>() + ((row_ + r) * job_.x.stride[0] + chunk * plan_.chunk_k) * x_bytes();
  }

  void load_panel(std::int64_t chunk) {
    std::byte* words = panel(chunk);
    for (std::int64_t r = 0; r < rows_; ++r)
      kernels_.load_x(x_row(r, chunk), chunk_length(chunk), words + r * kPanelStride * 4);
  }

  std::int64_t tile_bytes(const ConstView& weight) const {
    return packed_tile_stride(weight.dtype, plan_.k) * (weight.dtype == DType::f32 ? 4 : 2);
  }

  const std::byte* packed_tile(const ConstView& weight, std::int64_t tile, std::int64_t chunk) const {
    return weight.as<std::byte>() + tile * tile_bytes(weight) + chunk * plan_.chunk_k / 2 * kernels_.packed_pair_bytes;
  }

  /// sums += panel(chunk) · tiles [tile, tile + group) of the chunk
  void run_group(const LinearOutput& output, const Place& place, std::int64_t tile, int group) {
    const ConstView& weight = output.weight[place.operand];
    const std::int64_t count = chunk_length(place.chunk);
    AccumulateArgs args{};
    args.pairs = ceil_div(count, 2);  // tiles in scratch are padded to whole pairs
    args.first = place.chunk == 0;
    args.tiles_count = group;
    args.tiles = tiles_;
    args.tile_stride = kChunkWords * kLanes * 4;
    Accumulate accumulate = kernels_.gathered;
    if (weight.layout != Layout::packed_tiles) {
      for (int c = 0; c < group; ++c)
        kernels_.gather(weight, tile + c, place.chunk * plan_.chunk_k, count, tiles_ + c * args.tile_stride);
    } else if (plan_.widen) {
      const std::byte* first = packed_tile(weight, tile, place.chunk);
      for (int c = 0; c < group; ++c)
        kernels_.widen_packed(first + c * tile_bytes(weight), count,
                              reinterpret_cast<float*>(tiles_ + c * args.tile_stride));
      accumulate = kernels_.widened;
    } else {
      args.tiles = packed_tile(weight, tile, place.chunk);
      args.tile_stride = tile_bytes(weight);
      if (weight.dtype != DType::bf16) {  // the other packed formats hold no padding of K
        args.pairs = count / 2;
        args.half_pair = count % 2 != 0;
      }
      accumulate = kernels_.packed;
    }
    run_row_tiles(output, place, tile, args, accumulate);
  }

  /// Balanced row tiles: 9 rows are 5 + 4, not 8 + 1. After the last chunk each is finished while its sums are near.
  void run_row_tiles(const LinearOutput& output, const Place& place, std::int64_t tile, AccumulateArgs args,
                     Accumulate accumulate) {
    const bool last = place.chunk + 1 == plan_.chunks && place.operand + 1 == job_.operands;
    for (std::int64_t b = 0; b < row_tiles_; ++b) {
      const std::int64_t begin = b * rows_ / row_tiles_, end = (b + 1) * rows_ / row_tiles_;
      const std::int64_t offset = begin * args.tiles_count * kLanes;
      args.x = panel(place.chunk) + begin * kPanelStride * 4;
      args.rows = static_cast<int>(end - begin);
      args.sums = group_sums(place.operand, place.tile) + offset;
      const FinishArgs results = {tile,
                                  row_ + begin,
                                  args.tiles_count,
                                  args.rows,
                                  {group_sums(0, place.tile) + offset, group_sums(1, place.tile) + offset}};
      fetch_ahead(b, begin, end);
      if (last) fetch_results(output, results);
      accumulate(args);
      if (last) finish(job_, output, results);
    }
  }

  /// What to fetch while a group is multiplied.
  struct Ahead {
    const std::byte* first = nullptr;  // packed tiles: `tiles` times `lines` cache lines
    std::int64_t stride = 0, tiles = 0, lines = 0;
    std::int64_t panel = -1;  // chunk whose rows of x come next
  };

  const LinearJob& job_;
  const LinearPlan& plan_;
  const LinearKernels& kernels_;
  std::byte* panels_;
  std::byte* tiles_;
  float* sums_;
  std::int64_t row_ = 0, rows_ = 0;  // the row block at work
  std::int64_t row_tiles_ = 0;       // register tiles that it takes
  int most_rows_ = 0;                // rows of the largest of them
  Ahead ahead_;
};

inline void run_linear_job(const LinearJob& job, Stream& stream) {
  const LinearPlan plan = plan_linear(job, stream.workers());
  if (plan.rows == 0 || plan.tiles == 0) return;
  const auto bytes = static_cast<std::size_t>(plan.panel_bytes + plan.tile_bytes + plan.sum_bytes);
  for (int worker = 0; worker < stream.workers(); ++worker)
    stream.scratch(worker, bytes);  // may throw: not in a worker
  const auto share = [&](std::int64_t begin, std::int64_t end, int worker) {
    const FlushDenormals flush;
    LinearWorker state(job, plan, stream.scratch(worker, bytes));
    if (plan.by_rows) {
      state.run(begin, end, 0, plan.tiles);
    } else {
      state.run(0, plan.rows, begin, end);
    }
  };
  parallel_ranges(stream, plan.by_rows ? plan.rows : plan.tiles, plan.grain, share);
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
