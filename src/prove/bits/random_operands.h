// Operands whose elements are drawn at random.
#pragma once

#include "prove/operands.h"
#include "prove/random.h"

namespace candor::prove {

enum class Drawn {
  ordinary,  // of both signs, from 2^-8 to 2
  wide,      // from 2^-12 to 2^12, as far as the format reaches
  special,   // ordinary, with subnormals, zeros, and a few infinities and NaNs
};
const char* drawn_text(Drawn drawn);  // "ordinary"

/// A code of a scalar dtype.
std::uint64_t drawn_code(DType dtype, Drawn drawn, Random& random);

/// The operands of one call. They own their memory; results are 0xb5 in every byte until they are written.
class RandomOperands {
 public:
  RandomOperands(Drawn drawn, const Random& random) : drawn_(drawn), random_(random) {}

  /// Of formats in blocks the last extent is in elements, and a multiple of a block's.
  View operand(DType dtype, const std::vector<std::int64_t>& shape, Layout layout = Layout::strided);
  /// [rows, columns], with another few columns after each row.
  View rows_apart(DType dtype, std::int64_t rows, std::int64_t columns);
  View indices(std::int64_t count, std::int64_t limit);  // i32 in [0, limit)
  View result(DType dtype, const std::vector<std::int64_t>& shape, Layout layout = Layout::strided);
  /// The results in the order in which they were asked for.
  const std::vector<View>& results() const { return results_; }
  int between(int low, int high) { return random_.between(low, high); }

 private:
  Operands memory_;
  Drawn drawn_;
  Random random_;
  std::vector<View> results_;
};

/// `columns`, or the next multiple of what a block of the dtype holds.
std::int64_t in_whole_blocks(DType dtype, std::int64_t columns);
/// Bytes of memory behind a view without gaps, the padding of packed tiles included.
std::size_t bytes_behind(const ConstView& view);
/// Index `at` of dimension `axis` alone, the dimension kept. An absent view stays absent.
template <class AnyView>
AnyView only(AnyView view, std::int64_t at, int axis = 0) {
  if (!view.present()) return view;
  const DTypeInfo& info = dtype_info(view.dtype);
  view.data = view.template as<std::byte>() + at * view.stride[axis] / info.block_elements * info.block_bytes;
  view.shape[axis] = 1;
  return view;
}

}  // namespace candor::prove
