#include "cli/audit_summary.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <tuple>

#include "candor/dtype.h"
#include "cli/exit_code.h"
#include "cli/format.h"

namespace candor::cli {
namespace {

struct Amount {
  std::uint64_t tensors = 0, elements = 0;
  void add(const TensorAudit& tensor) {
    ++tensors;
    elements += element_count(tensor);
  }
};

}  // namespace

std::vector<AuditClass> audit_classes(const CheckpointAudit& checkpoint) {
  std::vector<AuditClass> classes;
  std::map<std::tuple<AuditVerdict, std::string_view, std::string_view>, std::size_t> places;
  for (const TensorAudit& tensor : checkpoint.tensors) {
    const auto [place, is_new] = places.try_emplace({tensor.verdict, tensor.sub, tensor.dtype}, classes.size());
    if (is_new) classes.emplace_back();
    AuditClass& group = classes[place->second];
    group.tensors.push_back(&tensor);
    group.elements += element_count(tensor);
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

std::uint64_t elements_to_decide(const TensorAudit& tensor, const AuditTest& test, double threshold_bits) {
  const bool open = std::abs(test.bits) < threshold_bits && has_smooth_density(tensor);  // what all that count ask for
  return open && test.needed > element_count(tensor) ? test.needed : 0;
}

bool has_smooth_density(const TensorAudit& tensor) {
  const AuditVerdict verdict = tensor.verdict;
  if (verdict == AuditVerdict::dequantised || verdict == AuditVerdict::structured) return false;
  if (verdict == AuditVerdict::mislabelled) return tensor.sub != "bit-view" && tensor.sub != "byte-swapped";
  const std::vector<AuditBlockScheme>& schemes = tensor.evidence.schemes;  // of a part of the values
  return verdict != AuditVerdict::mixed || schemes.empty() || schemes.front().bits < tensor.bits;
}

std::string_view caveat_of(const TensorAudit& tensor, const AuditTest& test) {
  if (!test.not_run.empty() || has_smooth_density(tensor)) return "";
  const std::vector<AuditTest>& tests = tensor.evidence.tests;
  const auto gate = std::find_if(tests.begin(), tests.end(), [](const AuditTest& t) { return t.name == "smoothness"; });
  const bool after = std::any_of(gate, tests.end(), [&](const AuditTest& t) { return &t == &test && &t != &*gate; });
  return after ? "it assumes a smooth density, which these values do not have" : "";
}

std::string share_percent(std::uint64_t part, std::uint64_t whole) {
  if (part == whole) return "100 %";
  const double percent = 100 * static_cast<double>(part) / static_cast<double>(whole);
  if (part && percent < 0.05) return "< 0.1 %";
  if (percent > 99.95) return "> 99.9 %";
  return fixed(percent, 1) + " %";
}

std::string share_text(const CheckpointAudit& checkpoint) {
  Amount named, all, checked;
  for (const TensorAudit& tensor : checkpoint.tensors) {
    checked.add(tensor);
    const bool part = checkpoint.verdict == AuditVerdict::mixed && is_audit_finding(tensor);
    const bool own = tensor.verdict == checkpoint.verdict && is_audit_finding(tensor) == is_audit_finding(checkpoint);
    if (!own && !part) continue;
    all.add(tensor);
    if (own && tensor.sub == checkpoint.sub) named.add(tensor);
  }
  if (all.tensors == 0) return "";
  if (checkpoint.sub.empty() || named.tensors == 0) named = all;  // the second word names no kind of them
  std::string text = grouped(named.tensors) + " of " + counted(checked.tensors, "tensor");
  if (checked.elements) text += ", " + share_percent(named.elements, checked.elements) + " of parameters";
  if (named.tensors == all.tensors) return text;
  text.append("; ").append(grouped(all.tensors));
  if (checked.elements) text.append(" and ").append(share_percent(all.elements, checked.elements));
  return text.append(" with other kinds");
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
  const bool fact = tensor.sub.starts_with("label-vs-");
  return tensor.bits > 0 && is_audit_finding(tensor.verdict) && !fact ? bits_text(tensor.bits) : "";
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
