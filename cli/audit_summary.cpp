#include "cli/audit_summary.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "candor/dtype.h"
#include "cli/exit_code.h"
#include "cli/format.h"

namespace candor::cli {
namespace {

bool same_class(const TensorAudit& a, const TensorAudit& b) {
  return a.verdict == b.verdict && a.sub == b.sub && a.dtype == b.dtype;
}

}  // namespace

std::uint64_t AuditClass::needed() const {
  std::uint64_t fewest = 0;
  for (const TensorAudit* tensor : tensors)
    if (const std::uint64_t needed = needed_elements(*tensor); needed && (!fewest || needed < fewest)) fewest = needed;
  return fewest;
}

std::vector<AuditClass> audit_classes(const CheckpointAudit& checkpoint) {
  std::vector<AuditClass> classes;
  for (const TensorAudit& tensor : checkpoint.tensors) {
    auto it = std::find_if(classes.begin(), classes.end(),
                           [&](const AuditClass& other) { return same_class(other.first(), tensor); });
    if (it == classes.end()) it = classes.insert(classes.end(), AuditClass());
    it->tensors.push_back(&tensor);
    it->elements += element_count(tensor);
  }
  return classes;
}

int audit_exit_code(const AuditReport& report, bool strict) {
  bool rejected = false, finding = false, open = false;
  for (const CheckpointAudit& checkpoint : report.checkpoints) {
    rejected = rejected || checkpoint.verdict == AuditVerdict::invalid;
    finding = finding || is_audit_finding(checkpoint);
    open = open || checkpoint.verdict == AuditVerdict::undecidable || checkpoint.verdict == AuditVerdict::unsupported;
    for (const TensorAudit& tensor : checkpoint.tensors) {
      rejected = rejected || tensor.verdict == AuditVerdict::invalid;
      finding = finding || is_audit_finding(tensor);
      open = open || tensor.verdict == AuditVerdict::undecidable;
    }
  }
  if (rejected) return kAuditRejected;
  if (finding) return kAuditFinding;
  return open && strict ? kAuditUndecidable : kExitOk;
}

std::uint64_t element_count(const TensorAudit& tensor) {
  std::uint64_t count = 1;
  for (const std::int64_t extent : tensor.shape) count *= static_cast<std::uint64_t>(extent);
  return count;
}

std::uint64_t needed_elements(const TensorAudit& tensor) {
  std::uint64_t fewest = 0;
  for (const AuditTest& test : tensor.evidence.tests)
    if (test.needed && (!fewest || test.needed < fewest)) fewest = test.needed;
  return fewest;
}

std::string share_percent(std::uint64_t part, std::uint64_t whole) {
  if (part == whole) return "100 %";
  const double percent = 100 * static_cast<double>(part) / static_cast<double>(whole);
  if (part && percent < 0.05) return "< 0.1 %";
  if (percent > 99.95) return "> 99.9 %";
  return fixed(percent, 1) + " %";
}

std::string share_text(const CheckpointAudit& checkpoint) {
  std::uint64_t tensors = 0, elements = 0, all = 0;
  for (const TensorAudit& tensor : checkpoint.tensors) {
    const std::uint64_t count = element_count(tensor);
    all += count;
    const bool part = checkpoint.verdict == AuditVerdict::mixed && is_audit_finding(tensor);
    if (tensor.verdict != checkpoint.verdict && !part) continue;
    ++tensors;
    elements += count;
  }
  if (tensors == 0) return "";
  std::string text = grouped(tensors) + " of " + counted(checkpoint.tensors.size(), "tensor");
  if (all) text += ", " + share_percent(elements, all) + " of parameters";
  return text;
}

std::string short_number(double value) {
  if (std::isnan(value)) return "nan";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4g", value);
  return buffer;
}

std::string bits_text(double bits) {
  if (!std::isfinite(bits)) return short_number(bits);
  if (std::abs(bits) < 9.95) return fixed(bits, 1);
  const std::string whole = grouped(static_cast<std::uint64_t>(std::min(std::round(std::abs(bits)), 1e18)));
  return bits < 0 ? "-" + whole : whole;
}

std::string bits_text(const TensorAudit& tensor) {
  return tensor.bits > 0 && tensor.verdict != AuditVerdict::structured ? bits_text(tensor.bits) : "";
}

std::string code_text(const TensorAudit& tensor, std::uint64_t code) {
  const std::uint64_t bytes = element_bytes(tensor);
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "0x%0*llx", static_cast<int>(bytes ? 2 * bytes : 1),
                static_cast<unsigned long long>(code));
  return buffer;
}

std::string position_text(const AuditWitness& witness) {
  return witness.position.size() < 2 ? grouped(witness.index) : shape_text(witness.position);
}

std::uint64_t element_bytes(const TensorAudit& tensor) {
  const DTypeInfo& info = dtype_info(tensor.element);
  return info.block_elements == 1 ? static_cast<std::uint64_t>(info.block_bytes) : 0;
}

std::string error_text(const CheckpointAudit& checkpoint) {
  std::string text = checkpoint.error;
  const std::size_t at = text.find(checkpoint.path + ": ");
  const bool whole = at == 0 || (at != std::string::npos && at >= 2 && text.compare(at - 2, 2, ": ") == 0);
  if (whole && !checkpoint.path.empty()) text.erase(at, checkpoint.path.size() + 2);
  return text;
}

}  // namespace candor::cli
