// cast, copy, fill, embedding, pack_tiles, argmax and top_k as plain loops that do one thing otherwise than their row
// says: the prover must name it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"
#include "core/packed.h"
#include "kernels/kernel_row.h"
#include "prove/rounding.h"

namespace candor::test {

enum class MoveLie {
  none,
  through_f32,  // on its way out, rounded there before the result is
  through_tf32,
  through_f16,
  through_bf16,
  truncates,
  ties_away,
  flushes,          // subnormals of the operand and of the result
  nan_to_infinity,  // as cutting bits off does
  nan_sign_lost,
  quiets_nan,          // where bits move
  saturates,           // the largest number instead of infinity or NaN
  one_number,          // a single value of all is wrong
  even_elements,       // the others stay as they were
  tail_through_bf16,   // of every row: what sixteen does not divide
  apart_through_bf16,  // operands that are not contiguous
  packed_through_bf16,
  padding_left,      // pack_tiles
  swaps_rows,        // pack_tiles: rows 4 and 5
  middle_ids_off,    // embedding: the row before, but for the first two ids and the last
  compares_in_bf16,  // selections
  compares_in_f16,
  nan_ranks_last,
  last_among_equals,
  swaps_ranks,        // top_k: 4 and 6
  first_value_again,  // top_k: values from rank 4 on
};
inline MoveLie move_lie = MoveLie::none;  // of the kernels below; launches are plain functions

inline bool lies(MoveLie lie) { return move_lie == lie; }

inline DType lying_detour() {
  switch (move_lie) {
    case MoveLie::through_f32:
      return DType::f32;
    case MoveLie::through_tf32:
      return DType::tf32;
    case MoveLie::through_f16:
      return DType::f16;
    case MoveLie::through_bf16:
      return DType::bf16;
    default:
      return DType::any;
  }
}

inline double without_subnormals(DType dtype, double value) {
  const bool block_or_integer = dtype_info(dtype).kind != DTypeKind::floating;
  const double least = block_or_integer ? 0 : std::ldexp(1.0, prove::format_of(dtype).min_exponent);
  return lies(MoveLie::flushes) && std::fabs(value) < least ? std::copysign(0.0, value) : value;
}

inline double lying_nan(double nan) {
  if (lies(MoveLie::nan_to_infinity)) return std::copysign(std::numeric_limits<double>::infinity(), nan);
  if (lies(MoveLie::quiets_nan)) return std::copysign(std::numeric_limits<double>::quiet_NaN(), nan);  // f64's too
  return lies(MoveLie::nan_sign_lost) ? std::fabs(nan) : nan;
}

/// `value` of storage `from` as it comes out in `to`; `here`: the lie is told of this element.
inline double lying_value(DType from, DType to, bool here, double value) {
  if (std::isnan(value)) return lying_nan(value);
  if (lies(MoveLie::one_number) && value == 1 + 0x2ap-7) return 2;
  if (here) value = prove::round_to(DType::bf16, value);
  value = prove::round_to(lying_detour(), without_subnormals(from, value));
  if (dtype_info(to).kind != DTypeKind::floating)
    return lies(MoveLie::truncates) ? std::trunc(value) : lies(MoveLie::ties_away) ? std::round(value) : value;
  const prove::Rounding rounding = lies(MoveLie::truncates)   ? prove::Rounding::toward_zero
                                   : lies(MoveLie::ties_away) ? prove::Rounding::half_away
                                                              : prove::Rounding::nearest_even;
  const double rounded = prove::round_to(to, value, rounding), largest = prove::format_of(to).largest;
  if (lies(MoveLie::saturates) && !(std::fabs(rounded) <= largest)) return std::copysign(largest, value);
  return without_subnormals(to, rounded);
}

inline bool lies_here(std::size_t column, std::size_t columns, const ConstView& x) {
  if (lies(MoveLie::tail_through_bf16)) return column >= columns / 16 * 16;
  if (lies(MoveLie::packed_through_bf16)) return x.layout == Layout::packed_tiles;
  return lies(MoveLie::apart_through_bf16) && !x.contiguous();
}

inline void lying_cast(const Cast& args, Stream&) {
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    const ref::Doubles values = ref::load_row(args.x, r);
    for (std::size_t c = 0; c < values.size(); ++c) {
      if (lies(MoveLie::even_elements) && c % 2 == 1) continue;
      ref::store_element(args.y.dtype, args.y.as<void>(), ref::element_index(args.y, r, static_cast<std::int64_t>(c)),
                         lying_value(args.x.dtype, args.y.dtype, lies_here(c, values.size(), args.x), values[c]));
    }
  }
}

inline bool changes_nan() {
  return lies(MoveLie::quiets_nan) || lies(MoveLie::nan_to_infinity) || lies(MoveLie::nan_sign_lost) ||
         lying_detour() != DType::any;
}

/// After an honest move: the elements of which the lie makes others.
inline void spoil_row(const ref::Doubles& values, const ConstView& x, const View& y, std::int64_t row) {
  for (std::size_t c = 0; c < values.size(); ++c) {
    const double value = lying_value(x.dtype, y.dtype, lies_here(c, values.size(), x), values[c]);
    const bool spoilt = std::isnan(values[c]) ? changes_nan() : value != values[c];
    if (spoilt)
      ref::store_element(y.dtype, y.as<void>(), ref::element_index(y, row, static_cast<std::int64_t>(c)), value);
  }
}

/// q4_0 and q8_0: an f16 scale stands first.
inline void spoil_scale(std::byte* block) {
  std::uint16_t scale = 0;
  std::memcpy(&scale, block, sizeof scale);
  if (lies(MoveLie::quiets_nan) && (scale & 0x7fff) > 0x7c00) scale |= 0x0200;
  if (lies(MoveLie::flushes) && (scale & 0x7c00) == 0) scale &= 0x8000;
  std::memcpy(block, &scale, sizeof scale);
}

inline void lying_copy(const Copy& args, Stream& stream) {
  ref::copy(args, stream);
  const DTypeInfo& info = dtype_info(args.x.dtype);
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    if (info.kind != DTypeKind::block) {
      spoil_row(ref::load_row(args.x, r), args.x, args.y, r);
      continue;
    }
    for (std::int64_t c = 0; c < ref::row_length(args.x); c += info.block_elements)
      spoil_scale(args.y.as<std::byte>() + ref::element_index(args.y, r, c) / info.block_elements * info.block_bytes);
  }
}

inline void lying_embedding(const Embedding& args, Stream& stream) {
  ref::embedding(args, stream);
  if (lies(MoveLie::none)) return;
  for (std::int64_t t = 0; t < args.ids.shape[0]; ++t) {
    std::int32_t id = 0;
    std::memcpy(&id, args.ids.as<std::int32_t>() + t, sizeof id);
    spoil_row(ref::load_row(args.table, id), args.table, args.y, t);
    if (lies(MoveLie::middle_ids_off) && id > 1 && id < args.table.shape[0] - 1)
      ref::store_row(args.y, t, ref::load_row(args.table, id - 1));
  }
}

inline void swap_rows(const View& y, std::int64_t one, std::int64_t other) {
  const ref::Doubles first = ref::load_row(y, one), second = ref::load_row(y, other);
  for (std::size_t c = 0; c < first.size(); ++c) {
    const auto column = static_cast<std::int64_t>(c);
    ref::store_element(y.dtype, y.as<void>(), ref::element_index(y, one, column), second[c]);
    ref::store_element(y.dtype, y.as<void>(), ref::element_index(y, other, column), first[c]);
  }
}

inline void lying_pack_tiles(const PackTiles& args, Stream& stream) {
  ref::pack_tiles(args, stream);
  const std::int64_t rows = args.x.shape[0], columns = args.x.shape[1];
  for (std::int64_t r = 0; r < rows; ++r) spoil_row(ref::load_row(args.x, r), args.x, args.y, r);
  if (lies(MoveLie::swaps_rows) && rows > 5) swap_rows(args.y, 4, 5);
  if (lies(MoveLie::padding_left) && rows % kTileRows != 0)
    ref::store_element(args.y.dtype, args.y.as<void>(), packed_index(args.y.dtype, columns, rows, 0), 1);
}

inline void lying_fill(const Fill& args, Stream&) {
  const double value = lying_value(DType::f64, args.y.dtype, false, args.value);
  for (std::int64_t r = 0; r < ref::row_count(args.y); ++r)
    for (std::int64_t c = 0; c < ref::row_length(args.y); ++c)
      if (!lies(MoveLie::even_elements) || c % 2 == 0)
        ref::store_element(args.y.dtype, args.y.as<void>(), ref::element_index(args.y, r, c), value);
}

/// Falling order of a row as the lie has it.
inline std::vector<std::size_t> lying_order(const ConstView& x, std::int64_t row) {
  ref::Doubles values = ref::load_row(x, row);
  for (double& value : values) {
    if (lies(MoveLie::compares_in_bf16)) value = prove::round_to(DType::bf16, value);
    if (lies(MoveLie::compares_in_f16)) value = prove::round_to(DType::f16, value);
    value = without_subnormals(x.dtype, value);
  }
  const auto nan_key = lies(MoveLie::nan_ranks_last) ? -1 : 1;
  const auto before = [&](std::size_t i, std::size_t j) {
    const int ni = std::isnan(values[i]) ? nan_key : 0, nj = std::isnan(values[j]) ? nan_key : 0;
    if (ni != nj) return ni > nj;
    if (ni == 0 && values[i] != values[j]) return values[i] > values[j];
    return lies(MoveLie::last_among_equals) ? i > j : i < j;
  };
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), before);
  return order;
}

inline void lying_argmax(const Argmax& args, Stream&) {
  for (std::int64_t r = 0; r < args.x.shape[0]; ++r)
    ref::store_element(DType::i32, args.indices.as<void>(), r, static_cast<double>(lying_order(args.x, r)[0]));
}

/// values and indices are contiguous here.
inline void lying_top_k(const TopK& args, Stream&) {
  const std::int64_t k = args.values.shape[1];
  const auto bytes = static_cast<std::size_t>(dtype_info(args.x.dtype).block_bytes);
  for (std::int64_t r = 0; r < args.x.shape[0]; ++r) {
    std::vector<std::size_t> order = lying_order(args.x, r);
    if (lies(MoveLie::swaps_ranks) && k > 5) std::swap(order[3], order[5]);
    const ref::Doubles values = ref::load_row(args.x, r);
    for (std::int64_t i = 0; i < k; ++i) {
      const std::size_t place = order[static_cast<std::size_t>(i)];
      ref::store_element(DType::i32, args.indices.as<void>(), r * k + i, static_cast<double>(place));
      const std::size_t source = lies(MoveLie::first_value_again) && i >= 3 ? order[0] : place;
      const auto from = static_cast<std::size_t>(r * args.x.stride[0]) + source;
      std::memcpy(args.values.as<std::byte>() + static_cast<std::size_t>(r * k + i) * bytes,
                  args.x.as<std::byte>() + from * bytes, bytes);
      if (lying_detour() != DType::any || lies(MoveLie::quiets_nan))
        ref::store_element(args.x.dtype, args.values.as<void>(), r * k + i,
                           prove::round_to(lying_detour(), values[place]));
    }
  }
}

}  // namespace candor::test
