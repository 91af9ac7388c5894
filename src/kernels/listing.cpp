// The rows as data for people: candor kernels, docs/precision-matrix.md, candor info.
#include <algorithm>

#include "candor/machine.h"
#include "kernels/registry.h"

namespace candor {
namespace {

std::string_view error_model_name(ErrorModel model) {
  switch (model) {
    case ErrorModel::exact:
      return "exact";
    case ErrorModel::elementwise:
      return "elementwise";
    case ErrorModel::reduction:
      return "reduction";
    case ErrorModel::dot:
      return "dot";
    case ErrorModel::attention:
      return "attention";
    case ErrorModel::selection:
      return "selection";
  }
  return "unknown";
}

template <class Visitor, class... Ops>
void for_each_op(OpList<Ops...>, Visitor&& visit) {
  (visit(Ops::name, Ops::error), ...);
}

ErrorModel error_model(std::string_view op) {
  ErrorModel found = ErrorModel::exact;
  for_each_op(AllOps{}, [&](std::string_view name, ErrorModel model) {
    if (name == op) found = model;
  });
  return found;
}

// DType::any is "every storage dtype" in operands and "no product is formed" in compute.
std::string storage_text(DType dtype) { return dtype == DType::any ? "any" : std::string(dtype_name(dtype)); }
std::string arithmetic_text(DType dtype) { return dtype == DType::any ? "–" : std::string(dtype_name(dtype)); }

std::string matrix_line(const Backend& backend, const KernelRow& row) {
  std::string line = "| ";
  for (const std::string& cell :
       {storage_text(row.precision.a), storage_text(row.precision.b), storage_text(row.precision.out),
        arithmetic_text(row.precision.compute), arithmetic_text(row.precision.accumulate), std::string(backend.name),
        std::string(isa_name(row.isa)), std::string(instruction_class_name(row.instruction_class)),
        std::string(row.name)})
    line += cell + " | ";
  line.pop_back();
  return line + "\n";
}

std::string op_section(std::string_view op, ErrorModel model) {
  std::string text = "\n## " + std::string(op) + "\n\nError model: " + std::string(error_model_name(model)) + ".\n\n" +
                     "| a | b | out | compute | accumulate | backend | ISA | instruction class | kernel |\n" +
                     "|---|---|---|---|---|---|---|---|---|\n";
  for (const Backend& backend : installed_backends())
    for (const KernelRow& row : backend.rows)
      if (row.op == op) text += matrix_line(backend, row);
  return text;
}

bool has_matmul(DType activations, DType weights) {
  for (const Backend& backend : installed_backends())
    for (const KernelRow& row : backend.rows)
      if (!backend.reference && backend.built && row.isa <= backend.active_isa() && row.op == Matmul::name &&
          row.precision.a == activations && row.precision.b == weights)
        return true;
  return false;
}

bool is_native(DType dtype) {
  for (const Backend& backend : installed_backends())
    for (const KernelRow& row : backend.rows)
      if (backend.built && row.isa <= backend.active_isa() && row.op == Matmul::name && row.precision.b == dtype &&
          (row.instruction_class == InstructionClass::x86_dpbf16_ftz || dtype == DType::f32) && !backend.reference)
        return true;
  return false;
}

bool has_cast_from(DType dtype) {
  for (const Backend& backend : installed_backends())
    for (const KernelRow& row : backend.rows)
      if (backend.built && !backend.reference && row.isa <= backend.active_isa() && row.op == Cast::name &&
          row.precision.a == dtype)
        return true;
  return false;
}

}  // namespace

std::vector<KernelListing> list_kernels() {
  std::vector<KernelListing> listings;
  for (const Backend& backend : installed_backends())
    for (const KernelRow& row : backend.rows)
      listings.push_back({.backend = std::string(backend.name),
                          .op = std::string(row.op),
                          .kernel = std::string(row.name),
                          .isa = std::string(isa_name(row.isa)),
                          .instruction_class = std::string(instruction_class_name(row.instruction_class)),
                          .error_model = std::string(error_model_name(error_model(row.op))),
                          .precision = row.precision,
                          .built = backend.built,
                          .runs_here = backend.built && row.isa <= backend.active_isa()});
  return listings;
}

std::string precision_matrix_markdown() {
  std::string text =
      "# Precision matrix\n\n"
      "Generated from the kernel tables by `candor kernels --markdown`; a test fails when it differs. One line is one\n"
      "kernel: storage of the operands (`a`, `b`) and of the result (`out`), the format in which products are formed\n"
      "(`compute`), the format of the running sum (`accumulate`), the lowest instruction set it needs and how it "
      "really\n"
      "multiplies. What has no line is refused. `any`: every storage dtype; `–`: nothing is multiplied.\n"
      "The backend `ref` is the f64 oracle of the tests; it is never chosen unless `ExecPolicy::allow_reference` says "
      "so.\n";
  for_each_op(AllOps{}, [&](std::string_view name, ErrorModel model) { text += op_section(name, model); });
  return text;
}

std::vector<DTypeSupport> dtype_support() {
  std::vector<DTypeSupport> support;
  for (const DTypeInfo& info : all_dtypes()) {
    if (info.dtype == DType::any) continue;
    const bool matmul =
        has_matmul(DType::f32, info.dtype) || has_matmul(DType::bf16, info.dtype) || has_matmul(DType::f16, info.dtype);
    support.push_back({.dtype = info.dtype,
                       .storage = info.dtype == DType::tf32 ? "compute only"
                                  : info.storage_only       ? "storage only"
                                                            : "yes",
                       .matmul = is_native(info.dtype) ? "native"
                                 : matmul              ? "via f32"
                                                       : "refused",
                       .cast = has_cast_from(info.dtype) ? "yes" : "refused"});
  }
  return support;
}

}  // namespace candor
