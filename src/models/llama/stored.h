// What a checkpoint holds for each weight slot, and what it becomes in memory.
#pragma once

#include <string>
#include <vector>

#include "candor/precision.h"
#include "models/llama/weights.h"

namespace candor::models {

/// A slot and the tensor of the file behind it.
struct StoredWeight {
  WeightSlot slot;
  const TensorEntry* entry = nullptr;
  DType held = DType::any;          // dtype in memory
  Layout layout = Layout::strided;  // in memory
  bool converts() const { return held != entry->dtype; }
};

/// "FILE: tensor 'NAME'" for errors.
std::string describe(const Checkpoint& checkpoint, const TensorEntry& entry);

/// Finds every slot's tensor. errors: FormatError (missing, wrong shape, unknown tensor in the file),
/// UnsupportedPrecision (the precision asks for blocks that the file does not have)
std::vector<StoredWeight> stored_weights(const Checkpoint& checkpoint, const LlamaConfig& config,
                                         const ModelPrecision& precision, LlamaWeights& weights);

/// One note per kind of tensor that the file holds and the model does not read.
std::vector<std::string> unread_notes(const Checkpoint& checkpoint, const LlamaConfig& config);

}  // namespace candor::models
