// The same bits from every row of a class, for every number of threads, and for a row alone as in a batch.
#pragma once

#include <span>

#include "candor/prove.h"
#include "prove/bits/bits_case.h"
#include "prove/prove_kernels.h"

namespace candor::prove {

/// One check for each op, storage and arithmetic of the installed backends that are not the reference.
/// errors: OutOfMemory, Cancelled
std::vector<ProofCheck> prove_same_bits(const ProveOptions& options);
/// The same for these backends, whose numbers of workers are restored.
std::vector<ProofCheck> prove_same_bits(std::span<const Backend> backends, const ProveOptions& options);

/// Rows that are held to the same bits: one backend, one op, one storage, one format of products and sums, one rule for
/// subnormals.
struct BitsClass {
  std::vector<Subject> subjects;
  std::string text() const;  // "matmul bf16·bf16→f32 f32/f32, subnormals flushed"
};
std::vector<BitsClass> bits_classes(std::span<const Backend> backends, const ProveOptions& options);

/// Where two results of one case differ first: "row 5, column 17: 0.5 and 0.501"; "" where they do not.
/// `one` and `other` are the results' bytes, one result after the other.
std::string first_difference(const std::vector<View>& results, std::span<const std::byte> one,
                             std::span<const std::byte> other);

}  // namespace candor::prove
