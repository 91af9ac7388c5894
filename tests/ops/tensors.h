// Tensors and expectations that the op tests share.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "candor/error.h"
#include "candor/ops.h"
#include "core/ledger.h"
#include "tests/support/fill.h"

namespace candor::test {

/// Values in row-major order, each rounded to the dtype.
inline Tensor of(const Shape& shape, const Doubles& values, DType dtype = DType::f32) {
  return cast(Tensor::from_f32(std::vector<float>(values.begin(), values.end()), shape), dtype);
}

/// 0, 1, 2 …
inline Tensor counting(const Shape& shape, DType dtype = DType::f32) {
  Doubles values(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  return of(shape, values, dtype);
}

/// Small integers: products and sums of them are exact in f32.
inline Tensor integers_of(const Shape& shape, std::uint64_t seed, DType dtype = DType::f32) {
  return of(shape, integers(shape.elements(), seed, 4), dtype);
}

inline Doubles doubles(const Tensor& x) {
  const std::vector<float> values = x.to_f32();
  return Doubles(values.begin(), values.end());
}

inline void expect_near(const Tensor& actual, const Doubles& expected, double bound) {
  const Doubles values = doubles(actual);
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], bound) << "element " << i;
}

/// `call` throws exactly an E whose text is `text`, and has allocated nothing.
template <class E>
void expect_error(const std::string& text, const std::function<void()>& call) {
  const ledger::Allocations before = ledger::allocations();
  try {
    call();
    ADD_FAILURE() << "no error; expected " << text;
  } catch (const E& error) {
    EXPECT_EQ(std::string(error.what()), text);
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another kind of error: " << error.what();
  }
  EXPECT_EQ(ledger::allocations(), before) << "allocated before: " << text;
}

}  // namespace candor::test
