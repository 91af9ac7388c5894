// From a checked op call to a kernel row and its launch. Every function of ops.h ends here.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <type_traits>

#include "candor/error.h"
#include "candor/ops.h"
#include "core/ledger.h"
#include "core/view.h"
#include "kernels/registry.h"
#include "ops/plan.h"

namespace candor::ops {

/// The backend that computes: the first built one that is not the reference.
const Backend& device_backend();
const Backend& reference_backend();

/// Appends "bf16[2, 576]" to a plan's detail; nothing for an absent view.
void add_operand(std::string& detail, const ConstView& view);
/// Bytes that a kernel reads or writes through a view: broadcast dimensions count once, the padding of packed tiles
/// too.
std::uint64_t view_bytes(const ConstView& view);
/// What a call through `row` does: operands stored as asked for, arithmetic as the row says.
Precision performed(const KernelRow& row, const Precision& asked);

/// View of a result that is not allocated yet.
View shape_only_view(const Shape& shape, DType dtype, Layout layout = Layout::strided);
/// All but the last dimension as one: [..., C] -> [rows, C]. errors: ShapeError when that needs a copy
ConstView rows_view(const Tensor& tensor, std::string_view op);
View rows_view(Tensor& tensor, std::string_view op);

namespace detail {

template <class Op>
struct Found {
  const Backend* backend = nullptr;
  const KernelRow* row = nullptr;
};

template <class Op>
Found<Op> find(const Precision& precision, const Op& args, const ExecPolicy& policy) {
  const Backend& device = device_backend();
  if (const KernelRow* row = find_row(device, precision, args)) return {&device, row};
  if (policy.allow_tf32 && precision.compute == DType::f32) {
    Precision relaxed = precision;
    relaxed.compute = DType::tf32;
    if (const KernelRow* row = find_row(device, relaxed, args)) return {&device, row};
  }
  if (policy.allow_reference) {
    const Backend& reference = reference_backend();
    if (const KernelRow* row = find_row(reference, precision, args)) return {&reference, row};
  }
  return {};
}

/// Operands that may be packed tiles: weights of products, an embedding's table, and what packing makes.
template <class Op>
bool may_be_packed(const Op& args, const ConstView& v) {
  if constexpr (std::is_same_v<Op, Matmul>) return &v == &args.weight;
  if constexpr (std::is_same_v<Op, QkvProjection>)
    return &v == &args.q_weight || &v == &args.k_weight || &v == &args.v_weight;
  if constexpr (std::is_same_v<Op, GatedLinear>) return &v == &args.gate_weight || &v == &args.up_weight;
  if constexpr (std::is_same_v<Op, Embedding>) return &v == &args.table;
  if constexpr (std::is_same_v<Op, PackTiles>) return &v == &args.y;
  return false;
}

[[noreturn]] void refuse_packed(std::string_view op, const ConstView& view);

/// Everything else is read by strides, which packed tiles do not have. errors: ShapeError
template <class Op>
void check_layouts(const Op& args) {
  const auto check = [&](const ConstView& v) {
    if (v.layout == Layout::packed_tiles && !may_be_packed(args, v)) refuse_packed(Op::name, v);
  };
  args.visit_inputs(check);
  args.visit_outputs(check);
}

template <class Op>
void note_in_plan(DispatchPlan& plan, const Precision& precision, const Op& args, const KernelRow* chosen) {
  PlannedOp planned{.op = std::string(Op::name), .precision = precision};
  args.visit_inputs([&](const ConstView& v) { add_operand(planned.detail, v); });
  const Backend& device = device_backend();
  for (const KernelRow& row : device.rows) {
    if (&row == chosen) break;
    if (!candor::detail::row_matches(row, Op::name, precision)) continue;
    planned.passed_over.push_back(std::string(row.name) + " (" + std::string(isa_name(row.isa)) +
                                  "): " + std::string(row_refusal(row, device.active_isa(), args)));
  }
  if (chosen != nullptr) {
    planned.precision = performed(*chosen, precision);
    planned.kernel = chosen->name;
    planned.isa = isa_name(chosen->isa);
    planned.instruction_class = instruction_class_name(chosen->instruction_class);
  } else {
    planned.missing = explain_missing(device, precision, args);
  }
  plan.ops.push_back(std::move(planned));
}

/// Bytes that one call reads: all of its inputs, but of an embedding table only the rows asked for.
template <class Op>
std::uint64_t bytes_read(const Op& args, const ConstView& input) {
  if constexpr (std::is_same_v<Op, Embedding>) {
    if (&input == &args.table) {
      ConstView rows = input;
      rows.layout = Layout::strided;
      rows.shape[0] = args.ids.elements();
      return view_bytes(rows);
    }
  }
  return view_bytes(input);
}

template <class Op>
void record(const KernelRow& row, const Precision& precision, const Op& args, double seconds) {
  constexpr int kMaxOperands = 8;
  ledger::BytesOf read[kMaxOperands], written[kMaxOperands];
  std::size_t reads = 0, writes = 0;
  args.visit_inputs([&](const ConstView& v) {
    if (v.present()) read[reads++] = {v.dtype, bytes_read(args, v)};
  });
  args.visit_outputs([&](const ConstView& v) {
    if (v.present()) written[writes++] = {v.dtype, view_bytes(v)};
  });
  ledger::record({.op = Op::name,
                  .kernel = row.name,
                  .isa = isa_name(row.isa),
                  .instruction_class = instruction_class_name(row.instruction_class),
                  .precision = performed(row, precision),
                  .flops = static_cast<std::uint64_t>(args.flops()),
                  .read = {read, reads},
                  .written = {written, writes},
                  .seconds = seconds});
}

}  // namespace detail

/// A row found for one call: allocate the results, then run.
template <class Op>
class Dispatch {
 public:
  /// `args` carry shapes; result views are shape only. Throws ShapeError (a packed operand where strides are needed)
  /// and UnsupportedPrecision; the current plan, if any, notes the latter instead and makes every result shape only.
  Dispatch(const Precision& precision, const Op& args, const ExecPolicy& policy) : precision_(precision) {
    detail::check_layouts(args);
    const detail::Found<Op> found = detail::find(precision, args, policy);
    backend_ = found.backend;
    row_ = found.row;
    args.visit_inputs([&](const ConstView& v) {
      if (v.present() && v.data == nullptr && v.elements() != 0) shape_only_ = true;
    });
    if (DispatchPlan* plan = DispatchPlan::current(); plan != nullptr) {
      detail::note_in_plan(*plan, precision, args, row_);
      shape_only_ = true;
    } else if (row_ == nullptr) {
      throw UnsupportedPrecision(explain_missing(device_backend(), precision, args));
    }
  }

  Tensor allocate(const Shape& shape, DType dtype) const {
    return shape_only_ ? Tensor::shape_only(shape, dtype) : Tensor::empty(shape, dtype);
  }
  bool shape_only() const { return shape_only_; }

  void run(const Op& args) const {
    if (shape_only_) return;
    const Launch<Op> launch = std::get<Launch<Op>>(row_->launch);
    Stream& stream = backend_->stream();
    const std::lock_guard guard(stream);
    if (!ledger::recording()) return launch(args, stream);
    const auto start = std::chrono::steady_clock::now();
    launch(args, stream);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    detail::record(*row_, precision_, args, elapsed.count());
  }

 private:
  Precision precision_;
  const Backend* backend_ = nullptr;
  const KernelRow* row_ = nullptr;
  bool shape_only_ = false;
};

}  // namespace candor::ops
