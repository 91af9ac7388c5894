// Operands, the expected values and the kernels of the matmul tests. The expected value is a scalar loop that
// multiplies and adds in the stated order (odd k before even k, fused, denormals flushed): bits must be equal, not
// close.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backend/cpu/matmul/matmul.h"
#include "core/view.h"
#include "kernels/kernel_row.h"
#include "tests/backend_cpu/test_stream.h"

namespace candor::test {

/// A matrix [rows, cols] or a vector (rows = 1, rank 1) between guards, with the values that its bytes mean.
class Operand {
 public:
  enum class Fill { normal, integers, tiny };  // tiny: denormals, -0, and values whose products are about 2^-126

  Operand() = default;
  Operand(DType dtype, std::int64_t rows, std::int64_t cols, Fill fill, std::uint64_t seed, std::int64_t row_gap = 0);

  void set(std::int64_t row, std::int64_t col, float value);  // scalar dtypes
  ConstView view() const;                                     // rank 2
  ConstView vector() const;                                   // rank 1: row 0
  float at(std::int64_t row, std::int64_t col) const { return values_[static_cast<std::size_t>(row * cols_ + col)]; }
  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }

 private:
  void fill_blocks(std::uint64_t seed);
  DType dtype_ = DType::any;
  std::int64_t rows_ = 0, cols_ = 0, stride_ = 0;
  std::vector<std::byte> bytes_;
  std::vector<float> values_;
};

/// A packed copy, made element by element with packed_index(); exactly as large as the layout.
class PackedOperand {
 public:
  explicit PackedOperand(const Operand& source);
  ConstView view() const { return view_; }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  ConstView view_;
};

/// A result between guards, its rows apart by a gap.
class Result {
 public:
  Result(DType dtype, std::int64_t rows, std::int64_t cols, std::int64_t row_gap = 3);
  View view() const;
  std::uint32_t bits(std::int64_t row, std::int64_t col) const;
  float value(std::int64_t row, std::int64_t col) const;
  bool guards_intact() const;

 private:
  DType dtype_;
  std::int64_t rows_, cols_, stride_;
  std::vector<std::byte> bytes_;
};

/// x[m, :] · w[n, :] in f32, before bias and rounding; the thread's denormal mode is set as the kernels set it.
float expected_dot(const Operand& x, std::int64_t m, const Operand& w, std::int64_t n);
/// sum + bias with denormals flushed; any NaN as the one that kernels give.
float expected_sum(float sum, float bias);
/// The one rounding; the bits of `dtype`.
std::uint32_t rounded_bits(DType dtype, float value);

/// The kernels of one storage pair on one ISA.
struct MatmulKernels {
  DType a, b;
  Isa isa;
  Launch<Matmul> matmul;
  Launch<QkvProjection> qkv;
  Launch<GatedLinear> gated;
};
const std::vector<MatmulKernels>& matmul_kernels();  // those that this machine runs

std::string describe(const MatmulKernels& kernels);

}  // namespace candor::test
