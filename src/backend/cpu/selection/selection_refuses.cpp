// Layouts that the scans do not take.
#include "backend/cpu/selection/selection.h"

namespace candor::cpu {
namespace {

std::string_view rows_reason(const ConstView& x) {
  return x.shape[1] <= 1 || x.stride[1] == 1 ? "" : "rows must be contiguous along the last dimension";
}

}  // namespace

std::string_view argmax_scan_refuses(const Argmax& args) { return rows_reason(args.x); }
std::string_view top_k_heap_refuses(const TopK& args) { return rows_reason(args.x); }

}  // namespace candor::cpu
