// The steps of candor prove, for one table and for one row.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "candor/prove.h"
#include "kernels/registry.h"
#include "prove/experiment.h"

namespace candor::prove {

/// A row and the storage to run it with.
struct Subject {
  const Backend* backend;
  const KernelRow* row;
  Storage3 storage;
};

/// The rows of `backend` that run here; `quick`: only those that dispatch could choose. Of the rows for one op and
/// precision these are the first one, and each later one that takes shapes which those before it refuse.
std::vector<const KernelRow*> rows_to_prove(const Backend& backend, bool quick);

/// The row's own storage. A row for any storage: f32 and bf16, and casts from each to the other.
std::vector<Storage3> storages_of(const KernelRow& row);

/// Experiments are costly to make, and the rows of one op and storage share one. Any thread may ask.
class Experiments {
 public:
  explicit Experiments(std::uint64_t seed = 1) : seed_(seed) {}
  const Experiment& of(const KernelRow& row, const Storage3& storage);

 private:
  using Key = std::tuple<std::size_t, DType, DType, DType>;
  struct Made {
    std::once_flag once;
    std::unique_ptr<Experiment> experiment;
  };
  std::uint64_t seed_;
  std::mutex mutex_;  // of the map; its values stay where they are
  std::map<Key, Made> made_;
};

RowProof prove_row(const Subject& subject, Experiments& experiments);

}  // namespace candor::prove
