// Where the circuits of a planted twin lie: channels, rows of the output matrix, tokens.
#pragma once

#include "prove/model/model_twin.h"

namespace candor::prove::circuits {

// Inputs are pairs of channels of ±1: alike, they switch a circuit on; unlike, their terms cancel and it is off. So the
// mean square of every embedding is exactly 1, and norms divide by 1 until a circuit's outcome joins the stream.
enum Pair : std::int64_t { P, Q, R, Z, F, G, H, K, pairs };
inline constexpr std::int64_t kReference = 2 * pairs;  // a channel that stays 1
inline constexpr std::int64_t kRead = kReference + 1;  // the first channel that takes an outcome
inline constexpr std::int64_t kReads = 15;
inline constexpr double kLoud = 1024;  // norm weight of a canary's large terms: f16 weights reach 2^24 by its help

// Rows of the output matrix: kReads outcomes less the reference, then these.
enum Row : std::int64_t {
  scaled_6 = kReads,
  scaled_7,
  scaled_10,
  scaled_11,
  scaled_13,
  scaled_14,
  head_sum,
  head_f64,
  head_weight_9,
  head_weight_12,
  logit,
  plain,
  head_rows,
};
enum Token : TokenId {
  none,
  attention,
  without_small,
  large,
  small,
  opposite,
  feed_forward,
  residual,
  norm,
  fine,
  tokens
};

inline constexpr std::int64_t kVocabulary = 32;
static_assert(head_rows <= kVocabulary && tokens <= kVocabulary);
inline constexpr std::int64_t kValues = 14, kGated = 14;  // rows of the value and gate matrices that circuits use

/// Every token's row: ±1, but for the two whose values themselves are canaries.
void plant_embedding(DType stored, SparseMatrix& embedding);
std::vector<std::vector<TokenId>> twin_sequences();
std::vector<TwinReading> twin_readings();

}  // namespace candor::prove::circuits
