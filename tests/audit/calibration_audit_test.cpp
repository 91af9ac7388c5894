// Ten thousand genuine tensors, as files, through candor audit as a user calls it: reader, scan, block evidence, every
// question of the judge, and the roll-up with what tensors say together.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <mutex>

#include "candor/audit.h"
#include "tests/audit/history_support.h"
#include "tests/audit/quantisers.h"
#include "tests/audit/scan_support.h"

namespace candor::audit_internal {
namespace {

using candor::testing::bytes_of;
using candor::testing::StoredTensor;
using candor::testing::TemporaryFolder;
using candor::testing::write_safetensors;

constexpr std::size_t kTensors = 10'000, kOfAFile = 250;  // 5 MB a file
constexpr std::uint64_t kLawStream = 0xa0d17, kValueStream = 0x5ca1e;

/// Random numbers that decide what a seed's tensor is.
double choice(std::uint64_t seed, std::uint64_t which) { return random_unit(kLawStream + seed, which); }
std::size_t choice_of(std::uint64_t seed, std::uint64_t which, std::size_t count) {
  return static_cast<std::size_t>(choice(seed, which) * static_cast<double>(count));
}

/// One to four dimensions, 64 … 65,536 elements log-uniformly; widths that blocks of schemes divide, and others.
std::vector<std::int64_t> shape_of(std::uint64_t seed) {
  constexpr std::int64_t kWidths[] = {16, 24, 32, 64, 100, 128, 256, 576, 1024};
  const auto elements = static_cast<std::int64_t>(64 * std::exp2(10 * choice(seed, 0)));
  const std::int64_t width = kWidths[choice_of(seed, 1, std::size(kWidths))];
  const std::size_t rank = 1 + choice_of(seed, 2, 4);
  if (rank == 1 || elements < width) return {elements};
  if (rank == 2) return {elements / width, width};
  if (rank == 3 && elements >= 3 * width) return {3, elements / width / 3, width};
  return {elements / width, width / 4, 2, 2};  // a convolution
}

/// Values of any law; of the last two kinds each row has its own scale, or they lie around one as gains do.
std::vector<float> genuine_values(std::uint64_t seed, const std::vector<std::int64_t>& shape, double sigma) {
  std::size_t count = 1;
  for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
  const std::size_t kind = choice_of(seed, 3, std::size(kAllLaws) + 2);
  if (kind < std::size(kAllLaws)) return draw(kAllLaws[kind], sigma, count, kValueStream + seed);
  if (kind == std::size(kAllLaws)) return draw_around(1, 0.1, count, kValueStream + seed);
  std::vector<float> values = draw(Law::normal, sigma, count, kValueStream + seed);
  const std::size_t row = count / static_cast<std::size_t>(shape.front());
  for (std::size_t i = 0; i < count; ++i)
    values[i] *= static_cast<float>(std::exp(0.5 * (choice(seed, 100 + i / row) - 0.5)));
  return values;
}

/// With the bits that a f64 has beyond those of the f32 that it is near.
std::vector<double> to_f64(const std::vector<float>& values, std::uint64_t seed) {
  std::vector<double> wide(values.size());
  for (std::size_t i = 0; i < wide.size(); ++i)
    wide[i] = static_cast<double>(values[i]) * (1 + 0x1p-23 * (random_unit(kLawStream ^ seed, 1000 + i) - 0.5));
  return wide;
}

/// How f32 values of a width become bf16; one in two tensors is.
using ToBf16 = std::function<std::vector<std::uint16_t>(std::vector<float> values, std::size_t width)>;

std::vector<std::uint16_t> rounded_once(const std::vector<float>& values, std::size_t) {
  return to_bf16(values, Route::rne);
}

/// A tensor that was rounded once, to nearest, from something wider; the bf16 ones by `narrow`.
StoredTensor genuine_tensor(std::uint64_t seed, const ToBf16& narrow = rounded_once) {
  const std::vector<std::int64_t> shape = shape_of(seed);
  const std::vector<float> values = genuine_values(seed, shape, std::pow(10.0, -4 * choice(seed, 4)));
  const std::string name = "layers." + std::to_string(seed) + ".weight";
  switch (choice_of(seed, 5, 8)) {
    case 0:
      return {name, DType::f64, shape, bytes_of(to_f64(values, seed))};
    case 1:
      return {name, DType::f32, shape, bytes_of(values)};
    case 2:
    case 3:
      return {name, DType::f16, shape, bytes_of(to_f16(values))};
    default:
      return {name, DType::bf16, shape, bytes_of(narrow(values, static_cast<std::size_t>(shape.back())))};
  }
}

/// The seeds [first, first + count) as one file, the wide dtypes first: their alignment holds.
CheckpointAudit audit_file(std::uint64_t first, std::size_t count, const ToBf16& narrow = rounded_once) {
  std::vector<StoredTensor> tensors;
  for (std::size_t i = 0; i < count; ++i) tensors.push_back(genuine_tensor(first + i, narrow));
  std::stable_sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return dtype_info(a.dtype).block_bytes > dtype_info(b.dtype).block_bytes;
  });
  const TemporaryFolder folder;
  AuditOptions options;
  options.threads = 1;  // the files are spread over the cores
  return audit({write_safetensors(folder, tensors)}, options).checkpoints.at(0);
}

struct Census {
  std::size_t findings = 0, tensors = 0, with_blocks = 0, schemes = 0;
  std::map<AuditVerdict, std::size_t> verdicts;
  std::map<DType, std::size_t> dtypes;
  std::map<std::size_t, std::size_t> ranks;
  std::map<std::string, double> worst;  // bits, by test

  void add(const TensorAudit& tensor) {
    ++tensors;
    ++verdicts[tensor.verdict];
    ++dtypes[tensor.element];
    ++ranks[tensor.shape.size()];
    schemes += tensor.evidence.schemes.size();
    for (const AuditTest& test : tensor.evidence.tests) {
      with_blocks += test.name == "blocks" && test.not_run.empty() ? 1 : 0;
      worst[test.name] = std::max(worst[test.name], test.bits);
    }
    if (!is_audit_finding(tensor)) return;
    ++findings;
    ADD_FAILURE() << tensor.name << ", " << tensor.dtype << ": " << audit_verdict_name(tensor.verdict) << "/"
                  << tensor.sub << ": " << tensor.sentence;
  }
};

TEST(calibration_audit, ten_thousand_genuine_tensors_give_no_finding_in_the_whole_audit) {
  std::mutex mutex;
  Census census;
  on_all_cores(kTensors / kOfAFile, [&](std::size_t file) {
    const CheckpointAudit audited = audit_file(file * kOfAFile, kOfAFile);
    const std::lock_guard lock(mutex);
    EXPECT_EQ(audited.error, "");
    EXPECT_FALSE(is_audit_finding(audited)) << audited.sentence;
    for (const TensorAudit& tensor : audited.tensors) census.add(tensor);
  });
  EXPECT_EQ(census.tensors, kTensors);
  EXPECT_EQ(census.findings, 0u);
  // That nothing was found means something where something was looked for.
  EXPECT_GT(census.with_blocks, kTensors / 2);
  EXPECT_GT(census.verdicts[AuditVerdict::consistent], kTensors / 2);
  for (const DType dtype : {DType::bf16, DType::f16, DType::f32, DType::f64})
    EXPECT_GT(census.dtypes[dtype], kTensors / 10) << dtype_name(dtype);
  for (const std::size_t rank : {1u, 2u, 3u, 4u}) EXPECT_GT(census.ranks[rank], kTensors / 10) << rank;
  for (const auto& [verdict, count] : census.verdicts)
    std::printf("%s %zu; ", audit_verdict_name(verdict).data(), count);
  std::printf("block schemes listed %zu of %zu; worst bits:", census.schemes, census.with_blocks);
  for (const auto& [name, bits] : census.worst) std::printf(" %s %.1f", name.c_str(), bits);
  std::printf("\n");
}

std::size_t count_of(const CheckpointAudit& audited, AuditVerdict verdict) {
  return static_cast<std::size_t>(std::count_if(audited.tensors.begin(), audited.tensors.end(),
                                                [&](const TensorAudit& tensor) { return tensor.verdict == verdict; }));
}

// The same tensors with a history are found: the gate is no audit that finds nothing.

TEST(calibration_audit, the_same_tensors_through_f16_are_found) {
  const CheckpointAudit audited = audit_file(
      0, kOfAFile, [](const std::vector<float>& values, std::size_t) { return to_bf16(values, Route::from_f16); });
  EXPECT_TRUE(is_audit_finding(audited)) << audited.sentence;
  EXPECT_GT(count_of(audited, AuditVerdict::f16_grid) + count_of(audited, AuditVerdict::p11_source), kOfAFile / 10);
}

TEST(calibration_audit, the_same_tensors_out_of_int4_are_found) {
  std::size_t quantised = 0;
  const CheckpointAudit audited = audit_file(0, kOfAFile, [&](std::vector<float> values, std::size_t width) {
    Matrix matrix{values.size() / width, width, std::move(values)};
    if (width % 16 == 0 && matrix.values.size() >= 256) {
      quantise(matrix, 1, 16, symmetric_integers(7));
      ++quantised;
    }
    return to_bf16(matrix.values, Route::rne);
  });
  EXPECT_GT(quantised, kOfAFile / 10);
  EXPECT_EQ(count_of(audited, AuditVerdict::dequantised), quantised);
}

}  // namespace
}  // namespace candor::audit_internal
