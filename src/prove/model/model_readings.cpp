// The tokens of a planted twin, and what its logits are read for.
#include <algorithm>
#include <cmath>

#include "prove/model/model_circuits.h"
#include "prove/rounding.h"

namespace candor::prove::circuits {
namespace {

void plant_token(SparseMatrix& embedding, Token token, std::vector<Pair> on, std::vector<std::int64_t> negative) {
  for (std::int64_t c = 0; c < embedding.columns; ++c) {
    const bool off = c < kReference && c % 2 == 1 && std::find(on.begin(), on.end(), Pair(c / 2)) == on.end();
    const bool minus = std::find(negative.begin(), negative.end(), c - kRead) != negative.end();
    embedding.put(token, c, off || minus ? -1 : 1);
  }
}

/// The embedding whose root mean square makes 1 / rms fall well apart in every dtype, and near no tie.
double uneven_value(std::int64_t channels) {
  double best = 3, widest = 0;
  for (double value = 3; value < 64; value += 1) {
    const double n = static_cast<double>(channels), y = 1 / std::sqrt((n - 1 + value * value) / n);
    const double bf16 = round_to(DType::bf16, y), f16 = round_to(DType::f16, y);
    const double tie = std::abs(std::abs(y - f16) / y - 0x1p-11);
    const double apart = std::min({std::abs(bf16 - y) / y, std::abs(f16 - y) / y, std::abs(bf16 - f16) / y, tie});
    if (apart > widest) {
      widest = apart;
      best = value;
    }
  }
  return best;
}

constexpr double kExact = 0x1p-20, kClose = 0x1p-5, kWide = 0.25;

const TwinReading kReadings[] = {
    {"output: 2048 + 3 - 2048", 0, head_sum, kExact},
    {"output: 2^24 + 1 - 2^24", 0, head_f64, kExact},
    {"output: weight 1 + 2^-9 less 1", 0, head_weight_9, kExact},
    {"output: weight 1 + 2^-12 less 1", 0, head_weight_12, kExact},
    {"logit 1 + 2^-20", 0, logit, kExact / 4},
    {"values 1 + 2^-9 less 1", 1, 0, kClose},
    {"values 1 + 2^-12 less 1", 1, 1, kClose},
    {"values: 2048 + 3 - 2048", 1, 2, kClose},
    {"values: 2^15 + 2^-9 - 2^15", 1, 3, kClose},
    {"values: weight 1 + 2^-9 less 1", 1, 4, kClose},
    {"values: weight 1 + 2^-12 less 1", 1, 5, kClose},
    {"attention output: 2048 + 3 - 2048", 1, 8, kClose},
    {"attention output 1 + 2^-9 joins -1", 1, scaled_6, kClose},
    {"attention output 1 + 2^-12 joins -1", 1, scaled_7, kClose},
    {"mean of 1 and 1 + 2^-7", 2, 9, kClose},
    {"mean of 1 and 1 + 2^-10", 2, 10, kClose},
    {"mean of 15 ones and 1 + 2^-7", 3, 9, kClose},
    {"mean of 2048, 14 ones and -2048", 4, 11, kWide},
    {"gated 1 + 2^-9 less 1", 5, 0, kClose},
    {"gated 1 + 2^-12 less 1", 5, 1, kClose},
    {"up: 2048 + 3 - 2048", 5, 2, kClose},
    {"up: 2^24 + 1 - 2^24", 5, 3, kClose},
    {"gate: 2048 + 3 - 2048", 5, 4, kClose},
    {"gate: 2^24 + 1 - 2^24", 5, 5, kClose},
    {"gate: weight 1 + 2^-9 less 1", 5, 6, kClose},
    {"up: weight 1 + 2^-9 less 1", 5, 7, kClose},
    {"gate: weight 1 + 2^-12 less 1", 5, 8, kClose},
    {"up: weight 1 + 2^-12 less 1", 5, 9, kClose},
    {"down: 2048 + 3 - 2048", 5, 12, kClose},
    {"feed-forward 1 + 2^-9 joins -1", 5, scaled_10, kClose},
    {"feed-forward 1 + 2^-12 joins -1", 5, scaled_11, kClose},
    {"residual 1 + 2^-9, then less 1", 6, scaled_13, kWide},
    {"residual 1 + 2^-12, then less 1", 6, scaled_14, kWide},
    {"1 over a root mean square", 7, plain, kExact},
    {"embedding 1 + 2^-9 less 1", 8, 0, kClose},
    {"embedding 1 + 2^-12 less 1", 8, 1, kClose},
};

}  // namespace

void plant_embedding(DType stored, SparseMatrix& embedding) {
  plant_token(embedding, none, {}, {});
  plant_token(embedding, attention, {P, Q, R}, {6, 7});
  plant_token(embedding, without_small, {P, R}, {});
  plant_token(embedding, large, {G}, {});
  plant_token(embedding, small, {Q}, {});
  plant_token(embedding, opposite, {H}, {});
  plant_token(embedding, feed_forward, {F, G, H}, {10, 11});
  plant_token(embedding, residual, {Z, K}, {});
  plant_token(embedding, norm, {}, {});
  plant_token(embedding, fine, {}, {});
  for (const auto& [read, value] : {std::pair{0, 1 + 0x1p-9}, std::pair{1, 1 + 0x1p-12}})
    if (holds(stored, value)) embedding.rows[fine][static_cast<std::size_t>(kRead + read)].value = value;
  embedding.rows[norm][static_cast<std::size_t>(kRead)].value = uneven_value(embedding.columns);
}

std::vector<std::vector<TokenId>> twin_sequences() {
  std::vector<TokenId> sixteen(15, without_small), long_sum(14, small);
  sixteen.push_back(attention);
  long_sum.insert(long_sum.begin(), large);
  long_sum.push_back(opposite);
  return {{none}, {attention}, {without_small, attention}, sixteen, long_sum, {feed_forward}, {residual},
          {norm}, {fine}};
}

std::vector<TwinReading> twin_readings() { return {std::begin(kReadings), std::end(kReadings)}; }

}  // namespace candor::prove::circuits
