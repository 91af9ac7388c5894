// Helpers that keep the kernel tables one line per kernel and precision: a kernel exists once per ISA.
#pragma once

#include <array>
#include <cstddef>

#include "kernels/kernel_row.h"

namespace candor::cpu {

/// The same kernel compiled for three ISAs, best first.
template <class Op>
constexpr std::array<KernelRow, 3> on_each_isa(Precision precision, InstructionClass instruction_class,
                                               std::string_view name, Launch<Op> avx512, Launch<Op> avx2,
                                               Launch<Op> baseline, Refuses<Op> refuses = nullptr) {
  return {row<Op>(precision, Isa::avx512, instruction_class, name, avx512, refuses),
          row<Op>(precision, Isa::avx2, instruction_class, name, avx2, refuses),
          row<Op>(precision, Isa::baseline, instruction_class, name, baseline, refuses)};
}

/// The same for a kernel that writes what y asks for: the dtype of `a`, or f32.
template <class Op>
constexpr std::array<KernelRow, 6> to_own_or_f32(DType a, DType b, InstructionClass instruction_class,
                                                 std::string_view name, Launch<Op> avx512, Launch<Op> avx2,
                                                 Launch<Op> baseline, Refuses<Op> refuses) {
  const auto own =
      on_each_isa<Op>({.a = a, .b = b, .out = a}, instruction_class, name, avx512, avx2, baseline, refuses);
  const auto f32 =
      on_each_isa<Op>({.a = a, .b = b, .out = DType::f32}, instruction_class, name, avx512, avx2, baseline, refuses);
  return {own[0], own[1], own[2], f32[0], f32[1], f32[2]};
}

/// A kernel compiled once, for every x86-64.
template <class Op>
constexpr std::array<KernelRow, 1> one_build(Precision precision, InstructionClass instruction_class,
                                             std::string_view name, Launch<Op> launch, Refuses<Op> refuses = nullptr) {
  return {row<Op>(precision, Isa::baseline, instruction_class, name, launch, refuses)};
}

/// A kernel that multiplies with VDPBF16PS.
template <class Op>
constexpr std::array<KernelRow, 1> on_avx512bf16(Precision precision, InstructionClass instruction_class,
                                                 std::string_view name, Launch<Op> launch,
                                                 Refuses<Op> refuses = nullptr) {
  return {row<Op>(precision, Isa::avx512bf16, instruction_class, name, launch, refuses)};
}

/// Precision of an op that forms no product.
constexpr Precision moving(DType stored, DType out) {
  return {.a = stored, .b = stored, .out = out, .compute = DType::any, .accumulate = DType::any};
}

/// The entry points of one kernel in the order that on_each_isa takes them.
#define CANDOR_EACH_ISA(kernel) avx512::kernel, avx2::kernel, baseline::kernel

template <std::size_t... Sizes>
constexpr auto concatenate(const std::array<KernelRow, Sizes>&... parts) {
  std::array<KernelRow, (Sizes + ...)> all{};
  std::size_t next = 0;
  const auto append = [&](const auto& part) {
    for (const KernelRow& row : part) all[next++] = row;
  };
  (append(parts), ...);
  return all;
}

}  // namespace candor::cpu
