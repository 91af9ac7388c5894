#include "audit/tensor_notes.h"

#include <string>
#include <vector>

#include "audit/number_words.h"
#include "io/refuse.h"

namespace candor::audit_internal {
namespace {

/// "5,120 NaN and 1,024 infinities"
std::string not_finite(std::uint64_t nans, std::uint64_t infinities) {
  std::string text = nans > 0 ? grouped(nans).append(" NaN") : "";
  if (infinities == 0) return text;
  return text.append(text.empty() ? "" : " and ").append(counted(infinities, "infinity", "infinities"));
}

/// "'a.weight' and 3 more"
std::string some_of(const std::string& first, std::uint64_t tensors) {
  std::string text = io::quote(first);
  return tensors < 2 ? text : text.append(" and ").append(grouped(tensors - 1)).append(" more");
}

/// Its infinities are what it says; a NaN is none of its values.
bool is_mask(const TensorAudit& tensor) { return tensor.verdict == AuditVerdict::structured && tensor.sub == "mask"; }

}  // namespace

std::string untyped_numpy_note(std::uint64_t tensors) {
  return counted(tensors, "tensor has", "tensors have")
      .append(" NumPy's dtype V2: where that is bf16, as ml_dtypes saves it, use --v2-as-bf16");
}

void note_tensors(CheckpointAudit& checkpoint) {
  std::uint64_t nans = 0, infinities = 0, with = 0, untyped = 0;
  const std::string* first = nullptr;
  for (const TensorAudit& tensor : checkpoint.tensors) {
    untyped += tensor.dtype == kUntypedNumpy ? 1 : 0;
    const std::uint64_t infinite = is_mask(tensor) ? 0 : tensor.evidence.infinities;
    if (tensor.evidence.nans + infinite == 0) continue;
    if (++with == 1) first = &tensor.name;
    nans += tensor.evidence.nans;
    infinities += infinite;
  }
  if (first != nullptr)
    checkpoint.notes.push_back(not_finite(nans, infinities).append(", in ").append(some_of(*first, with)));
  if (untyped > 0) checkpoint.notes.push_back(untyped_numpy_note(untyped));
}

}  // namespace candor::audit_internal
