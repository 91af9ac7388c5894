// The forward pass of a Llama-like model. The same function runs with real weights and, for dry runs, with shape-only
// ones.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "candor/precision.h"
#include "models/llama/weights.h"
#include "nn/kv_cache.h"

namespace candor::models {

struct LlamaModel {
  LlamaConfig config;
  LlamaWeights weights;
  ModelPrecision precision;
  ExecPolicy policy;
  std::vector<float> frequencies;  // [R]  rotary angle per position

  nn::KvCacheShape kv_shape(std::int64_t capacity) const {
    return {config.layers, capacity, config.kv_heads, config.head_dim, precision.kv};
  }
};

/// Hears where in the model the next ops belong; layer -1: outside the layers.
class ForwardObserver {
 public:
  virtual ~ForwardObserver() = default;
  virtual void at(std::int64_t layer, std::string_view part) = 0;
};

enum class Rows : std::uint8_t { none, last, all };  // whose hidden states are wanted

struct ForwardOptions {
  Rows rows = Rows::last;
  const std::atomic<bool>* cancel = nullptr;  // looked at before every layer
  ForwardObserver* observer = nullptr;
};

/// Runs ids [T] i32 at positions first … first + T - 1: writes their keys and values into the cache and returns the
/// normalised hidden states of the wanted rows, [1 or T, C]; undefined for Rows::none.
/// errors   Cancelled, UnsupportedPrecision
Tensor llama_hidden(const LlamaModel& model, const Tensor& ids, std::int64_t first, nn::KvCache& cache,
                    const ForwardOptions& options);

/// Logits of hidden states: [R, C] -> [R, V] f32.
Tensor llama_logits(const LlamaModel& model, const Tensor& hidden, ForwardObserver* observer = nullptr);

}  // namespace candor::models
