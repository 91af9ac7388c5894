// Moves elements of 1, 2, 4 or 8 bytes between any strides, and whole runs of blocks. No arithmetic, so one build of it
// serves every ISA.
#include <algorithm>
#include <cstring>

#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu {
namespace {

/// Both views in units: elements, or whole blocks of a block dtype.
struct UnitWalk {
  int rank = 0;
  std::int64_t unit_bytes = 1, units = 1;
  std::int64_t shape[kMaxRank], from_stride[kMaxRank], to_stride[kMaxRank];
};

UnitWalk unit_walk(const Copy& args) {
  const DTypeInfo& info = dtype_info(args.x.dtype);
  UnitWalk walk;
  walk.unit_bytes = info.block_bytes;
  for (int d = 0; d < args.x.rank; ++d) {
    const bool last = d == args.x.rank - 1;
    const std::int64_t in_units = info.block_elements;
    const std::int64_t extent = last ? args.x.shape[d] / in_units : args.x.shape[d];
    const std::int64_t from = last ? args.x.stride[d] : args.x.stride[d] / in_units;
    const std::int64_t to = last ? args.y.stride[d] : args.y.stride[d] / in_units;
    walk.units *= extent;
    if (extent == 1) continue;
    const int at = walk.rank - 1;
    if (at >= 0 && walk.from_stride[at] == from * extent && walk.to_stride[at] == to * extent) {
      walk.shape[at] *= extent;
      walk.from_stride[at] = from;
      walk.to_stride[at] = to;
    } else {
      walk.shape[walk.rank] = extent;
      walk.from_stride[walk.rank] = from;
      walk.to_stride[walk.rank++] = to;
    }
  }
  if (walk.rank == 0) {
    walk.rank = 1;
    walk.shape[0] = walk.units;
    walk.from_stride[0] = walk.to_stride[0] = 1;
  }
  return walk;
}

template <int kBytes>
void move_units(const std::byte* from, std::int64_t from_stride, std::byte* to, std::int64_t to_stride,
                std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i)
    std::memcpy(to + i * to_stride * kBytes, from + i * from_stride * kBytes, kBytes);
}

void move_segment(const UnitWalk& walk, const std::byte* from, std::byte* to, std::int64_t n) {
  const std::int64_t from_stride = walk.from_stride[walk.rank - 1], to_stride = walk.to_stride[walk.rank - 1];
  if (from_stride == 1 && to_stride == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(n * walk.unit_bytes));
    return;
  }
  switch (walk.unit_bytes) {
    case 1: return move_units<1>(from, from_stride, to, to_stride, n);
    case 2: return move_units<2>(from, from_stride, to, to_stride, n);
    case 4: return move_units<4>(from, from_stride, to, to_stride, n);
    case 8: return move_units<8>(from, from_stride, to, to_stride, n);
    default:
      for (std::int64_t i = 0; i < n; ++i)
        std::memcpy(to + i * to_stride * walk.unit_bytes, from + i * from_stride * walk.unit_bytes,
                    static_cast<std::size_t>(walk.unit_bytes));
  }
}

struct CopyJob {
  UnitWalk walk;
  const std::byte* from;
  std::byte* to;
};

void copy_range(void* self, std::int64_t begin, std::int64_t end, int) {
  const CopyJob& job = *static_cast<const CopyJob*>(self);
  const UnitWalk& walk = job.walk;
  const std::int64_t columns = walk.shape[walk.rank - 1];
  while (begin < end) {
    std::int64_t row = begin / columns;
    const std::int64_t column = begin % columns, n = std::min(columns - column, end - begin);
    std::int64_t from = column * walk.from_stride[walk.rank - 1], to = column * walk.to_stride[walk.rank - 1];
    for (int d = walk.rank - 2; d >= 0; --d) {
      from += row % walk.shape[d] * walk.from_stride[d];
      to += row % walk.shape[d] * walk.to_stride[d];
      row /= walk.shape[d];
    }
    move_segment(walk, job.from + from * walk.unit_bytes, job.to + to * walk.unit_bytes, n);
    begin += n;
  }
}

}  // namespace

void copy_strided(const Copy& args, Stream& stream) {
  CopyJob job{unit_walk(args), args.x.as<std::byte>(), args.y.as<std::byte>()};
  if (job.walk.units > 0) stream.parallel(job.walk.units, 65536 / job.walk.unit_bytes, Task{copy_range, &job});
}

}  // namespace candor::cpu
