// A model as it is seen from outside: what its file holds, what loading and running it took.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "candor/generate.h"
#include "candor/io.h"
#include "candor/receipt.h"
#include "prove/bytes/process_memory.h"
#include "prove/model/model_twin.h"

namespace candor::prove {

/// The weights that a file has, each tensor once, and what they become under a precision.
struct FileWeights {
  struct Entry {
    std::string name;
    DType stored, held;
    std::uint64_t elements, placed;  // placed: with the rows and columns that fill packed tiles
    bool vector;                     // norms and biases
  };
  std::vector<Entry> entries;
  TwinShape dtypes;     // those of a twin; its extents are not set
  bool blocks = false;  // some of the weights are held in blocks
  std::map<DType, std::uint64_t> held_bytes() const;
};
FileWeights file_weights(const Checkpoint& checkpoint, DType wanted, bool tied);

struct ModelMeasurement {
  ModelInfo info;
  LoadOptions load;
  FileWeights file;
  std::vector<MemoryEntry> before, loaded, with_cache;
  std::optional<ProcessMemory> memory_before, memory_after;  // around loading and running
  std::optional<std::uint64_t> peak;                         // above memory_before, files that are mapped too
  std::string peak_how;
  std::uint64_t kv_bytes = 0;
  std::int64_t context = 0;
  std::vector<KernelEntry> kernels;  // of the forward passes
  std::vector<CastEntry> load_casts, run_casts;
  std::vector<ExplainedOp> plan;
  std::int64_t prefill = 0, decode = 0;  // tokens
};

/// Loads the model and feeds it a prompt, then single tokens. errors: as LanguageModel::load
ModelMeasurement measure_model(const std::string& path, const LoadOptions& load);

}  // namespace candor::prove
