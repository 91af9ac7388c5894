// ExecPolicy::allow_upcast: when only a wider precision has a kernel, operands are cast to f32 and the op runs there.
#pragma once

#include <optional>

#include "candor/ops.h"
#include "ops/dispatch.h"

namespace candor::ops {

/// x in f32 when it is narrower; packed weights, undefined operands and wider dtypes stay as they are.
Tensor upcast(const Tensor& x);

/// Options of the second try: f32 result, no further retry.
inline OpOptions without_upcast(OpOptions options) {
  options.policy.allow_upcast = false;
  options.out = DType::any;
  return options;
}

/// True when the policy allows a second try and the call has no row of the device as it is. Layouts are checked here
/// already, so that an error names this op and not one of the second try.
template <class Op>
bool may_upcast(const Precision& precision, const Op& args, const ExecPolicy& policy) {
  detail::check_layouts(args);
  return policy.allow_upcast && find_row(device_backend(), precision, args) == nullptr;
}

/// The result of `run` (the call with operands cast up, and its result cast back), or nothing when that lacks a row
/// too. It is rehearsed first, so that a call that ends in a refusal has cast and allocated nothing.
template <class Run>
auto second_try(const Run& run) -> std::optional<decltype(run())> {
  {
    const DispatchPlan rehearsal;
    run();
    if (!rehearsal.complete()) return std::nullopt;
  }
  const ledger::CastReason reason("policy: allow-upcast");
  return run();
}

}  // namespace candor::ops
