// What is noted of tensors whatever their verdict.
#include "audit/tensor_notes.h"

#include <gtest/gtest.h>

namespace candor::audit_internal {
namespace {

TensorAudit tensor(const std::string& name, std::uint64_t nans, std::uint64_t infinities,
                   AuditVerdict verdict = AuditVerdict::consistent, const std::string& dtype = "BF16") {
  TensorAudit out;
  out.name = name;
  out.dtype = dtype;
  out.verdict = verdict;
  out.evidence.nans = nans;
  out.evidence.infinities = infinities;
  return out;
}

std::vector<std::string> notes_of(std::vector<TensorAudit> tensors) {
  CheckpointAudit checkpoint;
  checkpoint.tensors = std::move(tensors);
  note_tensors(checkpoint);
  return checkpoint.notes;
}

using Notes = std::vector<std::string>;

TEST(TensorNotes, FiniteTensorsHaveNone) { EXPECT_EQ(notes_of({tensor("a", 0, 0)}), Notes{}); }

TEST(TensorNotes, ValuesThatAreNotFiniteAreCounted) {
  EXPECT_EQ(notes_of({tensor("a", 0, 0), tensor("b", 5120, 1)}), Notes{"5,120 NaN and 1 infinity, in 'b'"});
  EXPECT_EQ(notes_of({tensor("a", 1, 0), tensor("b", 2, 0)}), Notes{"3 NaN, in 'a' and 1 more"});
  EXPECT_EQ(notes_of({tensor("a", 0, 3, AuditVerdict::f16_grid)}), Notes{"3 infinities, in 'a'"});
}

TEST(TensorNotes, InfinitiesOfAMaskAreItsValues) {
  EXPECT_EQ(notes_of({tensor("mask", 0, 99, AuditVerdict::structured)}), Notes{});
}

TEST(TensorNotes, NumPysUntypedElementsMayBeBf16) {
  const TensorAudit untyped = tensor("a", 0, 0, AuditVerdict::unsupported, "V2");
  EXPECT_EQ(notes_of({untyped}),
            Notes{"1 tensor has NumPy's dtype V2: where that is bf16, as ml_dtypes saves it, use --v2-as-bf16"});
  EXPECT_EQ(notes_of({untyped, untyped, tensor("b", 0, 0)}).front().substr(0, 14), "2 tensors have");
}

}  // namespace
}  // namespace candor::audit_internal
