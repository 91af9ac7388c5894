// Shapes and strides, in elements.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace candor {

inline constexpr int kMaxRank = 8;

/// Extents of a tensor; rank 0 is a scalar. Extents are never negative.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims);       // throws ShapeError: rank > kMaxRank, negative extent
  explicit Shape(std::span<const std::int64_t> dims);    // likewise

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const;               // negative axes count from the end; throws ShapeError
  std::span<const std::int64_t> dims() const { return {dims_.data(), static_cast<std::size_t>(rank_)}; }
  std::int64_t elements() const;                         // throws ShapeError when the product overflows i64
  std::string to_string() const;                         // "[2, 3]"

  friend bool operator==(const Shape& x, const Shape& y);

 private:
  std::array<std::int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

}  // namespace candor
