// Tensors whose elements do not lie side by side in their file: what is found is the same, and witnesses say where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "candor/audit.h"
#include "tests/audit/scan_support.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using audit_internal::draw;
using audit_internal::Law;
using audit_internal::Route;
using audit_internal::to_bf16;
using candor::testing::bytes_of;
using candor::testing::compressed;
using candor::testing::npy_bytes;
using candor::testing::npy_dict;
using candor::testing::TemporaryFolder;
using candor::testing::ZipBytes;

constexpr std::size_t kRows = 300, kColumns = 500;
constexpr const char* kShape = "(300, 500)";

std::vector<float> odd_values() {
  std::vector<float> values = draw(Law::normal, 0.02, kRows * kColumns, 1);
  values[7 * kColumns + 11] = std::numeric_limits<float>::infinity();
  values[200 * kColumns + 3] = 1e6f;
  return values;
}

template <class T>
std::vector<T> by_columns(const std::vector<T>& values) {
  std::vector<T> out(values.size());
  for (std::size_t i = 0; i < kRows; ++i)
    for (std::size_t j = 0; j < kColumns; ++j) out[j * kRows + i] = values[i * kColumns + j];
  return out;
}

float value_at(const std::string& file, std::uint64_t offset) {
  float value = std::nanf("");
  if (offset + sizeof value <= file.size()) std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

/// The same from the file and from its fingerprint.
std::vector<TensorAudit> audited(const TemporaryFolder& folder, const std::string& path) {
  AuditOptions options;
  options.fingerprint = folder.path("fingerprint");
  const AuditReport of_file = audit({path}, options), again = audit_fingerprints({options.fingerprint});
  return {of_file.checkpoints.at(0).tensors.at(0), again.checkpoints.at(0).tensors.at(0)};
}

TEST(AuditPlacement, WitnessesPointAtTheirElements) {
  const TemporaryFolder folder;
  const std::vector<float> values = odd_values();
  for (const bool fortran : {false, true}) {
    const std::string bytes =
        npy_bytes(npy_dict("<f4", kShape, fortran), bytes_of(fortran ? by_columns(values) : values));
    for (const TensorAudit& tensor : audited(folder, folder.put("w.npy", bytes))) {
      EXPECT_EQ(tensor.verdict, AuditVerdict::consistent) << tensor.sentence;
      ASSERT_EQ(tensor.witnesses.size(), 2u);
      for (const AuditWitness& witness : tensor.witnesses)
        EXPECT_EQ(value_at(bytes, witness.offset), static_cast<float>(witness.value)) << fortran;
      EXPECT_EQ(tensor.witnesses[0].position, (std::vector<std::int64_t>{200, 3}));
    }
  }
}

TEST(AuditPlacement, CompressedElementsHaveNoPlaceOfTheirOwn) {
  const TemporaryFolder folder;
  const std::string array = npy_bytes(npy_dict("<f4", kShape), bytes_of(odd_values()));
  const ZipBytes zip({compressed("w.npy", array)});
  for (const TensorAudit& tensor : audited(folder, folder.put("w.npz", zip.bytes))) {
    EXPECT_EQ(tensor.verdict, AuditVerdict::consistent) << tensor.sentence;
    EXPECT_EQ(tensor.evidence.infinities, 1u);
    ASSERT_EQ(tensor.witnesses.size(), 2u);
    for (const AuditWitness& witness : tensor.witnesses) EXPECT_EQ(witness.offset, zip.data.at(0));
  }
}

TEST(AuditPlacement, NamelessTwoBytesAreBf16WhenSaidSo) {
  const TemporaryFolder folder;
  const auto codes = to_bf16(draw(Law::normal, 0.02, kRows * kColumns, 2), Route::rne);
  const std::string plain = npy_bytes(npy_dict("|V2", kShape), bytes_of(codes));
  const std::string turned = npy_bytes(npy_dict("|V2", kShape, true), bytes_of(by_columns(codes)));
  const ZipBytes zip({compressed("a.npy", plain), compressed("b.npy", turned)});
  const std::vector<std::string> paths = {folder.put("w.npy", plain), folder.put("w.npz", zip.bytes)};
  AuditOptions options;
  for (const CheckpointAudit& checkpoint : audit(paths, options).checkpoints)
    for (const TensorAudit& tensor : checkpoint.tensors) EXPECT_EQ(tensor.verdict, AuditVerdict::unsupported);
  options.v2_as_bf16 = true;
  const AuditReport report = audit(paths, options);
  EXPECT_EQ(report.checkpoints.at(1).tensors.size(), 2u);
  for (const CheckpointAudit& checkpoint : report.checkpoints)
    for (const TensorAudit& tensor : checkpoint.tensors) {
      EXPECT_EQ(tensor.dtype, "bf16");
      EXPECT_EQ(tensor.verdict, AuditVerdict::consistent) << tensor.sentence;
    }
}

TEST(AuditPlacement, WhatAPickleWouldCallIsSaidAndNotCalled) {
  namespace pickled = candor::testing::pickled;
  const TemporaryFolder folder;
  const std::string witness = folder.path("witness");
  const std::string attack =
      pickled::symbol("posix", "system") + pickled::tuple(pickled::text("touch " + witness)) + "R";
  const std::string pickle = pickled::whole(pickled::dict({{"a", attack}}));
  const std::string file = folder.put("x.pt", candor::testing::pytorch_zip(pickle, {}).bytes);
  const AuditReport report = audit({file});
  ASSERT_EQ(report.checkpoints.at(0).notes.size(), 1u);
  EXPECT_THAT(report.checkpoints[0].notes[0], ::testing::HasSubstr("'posix.system' (1 time)"));
  EXPECT_FALSE(std::filesystem::exists(witness));
}

}  // namespace
}  // namespace candor
