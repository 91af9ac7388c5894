// A tensor operand for kernel tests: bytes of its own between guards, at any alignment, with any strides.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/blocks.h"
#include "core/formats.h"
#include "core/view.h"

namespace candor::test {

inline constexpr std::size_t kGuard = 192;
inline constexpr unsigned char kGuardByte = 0xa5;

/// One element, exactly.
inline double read_element(DType dtype, const std::byte* p) {
  const auto as = [p](auto value) {
    std::memcpy(&value, p, sizeof value);
    return value;
  };
  switch (dtype) {
    case DType::f64: return as(double{});
    case DType::f32: return static_cast<double>(as(float{}));
    case DType::f16: return static_cast<double>(f16_bits_to_f32(as(std::uint16_t{})));
    case DType::bf16: return static_cast<double>(bf16_bits_to_f32(as(std::uint16_t{})));
    case DType::f8_e4m3: return static_cast<double>(f8_e4m3_bits_to_f32(as(std::uint8_t{})));
    case DType::f8_e5m2: return static_cast<double>(f8_e5m2_bits_to_f32(as(std::uint8_t{})));
    case DType::i64: return static_cast<double>(as(std::int64_t{}));
    case DType::i32: return as(std::int32_t{});
    case DType::i8: return as(std::int8_t{});
    case DType::u8: return as(std::uint8_t{});
    default: ADD_FAILURE() << "read_element"; return 0;
  }
}

inline void write_element(DType dtype, std::byte* p, double value) {
  const auto put = [p](auto bits) { std::memcpy(p, &bits, sizeof bits); };
  switch (dtype) {
    case DType::f64: return put(value);
    case DType::f32: return put(f64_to_f32(value));
    case DType::f16: return put(f64_to_f16_bits(value));
    case DType::bf16: return put(f64_to_bf16_bits(value));
    case DType::f8_e4m3: return put(f64_to_f8_e4m3_bits(value));
    case DType::f8_e5m2: return put(f64_to_f8_e5m2_bits(value));
    case DType::i32: return put(static_cast<std::int32_t>(value));
    default: ADD_FAILURE() << "write_element"; return;
  }
}

inline std::size_t element_bytes(DType dtype) {
  switch (dtype) {
    case DType::f64: case DType::i64: return 8;
    case DType::f32: case DType::i32: return 4;
    case DType::f16: case DType::bf16: return 2;
    default: return 1;
  }
}

/// Unit roundoff of a floating dtype.
inline double unit_roundoff(DType dtype) {
  switch (dtype) {
    case DType::f64: return 0x1p-53;
    case DType::f32: return 0x1p-24;
    case DType::f16: return 0x1p-11;
    default: return 0x1p-8;
  }
}

class Operand {
 public:
  Operand() = default;
  /// Row-major; `strides` (in elements) override; `misalign` bytes away from a 64-byte boundary.
  Operand(DType dtype, std::vector<std::int64_t> shape, std::vector<std::int64_t> strides = {},
          std::size_t misalign = 0)
      : dtype_(dtype), shape_(std::move(shape)), strides_(std::move(strides)), misalign_(misalign) {
    if (strides_.empty()) {
      strides_.assign(shape_.size(), 1);
      for (std::size_t i = shape_.size(); i-- > 1;) strides_[i - 1] = strides_[i] * shape_[i];
    }
    span_ = 1;
    for (std::size_t i = 0; i < shape_.size(); ++i) span_ += (shape_[i] - 1) * strides_[i];
    for (const std::int64_t extent : shape_) span_ = extent == 0 ? 0 : span_;
    bytes_.assign(static_cast<std::size_t>(span_) * element_bytes(dtype_) + 2 * kGuard + 128, std::byte{kGuardByte});
  }

  Operand(const Operand& other) : Operand(other.dtype_, other.shape_, other.strides_, other.misalign_) {
    std::memcpy(data(), other.data(), static_cast<std::size_t>(span_) * element_bytes(dtype_));  // alignment is its own
  }
  Operand& operator=(const Operand&) = delete;

  std::byte* data() {
    auto* p = bytes_.data() + kGuard;
    return p + (64 - reinterpret_cast<std::uintptr_t>(p) % 64) % 64 + misalign_;
  }
  const std::byte* data() const { return const_cast<Operand*>(this)->data(); }

  std::int64_t elements() const {
    std::int64_t n = 1;
    for (const std::int64_t extent : shape_) n *= extent;
    return n;
  }
  /// Element offset of the i-th element in row-major order.
  std::int64_t offset(std::int64_t i) const {
    std::int64_t at = 0;
    for (std::size_t d = shape_.size(); d-- > 0;) {
      at += i % shape_[d] * strides_[d];
      i /= shape_[d];
    }
    return at;
  }
  std::byte* element(std::int64_t i) { return data() + offset(i) * static_cast<std::int64_t>(element_bytes(dtype_)); }
  const std::byte* element(std::int64_t i) const { return const_cast<Operand*>(this)->element(i); }
  double at(std::int64_t i) const { return read_element(dtype_, element(i)); }
  void set(std::int64_t i, double value) { write_element(dtype_, element(i), value); }
  DType dtype() const { return dtype_; }

  /// Normal deviates times `scale`, one rounding to the dtype.
  void randomise(std::uint32_t seed, double scale = 1.0) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    for (std::int64_t i = 0; i < elements(); ++i) set(i, normal(generator) * scale);
  }

  /// The bits of all elements, row-major.
  std::string bits() const {
    std::string result;
    for (std::int64_t i = 0; i < elements(); ++i)
      result.append(reinterpret_cast<const char*>(element(i)), element_bytes(dtype_));
    return result;
  }

  /// Nothing outside [data, data + span) was written.
  bool guards_intact() const {
    const std::byte* begin = data();
    const std::byte* end = begin + static_cast<std::size_t>(span_) * element_bytes(dtype_);
    for (const std::byte& b : bytes_)
      if ((&b < begin || &b >= end) && b != std::byte{kGuardByte}) return false;
    return true;
  }

  ConstView view() const {
    ConstView v;
    v.data = data();
    v.dtype = dtype_;
    v.rank = static_cast<int>(shape_.size());
    for (int i = 0; i < v.rank; ++i) {
      v.shape[i] = shape_[static_cast<std::size_t>(i)];
      v.stride[i] = strides_[static_cast<std::size_t>(i)];
    }
    return v;
  }
  View view() {
    View v;
    static_cast<ConstView&>(v) = static_cast<const Operand*>(this)->view();
    return v;
  }

 private:
  DType dtype_ = DType::any;
  std::vector<std::int64_t> shape_, strides_;
  std::size_t misalign_ = 0;
  std::int64_t span_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace candor::test
