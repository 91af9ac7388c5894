// Online softmax over the blocks of one chunk of keys, for rows (queries × heads of a group) that share a key/value
// head. Decode and flash both take blocks in rising order with attend_block() and chunks in rising order with
// merge_row(), so that a row's bits depend on nothing but its own query and keys.
#pragma once

#include "backend/cpu/attention/attention_products-inl.h"
#include "backend/cpu/simd/math-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// Running sums of rows: exp-weighted values, the sum of the weights, the maximum that both are relative to.
struct RowSums {
  float* maximum;  // [rows]
  float* weight;   // [rows][16]: lane partials until close_sums(), then the sum in lane 0
  float* acc;      // [rows][padded]
};

/// Rows (queries × heads of a group) that share a key/value head.
struct RowSet {
  std::int64_t rows;
  QueryWord* q;           // [rows][query_words(D)]
  std::int64_t* visible;  // [rows]: keys that each row sees; never falling
  RowSums sums;
};

/// One block of keys made ready, and the weights of kRowBlock rows.
struct BlockBuffers {
  float* p;       // [kRowBlock][64]
  float* tiles;   // [4][words(D)][16]
  float* values;  // [64][padded]
  float* spare;   // [17][padded]
};

/// Cuts scratch into parts; every part starts at 64 bytes.
struct Carver {
  float* next;
  CANDOR_ALWAYS_INLINE float* take(std::int64_t floats) {
    float* part = next;
    next += (floats + kLanes - 1) / kLanes * kLanes;
    return part;
  }
};

constexpr std::int64_t row_sums_floats(std::int64_t rows, std::int64_t padded) {
  return (rows + kLanes - 1) / kLanes * kLanes + rows * (kLanes + padded);
}
constexpr std::int64_t row_set_floats(std::int64_t rows, std::int64_t padded) {  // q and visible
  return rows * padded + (2 * rows + kLanes - 1) / kLanes * kLanes;
}
constexpr std::int64_t block_buffers_floats(std::int64_t padded) {
  return kRowBlock * kBlock + (2 * kBlock + kLanes + 1) * padded;
}

CANDOR_INLINE RowSums carve_row_sums(Carver& carver, std::int64_t rows, std::int64_t padded) {
  float* maximum = carver.take(rows);
  float* weight = carver.take(rows * kLanes);
  return {maximum, weight, carver.take(rows * padded)};
}

CANDOR_INLINE BlockBuffers carve_block_buffers(Carver& carver, std::int64_t padded) {
  float* p = carver.take(kRowBlock * kBlock);
  float* tiles = carver.take(kBlock * padded);
  float* values = carver.take(kBlock * padded);
  return {p, tiles, values, carver.take((kLanes + 1) * padded)};
}

CANDOR_INLINE void scale_row(float* row, std::int64_t n, float factor) {
  for (std::int64_t i = 0; i < n; i += kLanes) store(row + i, mul(load(row + i), set1(factor)));
}

CANDOR_INLINE float exp_one(float x) {
  alignas(64) float lanes[kLanes];
  store(lanes, exp_nonpositive(set1(x)));
  return lanes[0];
}

/// What exponents are relative to. While every score was -inf there is no maximum: exp(-inf - 0) = 0 are the weights of
/// keys that do not count, where -inf - -inf would be NaN.
CANDOR_ALWAYS_INLINE float exponent_base(float maximum) { return maximum > -__builtin_inff() ? maximum : 0.0f; }

/// scores [64] of one row become weights; its maximum and sums follow. Keys from `count` (1 … 64) on weigh nothing.
CANDOR_INLINE void weigh_row(float* scores, std::int64_t count, float scale, std::int64_t padded, float& maximum,
                             float* weight, float* acc) {
  F32x16 s[kTilesPerBlock];
  for (int t = 0; t < kTilesPerBlock; ++t) {
    s[t] = mul(load(scores + t * kLanes), set1(scale));
    if (count < (t + 1) * kLanes) {
      alignas(64) float lanes[kLanes];
      store(lanes, s[t]);
      for (int i = 0; i < kLanes; ++i) lanes[i] = t * kLanes + i < count ? lanes[i] : -__builtin_inff();
      s[t] = load(lanes);
    }
  }
  const float largest = reduce_max(max(max(s[0], s[1]), max(s[2], s[3])));
  if (largest > maximum) {
    const float factor = exp_one(maximum - largest);
    scale_row(weight, kLanes, factor);
    scale_row(acc, padded, factor);
    maximum = largest;
  }
  const F32x16 base = set1(exponent_base(maximum));
  F32x16 sum = load(weight);
  for (int t = 0; t < kTilesPerBlock; ++t) {
    const F32x16 p = exp_nonpositive(sub(s[t], base));
    store(scores + t * kLanes, p);
    sum = add(sum, p);
  }
  store(weight, sum);
}

struct RowBlockProducts {
  void (*score)(const QueryWord* q, const float* tiles, std::int64_t dim, std::int64_t count, float* scores);
  void (*add)(const float* p, const float* values, std::int64_t padded, std::int64_t begin, std::int64_t end,
              float* acc);
};

/// The products for 1 … kRowBlock rows.
template <class B>
CANDOR_INLINE RowBlockProducts products_for(std::int64_t rows) {
#if CANDOR_ISA_LEVEL > 0
  switch (rows) {
    case 2:
      return {score_rows<B, 2>, add_values<2>};
    case 3:
      return {score_rows<B, 3>, add_values<3>};
    case 4:
      return {score_rows<B, 4>, add_values<4>};
    case 5:
      return {score_rows<B, 5>, add_values<5>};
    case 6:
      return {score_rows<B, 6>, add_values<6>};
    default:
      break;
  }
#endif
  (void)rows;
  return {score_rows<B, 1>, add_values<1>};
}

/// Rows [r, r + n) of `set` against the packed block that starts at key `first`.
template <class B>
CANDOR_INLINE void attend_rows(const RowSet& set, const BlockBuffers& buffers, const HeadKeys<B>& keys,
                               std::int64_t first, std::int64_t r, std::int64_t n, float scale) {
  const RowBlockProducts products = products_for<B>(n);
  float* acc = set.sums.acc + r * keys.padded;
  std::int64_t count[kRowBlock];  // never falling
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t left = set.visible[r + i] - first;
    count[i] = left < kBlock ? left : kBlock;
  }
  products.score(set.q + r * query_words(keys.dim), buffers.tiles, keys.dim, count[n - 1], buffers.p);
  for (std::int64_t i = 0; i < n; ++i) {
    weigh_row(buffers.p + i * kBlock, count[i], scale, keys.padded, set.sums.maximum[r + i],
              set.sums.weight + (r + i) * kLanes, acc + i * keys.padded);
  }
  // A key that one row does not see must not touch its sums, not even with weight zero: V may hold NaN there.
  const std::int64_t shared = count[0] == count[n - 1] ? count[0] : count[0] / 2 * 2;
  products.add(buffers.p, buffers.values, keys.padded, 0, shared, acc);
  for (std::int64_t i = 0; i < n && shared < count[n - 1]; ++i) {
    add_values<1>(buffers.p + i * kBlock, buffers.values, keys.padded, shared, count[i], acc + i * keys.padded);
  }
}

CANDOR_INLINE void open_sums(const RowSums& sums, std::int64_t rows, std::int64_t padded) {
  for (std::int64_t r = 0; r < rows; ++r) sums.maximum[r] = -__builtin_inff();
  for (std::int64_t i = 0; i < rows * kLanes; ++i) sums.weight[i] = 0.0f;
  for (std::int64_t i = 0; i < rows * padded; ++i) sums.acc[i] = 0.0f;
}

CANDOR_INLINE void close_sums(const RowSums& sums, std::int64_t rows) {
  for (std::int64_t r = 0; r < rows; ++r) sums.weight[r * kLanes] = reduce_add(load(sums.weight + r * kLanes));
}

/// Last key of the chunk that starts at `first`, plus one, as far as some row sees it.
CANDOR_INLINE std::int64_t chunk_end(const RowSet& set, std::int64_t first) {
  const std::int64_t limit = set.visible[set.rows - 1], end = first + kAttentionChunk;
  return end < limit ? end : limit;
}

/// Adds keys [first, min(first + 64, end)) to the sums of every row that sees them.
template <class B>
CANDOR_INLINE void attend_block(const RowSet& set, const BlockBuffers& buffers, const HeadKeys<B>& keys,
                                std::int64_t first, std::int64_t end, Ahead ahead, float scale) {
  pack_block(keys, first, end - first < kBlock ? end - first : kBlock, ahead, buffers.tiles, buffers.values,
             buffers.spare);
  std::int64_t r = 0;
  while (set.visible[r] <= first) ++r;
  for (; r < set.rows; r += kRowBlock) {
    attend_rows(set, buffers, keys, first, r, set.rows - r < kRowBlock ? set.rows - r : kRowBlock, scale);
  }
}

/// total ⊕ part for one row: both brought to the larger maximum. A side without one weighs nothing.
CANDOR_INLINE void merge_row(float& maximum, float& weight, float* acc, float part_maximum, float part_weight,
                             const float* part_acc, std::int64_t padded) {
  const float largest = part_maximum > maximum ? part_maximum : maximum;
  const float base = exponent_base(largest);
  const F32x16 keep = set1(exp_one(maximum - base)), take = set1(exp_one(part_maximum - base));
  alignas(64) float lanes[kLanes];
  store(lanes, fma(set1(part_weight), take, mul(set1(weight), keep)));
  for (std::int64_t d = 0; d < padded; d += kLanes) {
    store(acc + d, fma(load(part_acc + d), take, mul(load(acc + d), keep)));
  }
  maximum = largest;
  weight = lanes[0];
}

/// y [D] = acc / weight, rounded once.
template <class Out>
CANDOR_INLINE void finish_row(const float* acc, float weight, std::int64_t dim, Out* y) {
  for (std::int64_t d = 0; d < dim; d += kLanes) {
    const F32x16 value = canonical_nan(div(load(acc + d), set1(weight)));
    if (dim - d >= kLanes) {
      store(y + d, value);
    } else {
      store_first(y + d, value, dim - d);
    }
  }
}

/// Rows first … of the T · G rows (token-major) of one key/value head: q made ready, keys counted.
template <class A>
CANDOR_INLINE void load_queries(const Attention& args, std::int64_t batch, std::int64_t kv_head, std::int64_t first,
                                const RowSet& set) {
  const std::int64_t tokens = args.q.shape[1], dim = args.q.shape[3], keys = args.k.shape[1];
  const std::int64_t group = args.q.shape[2] / args.k.shape[2], padded = (dim + kLanes - 1) / kLanes * kLanes;
  for (std::int64_t r = 0; r < set.rows; ++r) {
    const std::int64_t t = (first + r) / group, h = kv_head * group + (first + r) % group;
    const A* q = args.q.as<A>() + batch * args.q.stride[0] + t * args.q.stride[1] + h * args.q.stride[2];
    QueryWord* to = set.q + r * query_words(dim);
#if CANDOR_ISA_LEVEL >= 3
    (void)padded;
    __builtin_memcpy(to, q, static_cast<std::size_t>(dim) * sizeof(A));
#else
    widen_row(q, dim, padded, to);
#endif
    set.visible[r] = args.causal ? keys - tokens + t + 1 : keys;
  }
}

template <class B>
CANDOR_INLINE HeadKeys<B> head_keys(const Attention& args, std::int64_t batch, std::int64_t kv_head) {
  const std::int64_t dim = args.q.shape[3];
  return {args.k.as<B>() + batch * args.k.stride[0] + kv_head * args.k.stride[2],
          args.v.as<B>() + batch * args.v.stride[0] + kv_head * args.v.stride[2],
          args.k.stride[1],
          args.v.stride[1],
          dim,
          (dim + kLanes - 1) / kLanes * kLanes};
}

template <class Out>
CANDOR_INLINE Out* output_row(const Attention& args, std::int64_t batch, std::int64_t kv_head, std::int64_t row) {
  const std::int64_t group = args.q.shape[2] / args.k.shape[2];
  const std::int64_t t = row / group, h = kv_head * group + row % group;
  return args.y.template as<Out>() + batch * args.y.stride[0] + t * args.y.stride[1] + h * args.y.stride[2];
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
