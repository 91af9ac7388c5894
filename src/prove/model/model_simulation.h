// What the planted twin would answer if each of its steps were stored in a given dtype: a second forward pass, in f64.
#pragma once

#include <string>
#include <vector>

#include "candor/precision.h"
#include "prove/model/model_twin.h"

namespace candor::prove {

/// Places of a forward pass at which values are stored or summed.
enum class Station : int {
  embedding_weights,
  matrix_weights,
  output_weights,
  embedded,
  normed,
  projected,
  kv,
  attended,
  attention_output,
  residual,
  gated,
  fed,
  logits,
  projection_sum,
  attention_sum,
  output_sum,
  gated_sum,
  down_sum,
  logit_sum,
  count,
};
inline constexpr int kStations = static_cast<int>(Station::count);
/// "residual stream"
std::string_view station_name(Station station);
/// True where sums are formed: a dtype there is that of the running sum.
bool is_sum(Station station);

/// A dtype for every place.
struct Storage {
  DType at[kStations] = {};
  DType& operator[](Station station) { return at[static_cast<int>(station)]; }
  DType operator[](Station station) const { return at[static_cast<int>(station)]; }
  friend bool operator==(const Storage&, const Storage&) = default;
};

/// What a precision promises for a file of the twin's dtypes.
Storage promised_storage(const ModelPrecision& precision, const TwinShape& file);

/// Logits after the last of the tokens.
std::vector<double> simulate(const Twin& twin, const Storage& storage, const std::vector<TokenId>& tokens);

}  // namespace candor::prove
