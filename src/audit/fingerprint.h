// What one pass over a tensor leaves behind: enough for every verdict, a few kilobytes, no weights.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/block_evidence.h"
#include "candor/audit.h"
#include "candor/dtype.h"

namespace candor::audit_internal {

/// Codes that occur, ascending, each with its count.
using CodeCounts = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

/// Joint histogram of an f32 or f64 tensor's finite non-zero values: exponent (-150 … 128, clamped) and trailing zero
/// bits of the significand with its hidden bit (0 … 23; f64: 0 … 52).
struct SignificandCounts {
  static constexpr int kLowest = -150, kHighest = 128;
  static constexpr int kExponents = kHighest - kLowest + 1, kZeros = 53;
  std::vector<std::uint64_t> counts;  // [kExponents, kZeros]; empty: not an f32 or f64 tensor
  std::uint64_t& at(int exponent, int zeros) {
    return counts[static_cast<std::size_t>((exponent - kLowest) * kZeros + zeros)];
  }
  std::uint64_t at(int exponent, int zeros) const {
    return counts[static_cast<std::size_t>((exponent - kLowest) * kZeros + zeros)];
  }
};

/// Different patterns, sign folded, that are neither zero nor a power of two, by trailing zeros of the significand:
/// [t] counts those with exactly t, f32's 23 explicit bits (f64: 52). Counting stops at kDistinctCap for each t, and
/// for t < 10 nothing is counted in f32 (t < 29 in f64).
inline constexpr std::uint64_t kDistinctCap = 4096;
using DistinctByZeros = std::array<std::uint64_t, 53>;

/// Elements of one class by index, the first eight of each. on_grid: small multiples of 2^-24 of bf16 values none of
/// which is off that lattice. block: where the first sampled block begins that fits the scheme that explains most.
/// narrow: three or more in a row whose significand would fit f32 in f64, 11 bits in f32, eight in f16, four in bf16
/// and is no power of two (zeros and powers of two may lie between), where more are such than chance makes (in f16 and
/// bf16: all). wide: one that would not fit, beside narrow ones.
struct ClassWitness {
  enum class Kind : std::uint8_t {
    off_grid,
    above_f16,
    at_65536,
    subnormal,
    infinity,
    nan,
    on_grid,
    block,
    narrow,
    wide
  };
  Kind kind = Kind::off_grid;
  std::uint64_t index = 0, code = 0;      // code: the element's bits
  std::optional<std::uint64_t> offset{};  // in its file, where index and dtype do not tell it: strided, compressed
};

struct Fingerprint {
  std::string name, file, type_name;  // type_name: the dtype as the file spells it
  DType dtype = DType::any;
  std::vector<std::int64_t> shape;
  std::uint64_t elements = 0, offset = 0, nbytes = 0;
  std::uint64_t identity = 0;  // hash of dtype, shape, histogram and sampled bytes: ties within a checkpoint

  /// Values as codes of `code_dtype`. 16-bit and 8-bit tensors: as stored. f32 and f64: only when every value is a
  /// value of bf16, else when every value is one of f16 (code_dtype says which); otherwise empty.
  DType code_dtype = DType::any;
  CodeCounts codes;
  SignificandCounts significands;                                     // f32 and f64 only, always
  DistinctByZeros distinct_by_zeros{};                                // f32 and f64 only
  std::uint64_t zeros = 0, infinities = 0, nans = 0, subnormals = 0;  // f32 and f64; others: from the codes
  double sum_squares = 0;                                             // f32 and f64, finite values, f64 arithmetic

  std::uint64_t rows = 0, zero_rows = 0;  // of tensors with two dimensions or more; last dimension is a row
  std::vector<ClassWitness> witnesses;
  BlockEvidence blocks;
};

}  // namespace candor::audit_internal
