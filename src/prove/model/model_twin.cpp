#include "prove/model/model_twin.h"

#include <algorithm>
#include <cmath>

#include "prove/model/model_circuits.h"
#include "prove/rounding.h"

namespace candor::prove {
namespace {

using namespace circuits;

double loudness(Pair pair) { return pair == P || pair == R || pair == F || pair == H ? kLoud : 1.0; }

/// Circuits that one matrix reads from the normed stream.
class Inputs {
 public:
  Inputs(SparseMatrix& matrix, DType stored, Pair large, Pair small, Pair opposite)
      : matrix_(matrix), stored_(stored), large_(large), small_(small), opposite_(opposite) {}
  void from(Pair pair, std::int64_t row, double value) {
    for (std::int64_t side = 0; side < 2; ++side) matrix_.put(row, 2 * pair + side, value / 2 / loudness(pair));
  }
  void constant(std::int64_t row, double value) { from(large_, row, value); }
  /// value + step
  void fine(std::int64_t row, double value, double step) {
    from(large_, row, value);
    from(small_, row, step);
  }
  /// large + small - large
  void sum(std::int64_t row, double large, double small) {
    fine(row, large, small);
    from(opposite_, row, -large);
  }
  /// (1 + 2^-bits) 2^bits less 2^bits: 1, or 0 where the weight was rounded. Zero where the file cannot hold it.
  void weight(std::int64_t row, int bits) {
    const double one = std::ldexp(1.0, bits), canary = one + 1;
    if (!holds(stored_, canary)) return;
    from(large_, row, canary);
    from(opposite_, row, -one);
  }

 private:
  SparseMatrix& matrix_;
  DType stored_;
  Pair large_, small_, opposite_;
};

void plant_values(const TwinShape& shape, SparseMatrix& value) {
  Inputs in(value, shape.matrix, P, Q, R);
  for (const std::int64_t row : {0, 2, 4}) in.constant(row, 1);
  in.fine(1, 1, 0x1p-9);
  in.fine(3, 1, 0x1p-12);
  in.sum(5, 2048, 3);
  in.sum(6, 0x1p15, 0x1p-9);
  in.weight(7, 9);
  in.weight(8, 12);
  in.from(Z, 9, 0x1p-9);
  in.from(Z, 10, 0x1p-12);
  in.fine(11, 1, 0x1p-7);
  in.fine(12, 1, 0x1p-10);
  in.from(Q, 13, 1);
  for (std::int64_t side = 0; side < 2; ++side) {  // G and H alone leave the feed-forward off, and f16 in its range
    value.put(13, 2 * G + side, 1024);
    value.put(13, 2 * H + side, -1024);
  }
}

/// Outcomes into the channels that are read: those of attention.
void plant_output(const TwinShape& shape, SparseMatrix& output) {
  const std::int64_t group = shape.heads / shape.kv_heads;
  const auto put = [&](std::int64_t read, std::int64_t value_row, double weight) {
    const std::int64_t head = value_row / shape.head_dim * group;  // the first that reads this key/value head
    output.put(kRead + read, head * shape.head_dim + value_row % shape.head_dim, weight);
  };
  const auto difference = [&](std::int64_t read, std::int64_t value_row, double weight) {
    put(read, value_row, weight);
    put(read, 0, -weight);
  };
  difference(0, 1, 512);
  difference(1, 3, 4096);
  put(2, 5, 1);
  put(3, 6, 512);
  put(4, 7, 1);
  put(5, 8, 1);
  for (const auto& [read, step] : {std::pair{6, 0x1p-9}, std::pair{7, 0x1p-12}}) {
    put(read, 0, 1);
    put(read, 2, step);
  }
  put(8, 0, 2048);
  put(8, 2, 3);
  put(8, 4, -2048);
  difference(9, 11, 256);
  difference(10, 12, 2048);
  put(11, 13, 1);
  put(13, 9, 1);
  put(14, 10, 1);
}

/// A gate of 64 is passed by every activation as it is: the product is that of `up`.
void plant_gated(const TwinShape& shape, SparseMatrix& gate_weights, SparseMatrix& up_weights) {
  Inputs gate(gate_weights, shape.matrix, F, G, H), up(up_weights, shape.matrix, F, G, H);
  for (const std::int64_t row : {0, 1, 2, 3, 4, 5, 6, 10, 12}) gate.constant(row, 64);
  for (const std::int64_t row : {0, 2, 4}) up.constant(row, 0x1p-6);
  up.fine(1, 0x1p-6, 0x1p-15);
  up.fine(3, 0x1p-6, 0x1p-18);
  up.sum(5, 2048, 3);
  up.sum(6, 0x1p24, 1);
  gate.sum(7, 2048, 3);
  gate.sum(8, 0x1p24, 1);
  gate.weight(9, 9);
  up.weight(10, 9);
  gate.weight(11, 12);
  up.weight(12, 12);
  for (const std::int64_t row : {7, 8, 9, 11}) up.constant(row, 1);
  gate.from(K, 13, 64);
  up.from(K, 13, 0x1p-6);
}

void plant_down(SparseMatrix& down) {
  const auto put = [&](std::int64_t read, std::int64_t column, double weight) {
    down.put(kRead + read, column, weight);
  };
  put(0, 1, 512);
  put(0, 0, -512);
  put(1, 3, 4096);
  put(1, 0, -4096);
  for (const auto& [read, column] : {std::pair{2, 5}, std::pair{3, 6}, std::pair{7, 10}, std::pair{9, 12}})
    put(read, column, 0x1p-6);
  for (const auto& [read, column] : {std::pair{4, 7}, std::pair{5, 8}, std::pair{6, 9}, std::pair{8, 11}})
    put(read, column, 1);
  for (const auto& [read, step] : {std::pair{10, 0x1p-9}, std::pair{11, 0x1p-12}}) {
    put(read, 0, 1);
    put(read, 2, step);
  }
  put(12, 0, 2048);
  put(12, 2, 3);
  put(12, 4, -2048);
  put(13, 13, -1);
  put(14, 13, -1);
}

/// Its canaries read the first channel of a pair, which is 1 whether the pair is on or off.
void plant_head(const TwinShape& shape, SparseMatrix& head) {
  for (std::int64_t read = 0; read < kReads; ++read) {
    head.put(read, kRead + read, 1);
    head.put(read, kReference, -1);
  }
  for (const auto& [row, read, scale] :
       {std::tuple{scaled_6, 6, 512}, std::tuple{scaled_7, 7, 4096}, std::tuple{scaled_10, 10, 512},
        std::tuple{scaled_11, 11, 4096}, std::tuple{scaled_13, 13, 512}, std::tuple{scaled_14, 14, 4096}})
    head.put(row, kRead + read, scale);
  const auto from = [&](Row row, Pair pair, double value) { head.put(row, 2 * pair, value / loudness(pair)); };
  for (const auto& [row, large, small_term] : {std::tuple{head_sum, 2048.0, 3.0}, std::tuple{head_f64, 0x1p24, 1.0}}) {
    from(row, P, large);
    from(row, Q, small_term);
    from(row, R, -large);
  }
  for (const auto& [row, one] : {std::pair{head_weight_9, 512.0}, std::pair{head_weight_12, 4096.0}}) {
    if (!holds(shape.output, one + 1)) continue;
    from(row, P, one + 1);
    from(row, R, -one);
  }
  from(logit, P, 1);
  from(logit, Q, 0x1p-20);
  head.put(plain, kReference, 1);
}

}  // namespace

void SparseMatrix::put(std::int64_t row, std::int64_t column, double value) {
  std::vector<Element>& elements = rows[static_cast<std::size_t>(row)];
  const auto place = std::lower_bound(elements.begin(), elements.end(), column,
                                      [](const Element& element, std::int64_t c) { return element.column < c; });
  elements.insert(place, {column, value});
}

std::int64_t Twin::vocabulary() const { return kVocabulary; }

std::string twin_refusal(const TwinShape& shape) {
  const auto too_few = [](const char* what, std::int64_t has, std::int64_t wants) -> std::string {
    return has >= wants ? "" : std::to_string(has) + " " + what + ", and canaries take " + std::to_string(wants);
  };
  for (const std::string& text :
       {too_few("channels", shape.channels, kRead + kReads),
        too_few("key/value channels", shape.kv_heads * shape.head_dim, kValues),
        too_few("elements in a head", shape.head_dim, 6), too_few("feed-forward channels", shape.feed_forward, kGated)})
    if (!text.empty()) return text;
  return "";
}

Twin make_twin(const TwinShape& shape) {
  Twin twin{.shape = shape, .weights = {}, .sequences = {}, .readings = {}};
  TwinWeights& w = twin.weights;
  w.embedding = SparseMatrix(kVocabulary, shape.channels);
  w.value = SparseMatrix(shape.kv_heads * shape.head_dim, shape.channels);
  w.output = SparseMatrix(shape.channels, shape.heads * shape.head_dim);
  w.gate = w.up = SparseMatrix(shape.feed_forward, shape.channels);
  w.down = SparseMatrix(shape.channels, shape.feed_forward);
  w.head = SparseMatrix(kVocabulary, shape.channels);
  w.attention_norm.assign(static_cast<std::size_t>(shape.channels), 1);
  w.feed_forward_norm = w.final_norm = w.attention_norm;
  for (std::size_t side = 0; side < 2; ++side) {
    for (const std::size_t pair : {P, R}) w.attention_norm[2 * pair + side] = w.final_norm[2 * pair + side] = kLoud;
    for (const std::size_t pair : {F, H}) w.feed_forward_norm[2 * pair + side] = kLoud;
  }
  plant_embedding(shape.embedding, w.embedding);
  plant_values(shape, w.value);
  plant_output(shape, w.output);
  plant_gated(shape, w.gate, w.up);
  plant_down(w.down);
  plant_head(shape, w.head);
  twin.sequences = twin_sequences();
  twin.readings = twin_readings();
  return twin;
}

}  // namespace candor::prove
