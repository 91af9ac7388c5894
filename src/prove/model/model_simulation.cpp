#include "prove/model/model_simulation.h"

#include <cmath>

#include "prove/rounding.h"

namespace candor::prove {
namespace {

using Vector = std::vector<double>;

/// Every element as a dtype stores it.
Vector stored(DType dtype, Vector values) {
  for (double& value : values) value = round_to(dtype, value);
  return values;
}

/// One row of a matrix times x, pairs of k in order and the odd one first, as every matrix kernel promises.
double row_times(const std::vector<SparseMatrix::Element>& row, DType held, DType sum, const Vector& x) {
  double total = 0;
  const auto add = [&](const SparseMatrix::Element& element) {
    total = round_to(sum, total + round_to(held, element.value) * x[static_cast<std::size_t>(element.column)]);
  };
  for (std::size_t i = 0; i < row.size(); ++i) {
    const bool pair = i + 1 < row.size() && row[i].column % 2 == 0 && row[i + 1].column == row[i].column + 1;
    if (pair) add(row[i + 1]);
    add(row[i]);
    if (pair) ++i;
  }
  return total;
}

Vector times(const SparseMatrix& matrix, DType held, DType sum, const Vector& x) {
  Vector y;
  y.reserve(matrix.rows.size());
  for (const auto& row : matrix.rows) y.push_back(row_times(row, held, sum, x));
  return y;
}

Vector normed(const Vector& x, const Vector& weight, DType dtype) {
  double squares = 0;
  for (const double value : x) squares += value * value;
  const double rms = std::sqrt(squares / static_cast<double>(x.size()));
  Vector y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = round_to(dtype, x[i] / rms * weight[i]);
  return y;
}

void join(Vector& stream, const Vector& y, DType dtype) {
  for (std::size_t i = 0; i < stream.size(); ++i) stream[i] = round_to(dtype, stream[i] + y[i]);
}

Vector embedded(const Twin& twin, const Storage& at, TokenId token) {
  Vector x(static_cast<std::size_t>(twin.shape.channels));
  for (const auto& element : twin.weights.embedding.rows[static_cast<std::size_t>(token)])
    x[static_cast<std::size_t>(element.column)] =
        round_to(at[Station::embedded], round_to(at[Station::embedding_weights], element.value));
  return x;
}

Vector value_of(const Twin& twin, const Storage& at, const Vector& stream) {
  const Vector x = normed(stream, twin.weights.attention_norm, at[Station::normed]);
  const Vector v = times(twin.weights.value, at[Station::matrix_weights], at[Station::projection_sum], x);
  return stored(at[Station::kv], stored(at[Station::projected], v));
}

/// The mean of the values, for every head the one of its key/value head.
Vector attend(const Twin& twin, const Storage& at, const std::vector<Vector>& values) {
  const TwinShape& s = twin.shape;
  Vector y(static_cast<std::size_t>(s.heads * s.head_dim));
  for (std::int64_t i = 0; i < s.heads * s.head_dim; ++i) {
    const std::int64_t kv_head = i / s.head_dim / (s.heads / s.kv_heads);
    const std::size_t from = static_cast<std::size_t>(kv_head * s.head_dim + i % s.head_dim);
    double total = 0;
    for (const Vector& value : values) total = round_to(at[Station::attention_sum], total + value[from]);
    y[static_cast<std::size_t>(i)] = round_to(at[Station::attended], total / static_cast<double>(values.size()));
  }
  return y;
}

double silu(double x) { return x / (1 + std::exp(-x)); }

Vector feed_forward(const Twin& twin, const Storage& at, const Vector& x) {
  const TwinWeights& w = twin.weights;
  const DType held = at[Station::matrix_weights];
  Vector gated = times(w.gate, held, at[Station::gated_sum], x);
  const Vector up = times(w.up, held, at[Station::gated_sum], x);
  for (std::size_t i = 0; i < gated.size(); ++i) gated[i] = silu(gated[i]) * up[i];
  gated = stored(at[Station::gated], stored(DType::f32, gated));
  return stored(at[Station::fed], times(w.down, held, at[Station::down_sum], gated));
}

}  // namespace

std::string_view station_name(Station station) {
  static constexpr std::string_view kNames[] = {"weights of the embedding",
                                                "weights of the matrices",
                                                "weights of the output",
                                                "embedded tokens",
                                                "normed stream",
                                                "queries, keys and values",
                                                "KV cache",
                                                "result of attention",
                                                "attention output",
                                                "residual stream",
                                                "gated product",
                                                "feed-forward result",
                                                "logits",
                                                "sum of the projections",
                                                "sum over the keys",
                                                "sum of attention output",
                                                "sums of gate and up",
                                                "sum of feed-forward down",
                                                "sum of the logits"};
  static_assert(std::size(kNames) == kStations);
  return kNames[static_cast<int>(station)];
}

bool is_sum(Station station) { return station >= Station::projection_sum; }

Storage promised_storage(const ModelPrecision& precision, const TwinShape& file) {
  const auto held = [&](DType dtype) {
    return precision.weights == DType::any || is_block(precision.weights) ? dtype : precision.weights;
  };
  Storage storage;
  for (int i = 0; i < kStations; ++i)
    storage.at[i] = is_sum(static_cast<Station>(i)) ? precision.accumulate : precision.activations;
  storage[Station::embedding_weights] = held(file.embedding);
  storage[Station::matrix_weights] = held(file.matrix);
  storage[Station::output_weights] = held(file.output);
  storage[Station::kv] = precision.kv;
  storage[Station::logits] = DType::f32;
  return storage;
}

std::vector<double> simulate(const Twin& twin, const Storage& at, const std::vector<TokenId>& tokens) {
  const TwinWeights& w = twin.weights;
  std::vector<Vector> values;
  Vector stream;
  for (const TokenId token : tokens) {
    stream = embedded(twin, at, token);
    values.push_back(value_of(twin, at, stream));
  }
  const Vector attended = attend(twin, at, values);
  const Vector projected = times(w.output, at[Station::matrix_weights], at[Station::output_sum], attended);
  join(stream, stored(at[Station::attention_output], projected), at[Station::residual]);
  join(stream, feed_forward(twin, at, normed(stream, w.feed_forward_norm, at[Station::normed])), at[Station::residual]);
  const Vector x = normed(stream, w.final_norm, at[Station::normed]);
  return stored(at[Station::logits], times(w.head, at[Station::output_weights], at[Station::logit_sum], x));
}

}  // namespace candor::prove
