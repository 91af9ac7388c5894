// Layouts that the row kernels do not take.
#include "backend/cpu/norm/norm.h"

namespace candor::cpu {
namespace {

constexpr std::string_view kRows = "rows must be contiguous along the last dimension";

/// Rank 1 or 2, absent allowed.
bool rows_contiguous(const ConstView& view) {
  if (!view.present()) return true;
  const int last = view.rank - 1;
  return view.layout == Layout::strided && (view.shape[last] <= 1 || view.stride[last] == 1);
}

}  // namespace

std::string_view rms_norm_rows_refuses(const RmsNorm& args) {
  for (const ConstView* view : {&args.x, &args.residual, &args.weight}) {
    if (!rows_contiguous(*view)) return kRows;
  }
  return "";
}

std::string_view layer_norm_rows_refuses(const LayerNorm& args) {
  for (const ConstView* view : {&args.x, &args.residual, &args.weight, &args.bias}) {
    if (!rows_contiguous(*view)) return kRows;
  }
  return "";
}

std::string_view softmax_rows_refuses(const Softmax& args) { return rows_contiguous(args.x) ? "" : kRows; }

}  // namespace candor::cpu
