// Rounds the value once and repeats its bits. No vector arithmetic, so one build of it serves every ISA.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "backend/cpu/elementwise/elementwise.h"
#include "core/formats.h"

namespace candor::cpu {
namespace {

/// To the nearest integer of type T, ties to even; saturating; NaN becomes 0.
template <class T> T round_to_integer(double value) {
  if (std::isnan(value)) return 0;
  const double nearest = std::nearbyint(value);
  if (nearest <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  if (nearest >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(nearest);
}

struct FillJob {
  const View* y;
  std::int64_t columns;
  std::uint64_t bits;
};

template <class T> void fill_range(void* self, std::int64_t begin, std::int64_t end, int) {
  const FillJob& job = *static_cast<const FillJob*>(self);
  const View& y = *job.y;
  T value;
  std::memcpy(&value, &job.bits, sizeof(T));
  while (begin < end) {
    std::int64_t row = begin / job.columns;
    const std::int64_t column = begin % job.columns, n = std::min(job.columns - column, end - begin);
    const std::int64_t stride = y.rank > 0 ? y.stride[y.rank - 1] : 1;
    std::int64_t offset = column * stride;
    for (int d = y.rank - 2; d >= 0; --d) {
      offset += row % y.shape[d] * y.stride[d];
      row /= y.shape[d];
    }
    constexpr std::int64_t kBytes = sizeof(T);
    std::byte* p = y.as<std::byte>() + offset * kBytes;
    for (std::int64_t i = 0; i < n; ++i) std::memcpy(p + i * stride * kBytes, &value, kBytes);  // at any address
    begin += n;
  }
}

template <class T> void fill(const Fill& args, Stream& stream, T value) {
  FillJob job{&args.y, args.y.elements(), 0};
  if (!args.y.contiguous()) job.columns = args.y.shape[args.y.rank - 1];
  std::memcpy(&job.bits, &value, sizeof(T));
  View flat = args.y;
  if (args.y.contiguous()) {
    flat.rank = 1;
    flat.shape[0] = job.columns;
    flat.stride[0] = 1;
    job.y = &flat;
  }
  if (args.y.elements() > 0) stream.parallel(args.y.elements(), 65536, Task{fill_range<T>, &job});
}

}  // namespace

void fill_f64(const Fill& args, Stream& stream) { fill(args, stream, args.value); }
void fill_f32(const Fill& args, Stream& stream) { fill(args, stream, f64_to_f32(args.value)); }
void fill_f16(const Fill& args, Stream& stream) { fill(args, stream, f64_to_f16_bits(args.value)); }
void fill_bf16(const Fill& args, Stream& stream) { fill(args, stream, f64_to_bf16_bits(args.value)); }
void fill_i64(const Fill& args, Stream& stream) { fill(args, stream, round_to_integer<std::int64_t>(args.value)); }
void fill_i32(const Fill& args, Stream& stream) { fill(args, stream, round_to_integer<std::int32_t>(args.value)); }
void fill_i8(const Fill& args, Stream& stream) { fill(args, stream, round_to_integer<std::int8_t>(args.value)); }
void fill_u8(const Fill& args, Stream& stream) { fill(args, stream, round_to_integer<std::uint8_t>(args.value)); }

}  // namespace candor::cpu
