#include "candor/shape.h"

#include <algorithm>

#include "candor/error.h"

namespace candor {

Shape::Shape(std::initializer_list<std::int64_t> dims)
    : Shape(std::span<const std::int64_t>(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const std::int64_t> dims) {
  if (dims.size() > static_cast<std::size_t>(kMaxRank))
    throw ShapeError("shape: rank " + std::to_string(dims.size()) + " exceeds the largest rank, " +
                     std::to_string(kMaxRank));
  for (const std::int64_t extent : dims)
    if (extent < 0) throw ShapeError("shape: extent " + std::to_string(extent) + " is negative; extents start at 0");
  std::copy(dims.begin(), dims.end(), dims_.begin());
  rank_ = static_cast<int>(dims.size());
}

std::int64_t Shape::operator[](int axis) const {
  const int index = axis < 0 ? axis + rank_ : axis;
  if (index < 0 || index >= rank_)
    throw ShapeError("shape: axis " + std::to_string(axis) + " of " + to_string() + ", which has rank " +
                     std::to_string(rank_));
  return dims_[index];
}

std::int64_t Shape::elements() const {
  // The other extents of an empty shape must multiply too: strides are made of them.
  std::int64_t product = 1;
  bool empty = false;
  for (int i = 0; i < rank_; ++i) {
    if (dims_[i] == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(product, dims_[i], &product)) {
      throw ShapeError("shape: the extents of " + to_string() + " multiply to more than 2^63 - 1");
    }
  }
  return empty ? 0 : product;
}

std::string Shape::to_string() const {
  std::string text = "[";
  for (int i = 0; i < rank_; ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(dims_[i]);
  }
  return text + "]";
}

bool operator==(const Shape& x, const Shape& y) {
  return std::equal(x.dims().begin(), x.dims().end(), y.dims().begin(), y.dims().end());
}

}  // namespace candor
