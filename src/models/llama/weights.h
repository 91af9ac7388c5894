// The tensors of a Llama-like model, and what each is called in either file format.
#pragma once

#include <string>
#include <vector>

#include "models/llama/config.h"
#include "nn/gated_feed_forward.h"
#include "nn/linear.h"

namespace candor::models {

struct LlamaLayer {
  Tensor attention_norm;              // [C]
  nn::Linear query, key, value;       // [H·D, C] [Hkv·D, C] [Hkv·D, C]
  nn::Linear output;                  // [C, H·D]
  Tensor feed_forward_norm;           // [C]
  nn::GatedFeedForward feed_forward;  // [F, C] [F, C] [C, F]
};

struct LlamaWeights {
  Tensor embedding;  // [V, C]
  std::vector<LlamaLayer> layers;
  Tensor norm;    // [C]
  Tensor output;  // [V, C]; shares the embedding's storage when tied
};

enum class WeightRole : std::uint8_t { matrix, embedding, norm, bias };

/// One tensor that the model needs.
struct WeightSlot {
  std::string name;   // in the file
  std::string where;  // "layer 3: attention query"
  Shape shape;
  WeightRole role = WeightRole::matrix;
  Tensor* tensor = nullptr;  // where it goes
};

/// Every tensor that `config` calls for, in the order of the forward pass. The slots point into `weights`, whose layers
/// are created here; the tied output has no slot.
std::vector<WeightSlot> weight_slots(const LlamaConfig& config, CheckpointFormat format, LlamaWeights& weights);

/// Tensors that act without being weights: rotary divisors, which the configuration takes in.
bool read_with_configuration(CheckpointFormat format, const std::string& name);

/// Tensors a file may carry that the model does not read, with the reason; empty: it must not be there.
std::string unread_reason(const LlamaConfig& config, CheckpointFormat format, const std::string& name);

}  // namespace candor::models
