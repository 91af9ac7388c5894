// Online softmax over one chunk of keys for rows (queries × heads of a group) that share a key/value head. Decode and
// flash both call attend_chunk() and merge chunks in rising order with merge_rows(), so that a row's bits depend on
// nothing but its own query and keys.
#pragma once

#include "backend/cpu/attention/attention_products-inl.h"
#include "backend/cpu/simd/math-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

inline constexpr std::int64_t kTaskRows = 64;  // most rows of one task

/// A partial result of every row: exp-weighted values, the sum of the weights, the maximum they are relative to.
struct RowSums {
  float* maximum;  // [rows]
  float* weight;   // [rows][16] lane partials inside a chunk; [rows] with stride 16 after it
  float* acc;      // [rows][padded]
};

/// Scratch of one worker; every part 64-byte aligned.
struct AttentionScratch {
  QueryWord* q;           // [rows][query_words(D)]
  float* p;               // [kRowBlock][64]
  float* tiles;           // [4][D][16]
  float* values;          // [64][padded]
  float* spare;           // [17][padded]
  RowSums chunk, total;
  std::int64_t visible[kTaskRows];  // keys that each row sees; never falling
};

constexpr std::int64_t row_sums_floats(std::int64_t padded) { return kTaskRows * (1 + kLanes + padded); }

constexpr std::size_t attention_scratch_bytes(std::int64_t padded) {
  return sizeof(float) * static_cast<std::size_t>(kTaskRows * padded + kRowBlock * kBlock + 2 * kBlock * padded +
                                                  (kLanes + 1) * padded + 2 * row_sums_floats(padded));
}

CANDOR_INLINE RowSums carve_row_sums(float*& next, std::int64_t padded) {
  RowSums sums{next, next + kTaskRows, next + kTaskRows * (1 + kLanes)};
  next += row_sums_floats(padded);
  return sums;
}

CANDOR_INLINE void carve_scratch(std::byte* bytes, std::int64_t padded, AttentionScratch& scratch) {
  float* next = reinterpret_cast<float*>(bytes);
  const auto take = [&next](std::int64_t floats) {
    float* part = next;
    next += floats;
    return part;
  };
  scratch.q = reinterpret_cast<QueryWord*>(take(kTaskRows * padded));
  scratch.p = take(kRowBlock * kBlock);
  scratch.tiles = take(kBlock * padded);
  scratch.values = take(kBlock * padded);
  scratch.spare = take((kLanes + 1) * padded);
  scratch.chunk = carve_row_sums(next, padded);
  scratch.total = carve_row_sums(next, padded);
}

CANDOR_INLINE void scale_row(float* row, std::int64_t n, float factor) {
  for (std::int64_t i = 0; i < n; i += kLanes) store(row + i, mul(load(row + i), set1(factor)));
}

CANDOR_INLINE float exp_one(float x) {
  alignas(64) float lanes[kLanes];
  store(lanes, exp_nonpositive(set1(x)));
  return lanes[0];
}

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
  F32x16 sum = load(weight);
  for (int t = 0; t < kTilesPerBlock; ++t) {
    const F32x16 p = exp_nonpositive(sub(s[t], set1(maximum)));
    store(scores + t * kLanes, p);
    sum = add(sum, p);
  }
  store(weight, sum);
}

struct RowBlockProducts {
  void (*score)(const QueryWord* q, const float* tiles, std::int64_t dim, std::int64_t count, float* scores);
  void (*add)(const float* p, const float* values, std::int64_t padded, std::int64_t begin, std::int64_t end, float* acc);
};

/// The products for 1 … kRowBlock rows.
template <class B> CANDOR_INLINE RowBlockProducts products_for(std::int64_t rows) {
#if CANDOR_ISA_LEVEL > 0
  switch (rows) {
    case 2: return {score_rows<B, 2>, add_values<2>};
    case 3: return {score_rows<B, 3>, add_values<3>};
    case 4: return {score_rows<B, 4>, add_values<4>};
    case 5: return {score_rows<B, 5>, add_values<5>};
    case 6: return {score_rows<B, 6>, add_values<6>};
    default: break;
  }
#endif
  (void)rows;
  return {score_rows<B, 1>, add_values<1>};
}

/// Rows [r, r + n) against the packed block that starts at key `first`.
template <class B>
CANDOR_INLINE void attend_rows(AttentionScratch& scratch, const KeyBlock<B>& keys, std::int64_t first, std::int64_t r,
                               std::int64_t n, float scale) {
  const RowBlockProducts products = products_for<B>(n);
  RowSums& sums = scratch.chunk;
  float* acc = sums.acc + r * keys.padded;
  std::int64_t count[kRowBlock];  // never falling
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t left = scratch.visible[r + i] - first;
    count[i] = left < kBlock ? left : kBlock;
  }
  products.score(scratch.q + r * query_words(keys.dim), scratch.tiles, keys.dim, count[n - 1], scratch.p);
  for (std::int64_t i = 0; i < n; ++i) {
    weigh_row(scratch.p + i * kBlock, count[i], scale, keys.padded, sums.maximum[r + i], sums.weight + (r + i) * kLanes,
              acc + i * keys.padded);
  }
  // A key that one row does not see must not touch its sums, not even with weight zero: V may hold NaN there.
  const std::int64_t shared = count[0] == count[n - 1] ? count[0] : count[0] / 2 * 2;
  products.add(scratch.p, scratch.values, keys.padded, 0, shared, acc);
  for (std::int64_t i = 0; i < n && shared < count[n - 1]; ++i) {
    add_values<1>(scratch.p + i * kBlock, scratch.values, keys.padded, shared, count[i], acc + i * keys.padded);
  }
}

/// scratch.chunk = the partial results of rows [0, rows) over keys [first, first + kAttentionChunk).
template <class B>
CANDOR_INLINE void attend_chunk(AttentionScratch& scratch, const KeyBlock<B>& keys, std::int64_t first,
                                std::int64_t rows, float scale) {
  RowSums& sums = scratch.chunk;
  for (std::int64_t r = 0; r < rows; ++r) sums.maximum[r] = -__builtin_inff();
  for (std::int64_t i = 0; i < rows * kLanes; ++i) sums.weight[i] = 0.0f;
  for (std::int64_t i = 0; i < rows * keys.padded; ++i) sums.acc[i] = 0.0f;
  const std::int64_t limit = scratch.visible[rows - 1];
  const std::int64_t end = first + kAttentionChunk < limit ? first + kAttentionChunk : limit;
  for (std::int64_t block = first; block < end; block += kBlock) {
    pack_block(keys, block, end - block < kBlock ? end - block : kBlock, scratch.tiles, scratch.values, scratch.spare);
    std::int64_t r = 0;
    while (scratch.visible[r] <= block) ++r;
    for (; r < rows; r += kRowBlock) {
      attend_rows(scratch, keys, block, r, rows - r < kRowBlock ? rows - r : kRowBlock, scale);
    }
  }
  for (std::int64_t r = 0; r < rows; ++r) sums.weight[r * kLanes] = reduce_add(load(sums.weight + r * kLanes));
}

/// total ⊕ part for one row: both brought to the larger maximum.
CANDOR_INLINE void merge_row(float& maximum, float& weight, float* acc, float part_maximum, float part_weight,
                             const float* part_acc, std::int64_t padded) {
  const float largest = part_maximum > maximum ? part_maximum : maximum;
  const F32x16 keep = set1(exp_one(maximum - largest)), take = set1(exp_one(part_maximum - largest));
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

/// Rows [first, first + rows) of the T · G rows (token-major) of one key/value head: q made ready, keys counted.
template <class A>
CANDOR_INLINE void load_queries(const Attention& args, std::int64_t batch, std::int64_t kv_head, std::int64_t first,
                                std::int64_t rows, AttentionScratch& scratch) {
  const std::int64_t tokens = args.q.shape[1], dim = args.q.shape[3], keys = args.k.shape[1];
  const std::int64_t group = args.q.shape[2] / args.k.shape[2], padded = (dim + kLanes - 1) / kLanes * kLanes;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t t = (first + r) / group, h = kv_head * group + (first + r) % group;
    const A* q = args.q.as<A>() + batch * args.q.stride[0] + t * args.q.stride[1] + h * args.q.stride[2];
    QueryWord* to = scratch.q + r * query_words(dim);
#if CANDOR_ISA_LEVEL >= 3
    (void)padded;
    __builtin_memcpy(to, q, static_cast<std::size_t>(dim) * sizeof(A));
#else
    widen_row(q, dim, padded, to);
#endif
    scratch.visible[r] = args.causal ? keys - tokens + t + 1 : keys;
  }
}

template <class B>
CANDOR_INLINE KeyBlock<B> head_keys(const Attention& args, std::int64_t batch, std::int64_t kv_head) {
  const std::int64_t dim = args.q.shape[3];
  return {args.k.as<B>() + batch * args.k.stride[0] + kv_head * args.k.stride[2],
          args.v.as<B>() + batch * args.v.stride[0] + kv_head * args.v.stride[2],
          args.k.stride[1], args.v.stride[1], dim, (dim + kLanes - 1) / kLanes * kLanes};
}

template <class Out>
CANDOR_INLINE Out* output_row(const Attention& args, std::int64_t batch, std::int64_t kv_head, std::int64_t row) {
  const std::int64_t group = args.q.shape[2] / args.k.shape[2];
  const std::int64_t t = row / group, h = kv_head * group + row % group;
  return args.y.template as<Out>() + batch * args.y.stride[0] + t * args.y.stride[1] + h * args.y.stride[2];
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
