// A row of a kernel table: one kernel, the precision it has, the ISA it needs.
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "candor/precision.h"
#include "kernels/all_ops.h"
#include "kernels/stream.h"

namespace candor {

template <class Op>
using Launch = void (*)(const Op& args, Stream& stream);
template <class Op>
using Refuses = std::string_view (*)(const Op& args);  // why not, or ""

/// Lowest instruction set a row runs on; rising order within x86.
enum class Isa : std::uint8_t { any, baseline, avx2, avx512, avx512bf16 };

/// How products and sums are really formed: classes differ in denormal and rounding behaviour.
enum class InstructionClass : std::uint8_t {
  f64_loop,        // backend/ref: double, subnormals kept
  bit_move,        // no arithmetic
  convert_rne,     // one rounding to nearest even, subnormals kept
  f32_fma,         // f32 fused multiply-add, subnormals kept
  f32_fma_ftz,     // f32 fused multiply-add; f32 values below 2^-126 are taken and given as zero, as VDPBF16PS does
  x86_dpbf16_ftz,  // VDPBF16PS: bf16 pairs, f32 sums, values below 2^-126 flushed
  compare,         // comparisons only
};

std::string_view isa_name(Isa isa);
std::string_view instruction_class_name(InstructionClass instruction_class);
/// True for classes that take and give f32 values below 2^-126 as zero (DAZ, FTZ); their names end in "-ftz". f16
/// operands have none such: their subnormals are normal f32 values.
constexpr bool flushes_denormals(InstructionClass instruction_class) {
  return instruction_class == InstructionClass::f32_fma_ftz || instruction_class == InstructionClass::x86_dpbf16_ftz;
}

namespace detail {
template <class List>
struct RowVariants;
template <class... Ops>
struct RowVariants<OpList<Ops...>> {
  using AnyLaunch = std::variant<Launch<Ops>...>;
  using AnyRefuses = std::variant<Refuses<Ops>...>;
};
}  // namespace detail

struct KernelRow {
  std::string_view op;
  Precision precision;  // DType::any in a storage field: every dtype that core can read (backend/ref only)
  Isa isa = Isa::any;
  InstructionClass instruction_class = InstructionClass::f32_fma;
  std::string_view name;                            // path of the kernel under src/backend, without suffix
  detail::RowVariants<AllOps>::AnyLaunch launch;    // holds nullptr when the backend is not built
  detail::RowVariants<AllOps>::AnyRefuses refuses;  // holds nullptr when the kernel takes every shape
};

template <class Op>
constexpr KernelRow row(Precision precision, Isa isa, InstructionClass instruction_class, std::string_view name,
                        Launch<Op> launch, Refuses<Op> refuses = nullptr) {
  return {Op::name, precision, isa, instruction_class, name, launch, refuses};
}

/// A row is identified by op, precision, ISA and kernel name.
template <class Rows>
constexpr bool no_duplicates(const Rows& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = i + 1; j < rows.size(); ++j)
      if (rows[i].op == rows[j].op && rows[i].precision == rows[j].precision && rows[i].isa == rows[j].isa &&
          rows[i].name == rows[j].name)
        return false;
  return true;
}

}  // namespace candor
