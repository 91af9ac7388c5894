#include "tests/backend_cpu/matmul_operands.h"

#include <xmmintrin.h>

#include <cmath>
#include <cstring>
#include <string>

#include "core/blocks.h"
#include "core/formats.h"
#include "core/packed.h"
#include "tests/support/fill.h"

namespace candor::test {
namespace {

constexpr std::size_t kGuard = 61;  // odd: operands are misaligned
constexpr std::byte kPoison{0xa5};

std::int64_t bytes_of(DType dtype, std::int64_t elements) {
  return static_cast<std::int64_t>(*dtype_bytes(dtype, static_cast<std::uint64_t>(elements)));
}

float decode(DType dtype, const std::byte* p) {
  std::uint16_t half = 0;
  float value = 0;
  if (dtype == DType::f32) {
    std::memcpy(&value, p, 4);
    return value;
  }
  std::memcpy(&half, p, 2);
  return dtype == DType::bf16 ? bf16_bits_to_f32(half) : f16_bits_to_f32(half);
}

void encode(DType dtype, float value, std::byte* p) {
  const std::uint32_t bits = rounded_bits(dtype, value);
  std::memcpy(p, &bits, static_cast<std::size_t>(bytes_of(dtype, 1)));
}

/// Products and sums on both sides of the smallest normal f32, 2^-126: nothing large enough to hide a flush.
float tiny(Random& random) {
  const float sign = random.integer(0, 1) != 0 ? -1.0f : 1.0f;
  switch (random.integer(0, 7)) {
    case 0:
      return sign * 0.0f;
    case 1:
      return sign * static_cast<float>(random.uniform(0x1p-140, 0x1p-126));  // denormal in f32 and bf16
    case 2:
      return sign * static_cast<float>(random.uniform(0x1p-126, 0x1p-120));
    case 3:
      return sign * static_cast<float>(random.uniform(0x1p-20, 0x1p-14));  // denormal in f16
    default:
      return sign * static_cast<float>(random.uniform(0x1p-64, 0x1p-62));  // products near 2^-126
  }
}

/// Sets and restores what the kernels' FlushDenormals sets.
struct Flush {
  unsigned saved = _mm_getcsr();
  Flush() { _mm_setcsr(saved | 0x8040u); }
  ~Flush() { _mm_setcsr(saved); }
};

}  // namespace

Operand::Operand(DType dtype, std::int64_t rows, std::int64_t cols, Fill fill, std::uint64_t seed, std::int64_t row_gap)
    : dtype_(dtype), rows_(rows), cols_(cols), stride_(cols + row_gap) {
  bytes_.assign(kGuard + static_cast<std::size_t>(bytes_of(dtype, rows * stride_)) + kGuard, kPoison);
  values_.resize(static_cast<std::size_t>(rows * cols));
  if (is_block(dtype)) {
    fill_blocks(seed);
    return;
  }
  Random random(seed);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < cols; ++c)
      set(r, c,
          fill == Fill::normal     ? static_cast<float>(random.normal())
          : fill == Fill::integers ? static_cast<float>(random.integer(-8, 8))
                                   : tiny(random));
}

void Operand::set(std::int64_t row, std::int64_t col, float value) {
  std::byte* p = bytes_.data() + kGuard + bytes_of(dtype_, 1) * (row * stride_ + col);
  encode(dtype_, value, p);
  values_[static_cast<std::size_t>(row * cols_ + col)] = decode(dtype_, p);
}

/// Any bytes, with scales replaced by finite ones (some of them f16 subnormals).
void Operand::fill_blocks(std::uint64_t seed) {
  Random random(seed);
  const std::int64_t row_bytes = bytes_of(dtype_, stride_), block_bytes = dtype_info(dtype_).block_bytes;
  const auto put_scale = [&](std::byte* p) {
    const float scale = static_cast<float>(random.normal()) * (random.integer(0, 7) == 0 ? 0x1p-16f : 0x1p-4f);
    const std::uint16_t bits = f32_to_f16_bits(scale);
    std::memcpy(p, &bits, 2);
  };
  const bool has_offset =
      dtype_ == DType::q4_1 || dtype_ == DType::q5_1 || dtype_ == DType::q4_k || dtype_ == DType::q5_k;
  for (std::int64_t r = 0; r < rows_; ++r) {
    std::byte* row = bytes_.data() + kGuard + r * row_bytes;
    for (std::int64_t at = 0; at < bytes_of(dtype_, cols_); at += block_bytes) {
      for (std::int64_t i = 0; i < block_bytes; ++i) row[at + i] = static_cast<std::byte>(random.integer(0, 255));
      put_scale(row + at + (dtype_ == DType::q6_k ? block_bytes - 2 : 0));
      if (has_offset) put_scale(row + at + 2);
    }
    dequantize_blocks(dtype_, row, cols_, values_.data() + r * cols_);
  }
}

ConstView Operand::view() const {
  ConstView view;
  view.data = bytes_.data() + kGuard;
  view.dtype = dtype_;
  view.rank = 2;
  view.shape[0] = rows_;
  view.shape[1] = cols_;
  view.stride[0] = stride_;
  view.stride[1] = 1;
  return view;
}

ConstView Operand::vector() const {
  ConstView result = view();
  result.rank = 1;
  result.shape[0] = cols_;
  result.stride[0] = 1;
  return result;
}

PackedOperand::PackedOperand(const Operand& source) : view_(source.view()) {
  const std::int64_t elements = packed_tiles(source.rows()) * packed_tile_stride(view_.dtype, source.cols());
  bytes_.assign(static_cast<std::size_t>(bytes_of(view_.dtype, elements)), std::byte{0});
  for (std::int64_t n = 0; n < source.rows(); ++n)
    for (std::int64_t k = 0; k < source.cols(); ++k)
      encode(view_.dtype, source.at(n, k),
             bytes_.data() + bytes_of(view_.dtype, packed_index(view_.dtype, source.cols(), n, k)));
  view_.data = bytes_.data();
  view_.layout = Layout::packed_tiles;
}

Result::Result(DType dtype, std::int64_t rows, std::int64_t cols, std::int64_t row_gap)
    : dtype_(dtype),
      rows_(rows),
      cols_(cols),
      stride_(cols + row_gap),
      bytes_(kGuard + static_cast<std::size_t>(bytes_of(dtype, rows * stride_)) + kGuard, kPoison) {}

View Result::view() const {
  View view;
  view.data = bytes_.data() + kGuard;
  view.dtype = dtype_;
  view.rank = 2;
  view.shape[0] = rows_;
  view.shape[1] = cols_;
  view.stride[0] = stride_;
  view.stride[1] = 1;
  return view;
}

std::uint32_t Result::bits(std::int64_t row, std::int64_t col) const {
  std::uint32_t bits = 0;
  std::memcpy(&bits, bytes_.data() + kGuard + bytes_of(dtype_, row * stride_ + col),
              static_cast<std::size_t>(bytes_of(dtype_, 1)));
  return bits;
}

float Result::value(std::int64_t row, std::int64_t col) const {
  return decode(dtype_, bytes_.data() + kGuard + bytes_of(dtype_, row * stride_ + col));
}

bool Result::guards_intact() const {
  const std::size_t size = static_cast<std::size_t>(bytes_of(dtype_, 1));
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    const bool element =
        i >= kGuard && i + kGuard < bytes_.size() && static_cast<std::int64_t>((i - kGuard) / size) % stride_ < cols_;
    if (!element && bytes_[i] != kPoison) return false;
  }
  return true;
}

float expected_dot(const Operand& x, std::int64_t m, const Operand& w, std::int64_t n) {
  const Flush flush;
  float sum = 0.0f;
  for (std::int64_t k = 0; k < x.cols(); k += 2) {
    const bool whole = k + 1 < x.cols();
    sum = std::fmaf(whole ? x.at(m, k + 1) : 0.0f, whole ? w.at(n, k + 1) : 0.0f, sum);
    sum = std::fmaf(x.at(m, k), w.at(n, k), sum);
  }
  return sum;
}

float expected_sum(float sum, float bias) {
  const Flush flush;
  volatile float left = sum;
  const float total = left + bias;
  return std::isnan(total) ? f32_from_bits(0x7fc00000u) : total;
}

std::uint32_t rounded_bits(DType dtype, float value) {
  if (dtype == DType::f32) return f32_bits(value);
  return dtype == DType::bf16 ? f32_to_bf16_bits(value) : f32_to_f16_bits(value);
}

const std::vector<MatmulKernels>& matmul_kernels() {
  static const std::vector<MatmulKernels> kernels = [] {
    std::vector<MatmulKernels> all;
#define CANDOR_ADD(isa, a, b)                                                                                    \
  if (machine_has(Isa::isa))                                                                                     \
    all.push_back({DType::a, DType::b, Isa::isa, cpu::isa::matmul_##a##_##b, cpu::isa::qkv_projection_##a##_##b, \
                   cpu::isa::gated_linear_##a##_##b});
#define CANDOR_ADD_EACH(a, b) CANDOR_ADD(baseline, a, b) CANDOR_ADD(avx2, a, b) CANDOR_ADD(avx512, a, b)
    CANDOR_MATMUL_PAIRS(CANDOR_ADD_EACH)
    CANDOR_ADD(avx512bf16, bf16, bf16)
#undef CANDOR_ADD_EACH
#undef CANDOR_ADD
    return all;
  }();
  return kernels;
}

std::string describe(const MatmulKernels& kernels) {
  static const char* const kIsa[] = {"any", "baseline", "avx2", "avx512", "avx512bf16"};
  return std::string(dtype_name(kernels.a)) + "_" + std::string(dtype_name(kernels.b)) + "_" +
         kIsa[static_cast<int>(kernels.isa)];
}

}  // namespace candor::test
