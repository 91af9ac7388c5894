// A hypothesis: one complete way in which an op's results may be formed from its operands. The prover predicts what
// each canary gives under every hypothesis, and keeps the hypotheses that predicted what the kernel gave.
#pragma once

#include <string>
#include <vector>

#include "candor/dtype.h"
#include "prove/rounding.h"

namespace candor::prove {

/// In which order a sum over k is formed.
enum class Order {
  odd_first,      // pairs of k rising, the odd element of a pair first: what VDPBF16PS does, and DESIGN's promise
  rising,         // one element after the other, which is also "pairs, even element first"
  halves_apart,   // two sums over the halves of K, added at the end
  sixteen_lanes,  // k, k + 16, k + 32 … in one of sixteen partial sums, added as a tree at the end
};

/// `any`: nothing is rounded there.
struct Arithmetic {
  DType entry_a = DType::any;                  // the first operand, on its way into the op
  DType entry_b = DType::any;                  // the second one
  DType entry_c = DType::any;                  // the third one: attention's values
  DType score_product = DType::any;            // attention: each product of q k; `product` is then that of P v
  DType score_sum = DType::f32;                // attention: the running sum of q k; `accumulate` is then that of P v
  DType scores = DType::any;                   // attention: what softmax is given
  DType product = DType::any;                  // each product before it is added; any: fused or exact
  DType inner = DType::any;                    // a value between two steps of the op: softmax's P, a norm's scale
  DType accumulate = DType::f32;               // the running sum, after every addition
  DType weight_sum = DType::f32;               // attention: the running sum of P
  DType before_out = DType::any;               // a format that the result passes through on its way to its storage
  Rounding rounding = Rounding::nearest_even;  // of the result
  bool flushes = false;                        // subnormal f32 operands and results count as zero
  bool loses_nan = false;                      // NaN comes out as something else
  bool skips_store = false;                    // what the op stores half-way and reads back is used unrounded
  Order order = Order::odd_first;
  friend bool operator==(const Arithmetic&, const Arithmetic&) = default;
};

/// What can be asked about an op. Bits of a set.
enum Question : unsigned {
  kEntryA = 1,
  kEntryB = 2,
  kEntryC = 4,
  kScoreProduct = 8,
  kScoreSum = 16,
  kScores = 32,
  kProduct = 64,
  kInner = 128,
  kAccumulate = 256,
  kWeightSum = 512,
  kStore = 1024,
  kBeforeOut = 2048,
  kRounding = 4096,
  kSubnormals = 8192,
  kNan = 16384,
  kOrder = 32768,
};
using Questions = unsigned;
inline constexpr Question kEveryQuestion[] = {kEntryA,   kEntryB,     kEntryC,     kScoreProduct, kScoreSum, kScores,
                                              kProduct,  kInner,      kAccumulate, kWeightSum,    kStore,    kBeforeOut,
                                              kRounding, kSubnormals, kNan,        kOrder};

/// "accumulation"
std::string question_text(Question question);
/// What `arithmetic` answers: "f32".
std::string answer(const Arithmetic& arithmetic, Question question);

/// What is different about `found`, in words: "accumulation: bf16, not f32; subnormals: flushed, not kept". "" when
/// nothing is.
std::string deviation(const Arithmetic& claimed, const Arithmetic& found, Questions asked);
/// In how many answers they differ.
int distance(const Arithmetic& x, const Arithmetic& y, Questions asked);

/// The storage of an op's operands and result: a rounding to a format that holds all of the storage is none.
struct Storage3 {
  DType a, b, out;
  std::uint64_t seed = 1;  // of the canaries that are drawn at random
};

/// Every hypothesis that differs from plain f32 arithmetic in at most two answers (and in whether sums are f64 and
/// whether subnormals are flushed), as far as the questions asked and the storage let them differ. The claim of the row
/// plays no part in it.
std::vector<Arithmetic> hypotheses(const Storage3& storage, Questions asked, Order usual_order);

}  // namespace candor::prove
