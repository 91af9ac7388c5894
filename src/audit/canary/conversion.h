// Every conversion that is considered, and what it would make of a value.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/rounding.h"
#include "candor/dtype.h"

namespace candor::audit_internal {

/// How the bits are read before anything else.
enum class BitView : std::uint8_t { right, swapped, as_f16, as_bf16, as_integer };
enum class Store : std::uint8_t { nearest_even, truncate, half_away, stochastic };

/// A format that values pass on their way; none without `through`.
struct Detour {
  std::string id, text;
  std::optional<Rounding> through;
  DType dtype = DType::any;  // of the format, where a file can have it
};

struct Conversion {
  std::string id, text;  // "f16", "through f16, rounded to nearest even"
  BitView view = BitView::right;
  Flush flush = Flush::none;  // of f32's subnormals: inputs are DAZ and FTZ, results FTZ alone
  Store store = Store::nearest_even;
  Detour detour;
  bool direct() const;
  /// True when this does nothing that `other` does not do: then `other` explains nothing more.
  bool within(const Conversion& other) const;
};

/// Simplest first; the first is the direct one, a single rounding to nearest even where the dtype asks for one.
const std::vector<Conversion>& considered_conversions();

/// The bits that an element may end as: `low` and `high` differ where rounding is left to chance.
struct Prediction {
  std::uint64_t low = 0, high = 0;
};

/// What `conversion` makes of `code` of dtype `from` in a file of dtype `to`; nothing: it cannot end there.
std::optional<Prediction> predict(const Conversion& conversion, DType from, std::uint32_t code, DType to);
bool predicts_bits_only(DType to);  // an integer dtype: only the bits can be compared

/// The value of an element's bits; f64 is rounded to f32.
float value_of(DType dtype, std::uint64_t bits);
bool is_nan_code(DType dtype, std::uint64_t bits);
/// Bytes of an element; 0 for blocks and dtypes that are not compared.
int element_bytes(DType dtype);

}  // namespace candor::audit_internal
