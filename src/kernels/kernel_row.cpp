// Names of what a row says. Apart from the registry, which only the whole program can link.
#include "kernels/kernel_row.h"

namespace candor {

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::any:
      return "any";
    case Isa::baseline:
      return "baseline";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::avx512bf16:
      return "avx512bf16";
  }
  return "unknown";
}

std::string_view instruction_class_name(InstructionClass instruction_class) {
  switch (instruction_class) {
    case InstructionClass::f64_loop:
      return "f64-loop";
    case InstructionClass::bit_move:
      return "bit-move";
    case InstructionClass::convert_rne:
      return "convert-rne";
    case InstructionClass::f32_fma:
      return "f32-fma";
    case InstructionClass::f32_fma_ftz:
      return "f32-fma-ftz";
    case InstructionClass::x86_dpbf16_ftz:
      return "x86-dpbf16-ftz";
    case InstructionClass::compare:
      return "compare";
  }
  return "unknown";
}

}  // namespace candor
