// The installed backends, best first. Declared here, defined by runtime: the only inversion of the layering.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "kernels/kernel_row.h"
#include "kernels/row_index.h"

namespace candor {

struct Backend {
  std::string_view name;            // "cpu", "ref"
  bool built;                       // false: rows are listed, launches are nullptr
  bool reference;                   // true: an oracle, never chosen without ExecPolicy::allow_reference
  std::span<const KernelRow> rows;  // most specific first
  Isa (*active_isa)();              // best ISA of this machine, or the one forced down to
  Stream& (*stream)();
  /// Of `stream`, from the next op on; nullptr: their number is fixed. errors: DeviceError (the system gives fewer)
  void (*set_workers)(int count) = nullptr;
  const RowIndex* index = nullptr;  // of `rows`; without one they are walked
};

std::span<const Backend> installed_backends();

/// First row of `backend` that has `op` and `precision`, runs on the active ISA and accepts `args`; nullptr: none.
template <class Op>
const KernelRow* find_row(const Backend& backend, const Precision& precision, const Op& args);

/// Why no row fits, with the nearest that would: the text of UnsupportedPrecision.
template <class Op>
std::string explain_missing(const Backend& backend, const Precision& precision, const Op& args);

}  // namespace candor

#include "kernels/registry-inl.h"
