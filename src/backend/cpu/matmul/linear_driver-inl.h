// Runs a LinearJob: rows in blocks, tiles in spans, K in chunks; inside, register tiles (accumulate.h) whose sums wait in
// scratch between chunks, so that each output is one unbroken chain of multiply-adds however the work is cut.
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
      : job_(job), plan_(plan), kernels_(*job.kernels), panels_(scratch), tiles_(scratch + plan.panel_bytes),
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
        const std::int64_t span = plan_.resident ? next_group(job_.outputs[i], end - t)
                                                 : smaller(plan_.span_tiles, end - t);
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
          run_group(output.weight[w], tile + t, group, chunk, group_sums(w, t));
          t += group;
        }
    }
    for (std::int64_t t = 0; t < count;) {
      const int group = next_group(output, count - t);
      for (int c = 0; c < group; ++c) {
        const TileSums sums = {{group_sums(0, t) + c * kLanes, group_sums(1, t) + c * kLanes}, group * kLanes};
        finish_tile(job_, output, tile + t + c, row_, rows_, sums);
      }
      t += group;
    }
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

  std::byte* panel(std::int64_t chunk) const {
    return panels_ + (plan_.resident ? chunk * plan_.panel_words * 4 : 0);
  }

  void load_panel(std::int64_t chunk) {
    const std::int64_t bytes = job_.x.dtype == DType::f32 ? 4 : 2;
    const std::byte* x = job_.x.as<std::byte>() + (row_ * job_.x.stride[0] + chunk * plan_.chunk_k) * bytes;
    std::byte* words = panel(chunk);
    for (std::int64_t r = 0; r < rows_; ++r)
      kernels_.load_x(x + r * job_.x.stride[0] * bytes, chunk_length(chunk), words + r * kPanelStride * 4);
  }

  /// sums += panel(chunk) · tiles [tile, tile + group) of the chunk
  void run_group(const ConstView& weight, std::int64_t tile, int group, std::int64_t chunk, float* sums) {
    const std::int64_t k0 = chunk * plan_.chunk_k, count = chunk_length(chunk);
    AccumulateArgs args{};
    args.pairs = ceil_div(count, 2);  // tiles in scratch are padded to whole pairs
    args.first = chunk == 0;
    args.tiles_count = group;
    Accumulate accumulate = nullptr;
    if (weight.layout == Layout::packed_tiles) {
      const std::int64_t stride = packed_tile_stride(weight.dtype, plan_.k) * (weight.dtype == DType::f32 ? 4 : 2);
      const std::byte* first = weight.as<std::byte>() + tile * stride + k0 / 2 * kernels_.packed_pair_bytes;
      if (!plan_.widen) {
        args.tiles = first;
        args.tile_stride = stride;
        if (weight.dtype != DType::bf16) {  // the other packed formats hold no padding of K
          args.pairs = count / 2;
          args.half_pair = count % 2 != 0;
        }
        accumulate = kernels_.packed;
      } else {
        args.tile_stride = kChunkWords * kLanes * 4;
        for (int c = 0; c < group; ++c)
          kernels_.widen_packed(first + c * stride, count, reinterpret_cast<float*>(tiles_ + c * args.tile_stride));
        args.tiles = tiles_;
        accumulate = kernels_.widened;
      }
    } else {
      args.tile_stride = kChunkWords * kLanes * 4;
      for (int c = 0; c < group; ++c) kernels_.gather(weight, tile + c, k0, count, tiles_ + c * args.tile_stride);
      args.tiles = tiles_;
      accumulate = kernels_.gathered;
    }
    run_row_tiles(args, accumulate, panel(chunk), sums);
  }

  /// Balanced row tiles: 9 rows are 5 + 4, not 8 + 1.
  void run_row_tiles(AccumulateArgs args, Accumulate accumulate, const std::byte* panel, float* sums) const {
    for (std::int64_t b = 0; b < row_tiles_; ++b) {
      const std::int64_t begin = b * rows_ / row_tiles_, end = (b + 1) * rows_ / row_tiles_;
      args.x = panel + begin * kPanelStride * 4;
      args.rows = static_cast<int>(end - begin);
      args.sums = sums + begin * args.tiles_count * kLanes;
      accumulate(args);
    }
  }

  const LinearJob& job_;
  const LinearPlan& plan_;
  const LinearKernels& kernels_;
  std::byte* panels_;
  std::byte* tiles_;
  float* sums_;
  std::int64_t row_ = 0, rows_ = 0;  // the row block at work
  std::int64_t row_tiles_ = 0;       // register tiles that it takes
  int most_rows_ = 0;                // rows of the largest of them
};

inline void run_linear_job(const LinearJob& job, Stream& stream) {
  const LinearPlan plan = plan_linear(job, stream.workers());
  if (plan.rows == 0 || plan.tiles == 0) return;
  const auto bytes = static_cast<std::size_t>(plan.panel_bytes + plan.tile_bytes + plan.sum_bytes);
  for (int worker = 0; worker < stream.workers(); ++worker) stream.scratch(worker, bytes);  // may throw: not in a worker
  const auto share = [&](std::int64_t begin, std::int64_t end, int worker) {
    const FlushDenormals flush;
    LinearWorker state(job, plan, stream.scratch(worker, bytes));
    if (plan.by_rows) {
      state.run(begin, end, 0, plan.tiles);
    } else {
      state.run(0, plan.rows, begin, end);
    }
  };
  parallel_ranges(stream, plan.by_rows ? plan.rows : plan.tiles, 1, share);
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
