// From a checkpoint to a model in memory, tensor by tensor.
#pragma once

#include <string>
#include <vector>

#include "candor/generate.h"
#include "models/llama/forward.h"

namespace candor::models {

/// Model without bytes: every tensor has the shape, dtype and layout that loading would give it.
/// errors   FormatError (a tensor missing, of the wrong shape, or unknown), UnsupportedPrecision (weights would have to
///          be quantised)
LlamaModel llama_shape_only(const Checkpoint& checkpoint, const LlamaConfig& config, const LoadOptions& options);

/// The rows that loading, prefill and decode would use, layers with the same answer together.
std::vector<ExplainedOp> llama_plan(const Checkpoint& checkpoint, const LlamaModel& shape_only);

/// errors   UnsupportedPrecision listing every row that the plan lacks, each with all its places
void require_rows(const Checkpoint& checkpoint, const LlamaModel& shape_only);

/// Dense matrices are packed in row pieces, each piece's file pages given back at once; blocks stay mapped unless the
/// precision asks for dense weights. Adds what was converted to config.notes.
/// errors   as LanguageModel::load
LlamaModel llama_load(const Checkpoint& checkpoint, const LlamaConfig& config, const LoadOptions& options);

}  // namespace candor::models
