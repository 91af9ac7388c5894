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

TensorAudit structured(const std::string& sub, std::uint64_t nans, std::uint64_t infinities) {
  TensorAudit out = tensor(sub, nans, infinities, AuditVerdict::structured);
  out.sub = sub;
  return out;
}

TEST(TensorNotes, InfinitiesOfAMaskAreItsValues) {
  EXPECT_EQ(notes_of({structured("mask", 0, 99)}), Notes{});
  EXPECT_EQ(notes_of({structured("table", 0, 99)}), Notes{"99 infinities, in 'table'"});
  EXPECT_EQ(notes_of({tensor("mask", 0, 99)}), Notes{"99 infinities, in 'mask'"}) << "by its verdict, not by its name";
}

TEST(TensorNotes, NanAreNobodysValues) {
  EXPECT_EQ(notes_of({structured("mask", 3, 99)}), Notes{"3 NaN, in 'mask'"});
  EXPECT_EQ(notes_of({structured("constant", 97, 0), structured("sparse", 1, 0)}),
            Notes{"98 NaN, in 'constant' and 1 more"});
}

TEST(TensorNotes, NumPysUntypedElementsMayBeBf16) {
  const TensorAudit untyped = tensor("a", 0, 0, AuditVerdict::unsupported, "V2");
  EXPECT_EQ(notes_of({untyped}),
            Notes{"1 tensor has NumPy's dtype V2: where that is bf16, as ml_dtypes saves it, use --v2-as-bf16"});
  EXPECT_EQ(notes_of({untyped, untyped, tensor("b", 0, 0)}).front().substr(0, 14), "2 tensors have");
}

}  // namespace
}  // namespace candor::audit_internal
