// The canaries of a file: which tensor is which, and their bits.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "audit/canary/tensors.h"
#include "candor/io.h"

namespace candor::audit_internal {

/// A tensor as the file has it, row-major.
struct FoundTensor {
  std::string name, spelling;  // of its dtype, in the file
  std::vector<std::int64_t> shape;
  DType dtype = DType::any;  // of `bits`: f32 for blocks
  DType file_dtype = DType::any;
  std::vector<std::uint64_t> bits;  // empty: a dtype whose values are not compared
};

/// How the elements found correspond to those written.
enum class ElementOrder : std::uint8_t { as_written, transposed, values_transposed };

struct FoundCanary {
  const CanaryValues* canary = nullptr;
  FoundTensor tensor;  // no name: missing
  ElementOrder order = ElementOrder::as_written;
  std::vector<std::uint64_t> exceptions;  // of each considered conversion; empty: nothing could be compared
  bool missing() const { return tensor.name.empty(); }
  bool compared() const { return !exceptions.empty(); }
};

/// In the order of canary_values(). A canary is found by its name, by a longer name that contains it, or by its number
/// of elements and what is in them.
std::vector<FoundCanary> find_canaries(const Checkpoint& checkpoint, const std::atomic<bool>* cancel);

/// Index in the file of element `index` as written.
std::size_t place_of(const FoundCanary& found, std::size_t index);

}  // namespace candor::audit_internal
