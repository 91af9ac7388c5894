// The planted twin of a model: its extents and storage, with weights in which every step between two ops has values
// that one storage dtype keeps and another drops.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "candor/dtype.h"
#include "candor/text.h"

namespace candor::prove {

/// What the twin takes over from the model.
struct TwinShape {
  std::int64_t channels = 0, heads = 0, kv_heads = 0, head_dim = 0, feed_forward = 0;
  DType embedding = DType::bf16, matrix = DType::bf16, norm = DType::bf16, output = DType::bf16;  // in the file
};

/// A matrix of zeros and a few values; `rows[i]` by rising column.
struct SparseMatrix {
  struct Element {
    std::int64_t column;
    double value;
  };
  std::int64_t columns = 0;
  std::vector<std::vector<Element>> rows;

  SparseMatrix() = default;
  SparseMatrix(std::int64_t row_count, std::int64_t column_count)
      : columns(column_count), rows(static_cast<std::size_t>(row_count)) {}
  void put(std::int64_t row, std::int64_t column, double value);
};

/// The first layer; the second one's matrices are zero and its norms one.
struct TwinWeights {
  SparseMatrix embedding;  // [V, C]
  SparseMatrix value;      // [Hkv·D, C]  queries and keys are zero: every key weighs the same
  SparseMatrix output;     // [C, H·D]
  SparseMatrix gate, up;   // [F, C]
  SparseMatrix down;       // [C, F]
  SparseMatrix head;       // [V, C]
  std::vector<double> attention_norm, feed_forward_norm, final_norm;  // [C]
};

/// Tokens that are fed, and what one logit after the last of them says.
struct TwinReading {
  std::string name;
  std::size_t sequence = 0;  // index into Twin::sequences
  std::int64_t row = 0;      // of the output matrix
  double tolerance = 0;      // relative: less than what separates the outcomes, more than what f32 leaves open
};

struct Twin {
  TwinShape shape;
  TwinWeights weights;
  std::vector<std::vector<TokenId>> sequences;
  std::vector<TwinReading> readings;
  std::int64_t vocabulary() const;
};

inline constexpr std::int64_t kTwinLayers = 2;  // all but the last one attend with every row of a prefill

/// Why a model of these extents has no twin; "": it has one.
std::string twin_refusal(const TwinShape& shape);
Twin make_twin(const TwinShape& shape);

/// config.json and model.safetensors. errors: IoError
void write_twin(const Twin& twin, const std::string& folder);

}  // namespace candor::prove
