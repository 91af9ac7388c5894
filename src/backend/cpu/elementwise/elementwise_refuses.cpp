// Shapes and layouts that the elementwise kernels do not take.
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu {

std::string_view cast_round_refuses(const Cast& args) {
  return args.x.layout == Layout::strided && args.y.layout == Layout::strided ? ""
                                                                              : "packed tiles; cast before packing";
}

std::string_view cast_dequantize_refuses(const Cast& args) {
  return args.x.contiguous() && args.y.contiguous() ? "" : "blocks must be contiguous";
}

std::string_view copy_strided_refuses(const Copy& args) {
  if (args.x.layout != Layout::strided || args.y.layout != Layout::strided)
    return "packed tiles are not copied by element";
  if (!is_block(args.x.dtype) || args.x.rank == 0) return "";
  const int last = args.x.rank - 1;
  return args.x.stride[last] == 1 && args.y.stride[last] == 1 ? ""
                                                              : "blocks must be contiguous along the last dimension";
}

std::string_view rope_rotate_refuses(const Rope& args) {
  if (args.x.stride[2] != 1 || args.y.stride[2] != 1) return "x and y must be contiguous along the head dim";
  return args.cos.stride[1] == 1 && args.sin.stride[1] == 1
             ? ""
             : "the tables must be contiguous along their last dimension";
}

}  // namespace candor::cpu
