// candor diff: what became of a checkpoint's values on their way into another, element by element.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "candor/dtype.h"
#include "candor/generate.h"

namespace candor {

/// What is said of a pair of tensors. docs/diff.md tells when.
enum class DiffStatus {
  equal,         // the same dtype, shape and bits
  same_values,   // another dtype, and every value is kept
  explained,     // one history predicts every value
  partly,        // none does, but one predicts most of the values that changed
  changed,       // none of those considered does
  transposed,    // the same elements with rows and columns exchanged
  reordered,     // the same rows, in the other order that GGUF's Llama files have for Q and K
  reshaped,      // other extents: not compared
  not_compared,  // dtypes whose values cannot be set side by side
  missing,       // in A only
  added,         // in B only
};
std::string_view diff_status_name(DiffStatus status);  // "equal", "same values", …

/// A way in which A's values may have become B's. Elements that are NaN in A count nowhere here.
struct DiffHistory {
  std::string name;                 // "rounded once", "through f16", …
  std::uint64_t explains = 0;       // elements whose value in B it predicts
  std::uint64_t differs = 0;        // elements of which it predicts something else than one rounding to B's dtype
  std::uint64_t differs_right = 0;  // of those, the ones that it predicts rightly
};

/// Elements of B that lie [low, high] steps of B's dtype above, or below, A's value rounded once.
struct DiffDistance {
  bool below = false;
  std::uint64_t low = 0, high = 0, count = 0;
};

/// One element that is not what one rounding would have made of it.
struct DiffWitness {
  std::string what;                               // "one step up", "became zero", "NaN became infinity", …
  std::uint64_t index = 0;                        // row-major
  std::vector<std::int64_t> position;             // the same by dimension
  std::uint64_t offset_a = 0, offset_b = 0;       // of its first byte, or of its block's, in its file
  std::uint64_t code_a = 0, code_b = 0;           // its bits; of elements in blocks those of the f32 value
  std::uint32_t bytes_a = 0, bytes_b = 0;         // of the codes
  double value_a = 0, value_b = 0, expected = 0;  // expected: A's value rounded once to B's dtype
};

/// Elements by what happened to them; unless it says otherwise, of those that are not NaN in A. Equal tensors are not
/// looked into: only the first three are filled.
struct DiffCounts {
  std::uint64_t elements = 0;                // all; of dtypes that are compared as bytes: their smallest units
  std::uint64_t kept = 0;                    // the same value, the sign of zero too
  std::uint64_t as_rounded = 0;              // what one rounding to B's dtype gives (of the same dtype: the same value)
  std::uint64_t changed = 0;                 // the others, and NaN that is another NaN or none
  std::uint64_t step_up = 0, step_down = 0;  // one step of B's dtype beside that
  std::uint64_t zeroed = 0;                  // not zero, became zero
  std::uint64_t overflowed = 0;              // finite, became infinite or NaN
  std::uint64_t saturated = 0;               // should be infinite, or NaN in f8_e4m3, and is finite
  std::uint64_t zero_signs = 0;              // zero with another sign
  std::uint64_t nans = 0;                    // NaN in A
  std::uint64_t nan_codes = 0;               // NaN in both, of the same dtype, other bits
  std::uint64_t nan_to_infinity = 0, nan_to_finite = 0;
  std::uint64_t small_a = 0, small_b = 0;        // 0 < |x| < 2^-17, where f16 is coarser than bf16
  std::uint64_t off_grid_a = 0, off_grid_b = 0;  // of those, no multiple of 2^-24: no value of f16
  std::uint64_t snapped = 0;                     // off f16's grid in A, on it in B
  std::uint64_t shared_source = 0;  // A's and B's value can be roundings of one wider value; of two dtypes only
  std::uint64_t neighbours = 0;     // one of the two values of B's dtype around A's, or A's value itself
};

struct TensorDiff {
  std::string name_a, name_b, file_a, file_b;  // "" where there is none
  std::string dtype_a, dtype_b;                // as the files spell them
  std::vector<std::int64_t> shape_a, shape_b;
  /// "name", "bytes", "transposed bytes", "values", "values in another row order"; "": no counterpart
  std::string matched_by;
  DiffStatus status = DiffStatus::changed;
  std::string history;            // that explains all, or most, of the values; "": none
  std::vector<std::string> also;  // others that predict the same for every element here
  std::string sentence;
  DiffCounts counts;
  double max_absolute = 0, max_relative = 0;  // |b - a| and |b - a| / |a| over finite elements
  std::uint64_t max_absolute_index = 0, max_relative_index = 0;
  std::vector<DiffHistory> histories;   // in a fixed order, one rounding first; empty: nothing to tell apart
  std::vector<DiffDistance> distances;  // from far below to far above, without empty ones
  std::vector<DiffWitness> witnesses;   // the first eight different pairs of codes
};

/// Tensors with the same history, together.
struct DiffClass {
  DiffStatus status = DiffStatus::changed;
  std::string history, dtype_a, dtype_b, sentence;
  std::uint64_t tensors = 0;
  std::uint64_t exceptions = 0;  // elements that the history does not predict
  DiffCounts counts;             // of all of them
  double max_relative = 0;
};

struct DiffReport {
  std::string path_a, path_b;
  bool equal = false;               // every tensor has a counterpart with the same dtype, shape and bits
  std::vector<TensorDiff> tensors;  // worst first
  std::vector<DiffClass> classes;   // worst first
  std::vector<std::string> notes;
  double seconds = 0;
};

struct DiffOptions {
  int threads = 0;                         // 0: one per core
  std::vector<std::string> only, exclude;  // glob patterns of tensor names, of A or of B
  bool v2_as_bf16 = false;                 // .npy of dtype V2: bf16, as ml_dtypes writes it
  ProgressCallback progress;               // called by one thread at a time, not always the same
  const std::atomic<bool>* cancel = nullptr;
};

/// Compares checkpoint B with A, which it came from: which values changed, by how much, and which conversion explains
/// every one of them. Tensors are matched by name, else by bytes, else by values. Reads each file once or twice; memory
/// does not grow with them. The result does not depend on the number of threads.
///   shapes    any, empty ones and scalars too; tensors of other extents are reported, not compared
///   dtypes    f64 … f8 and blocks with kernels by value; equal dtypes of any other kind by bytes
///   errors    IoError (missing, unreadable), FormatError (refused by its reader), ValueError (a pattern that names no
///             tensor, threads), Cancelled
///   gradient  none
///   source    docs/diff.md
DiffReport diff(const std::string& path_a, const std::string& path_b, const DiffOptions& options = {});

}  // namespace candor
