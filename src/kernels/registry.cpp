#include "kernels/registry.h"

#include <algorithm>

namespace candor {

namespace detail {
namespace {

bool storage_matches(DType row, DType wanted) { return row == wanted || row == DType::any; }

// How far a row is from a request: operands weigh most, because changing them means another model.
int distance(const Precision& row, const Precision& wanted) {
  return 16 * !storage_matches(row.b, wanted.b) + 8 * !storage_matches(row.a, wanted.a) +
         4 * !storage_matches(row.out, wanted.out) + 2 * (row.compute != wanted.compute) +
         (row.accumulate != wanted.accumulate);
}

// Only the fields in which the row differs from the request.
std::string differences(const Precision& row, const Precision& wanted) {
  std::string text;
  const auto add = [&](std::string_view field, DType have, DType want) {
    if (have == want) return;
    text += text.empty() ? "" : " ";
    text += std::string(field) + "=" + std::string(dtype_name(have));
  };
  add("a", row.a, wanted.a);
  add("b", row.b, wanted.b);
  add("out", row.out, wanted.out);
  add("compute", row.compute, wanted.compute);
  add("accumulate", row.accumulate, wanted.accumulate);
  return text;
}

const KernelRow* closest_row(const Backend& backend, std::string_view op, const Precision& precision) {
  const KernelRow* best = nullptr;
  const Isa isa = backend.active_isa();
  for (const KernelRow& row : backend.rows) {
    if (row.op != op || row.isa > isa || row.precision == precision) continue;
    if (best == nullptr || distance(row.precision, precision) < distance(best->precision, precision)) best = &row;
  }
  return best;
}

// Names the backends that have the kernel but are not part of this build.
std::string switched_off(std::string_view op, const Precision& precision) {
  std::string text;
  for (const Backend& backend : installed_backends()) {
    if (backend.built || backend.reference) continue;
    const auto has = [&](const KernelRow& row) { return row_matches(row, op, precision); };
    if (std::ranges::any_of(backend.rows, has))
      text += "\nexists in the " + std::string(backend.name) + " backend; this build has " + std::string(backend.name) +
              " off";
  }
  return text;
}

}  // namespace

bool row_matches(const KernelRow& row, std::string_view op, const Precision& wanted) {
  if (row.op != op || !storage_matches(row.precision.a, wanted.a) || !storage_matches(row.precision.b, wanted.b) ||
      !storage_matches(row.precision.out, wanted.out))
    return false;
  if (row.instruction_class == InstructionClass::f64_loop) return true;  // wider than anything asked for
  return row.precision.compute == wanted.compute && row.precision.accumulate == wanted.accumulate;
}

std::string explain_missing(const Backend& backend, std::string_view op, const Precision& precision,
                            std::string_view refusal) {
  std::string text = std::string(op) + ": no kernel on " + std::string(backend.name) + " (" +
                     std::string(isa_name(backend.active_isa())) + ") for " + to_string(precision);
  if (!refusal.empty()) text += "\nthe kernel with this precision refuses: " + std::string(refusal);
  if (const KernelRow* row = closest_row(backend, op, precision); row != nullptr && refusal.empty()) {
    text +=
        "\nclosest on this device: " + differences(row->precision, precision) + "  (" + std::string(row->name) + ")";
  }
  text += switched_off(op, precision);
  return text + "\nsee docs/precision-matrix.md#" + std::string(op);
}

}  // namespace detail
}  // namespace candor
