// From tables to proofs: which rows are tried with which storage, and what becomes of a row that lies.
#include "prove/prove_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "candor/error.h"

namespace candor::prove {
namespace {

float rounded_to_bf16(float value) {  // of the finite values that the test meets
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u);
}

/// f32 on strided operands only; `Sum` is what every addition is rounded with.
template <float (*Sum)(float)>
void plain_matmul(const Matmul& op, Stream&) {
  const std::int64_t rows = op.x.shape[0], terms = op.x.shape[1], columns = op.weight.shape[0];
  for (std::int64_t m = 0; m < rows; ++m)
    for (std::int64_t n = 0; n < columns; ++n) {
      float sum = 0;
      for (std::int64_t pair = 0; pair < terms; pair += 2)
        for (const std::int64_t k : {pair + 1, pair})  // the odd element first
          if (k < terms)
            sum = Sum(std::fma(op.x.as<float>()[m * terms + k], op.weight.as<float>()[n * terms + k], sum));
      op.y.as<float>()[m * columns + n] = sum;
    }
}
float as_it_is(float value) { return value; }

std::string_view refuses_packed(const Matmul& op) {  // and biases, which plain_matmul() does not add
  if (op.bias.present()) return "a bias";
  return op.weight.layout == Layout::strided ? "" : "packed weights";
}
std::string_view refuses_all(const Matmul&) { return "everything"; }

constexpr Precision kF32{.a = DType::f32, .b = DType::f32, .out = DType::f32};
constexpr KernelRow matmul_row(Launch<Matmul> launch, Refuses<Matmul> refuses = refuses_packed, Isa isa = Isa::any) {
  return row<Matmul>(kF32, isa, InstructionClass::f32_fma, "test/matmul", launch, refuses);
}

class Inline final : public Stream {
 public:
  int workers() const override { return 1; }
  void parallel(std::int64_t count, std::int64_t, Task task) override { task.run(task.self, 0, count, 0); }
  std::byte* scratch(int, std::size_t) override { return nullptr; }
  std::byte* shared_scratch(std::size_t) override { return nullptr; }
};
Stream& inline_stream() {
  static Inline stream;
  return stream;
}

Backend backend_of(std::span<const KernelRow> rows, bool reference = false) {
  return {.name = "test",
          .built = true,
          .reference = reference,
          .rows = rows,
          .active_isa = [] { return Isa::avx2; },
          .stream = inline_stream};
}

RowProof proof_of(const KernelRow& row) {
  const Backend backend = backend_of({&row, 1});
  Experiments experiments;
  return prove_row({&backend, &row, storages_of(row).front()}, experiments);
}

TEST(ProveRow, AnHonestRowIsProven) {
  const RowProof proof = proof_of(matmul_row(plain_matmul<as_it_is>));
  EXPECT_EQ(proof.verdict, ProofVerdict::proven) << proof.finding;
  EXPECT_EQ(proof.backend, "test");
  EXPECT_FALSE(proof.canaries.empty());
}

TEST(ProveRow, ALyingRowIsNamedWithItsLie) {
  const RowProof proof = proof_of(matmul_row(plain_matmul<rounded_to_bf16>));
  EXPECT_EQ(proof.verdict, ProofVerdict::mismatch);
  EXPECT_TRUE(proof.finding.starts_with("accumulation: bf16, not f32 (")) << proof.finding;
}

TEST(ProveRow, ARowThatRefusesEverythingIsNotProven) {
  EXPECT_EQ(proof_of(matmul_row(plain_matmul<as_it_is>, refuses_all)).verdict, ProofVerdict::unseen);
}

TEST(RowsToProve, QuickLeavesOutWhatNothingCanReach) {
  const Launch<Matmul> launch = plain_matmul<as_it_is>;
  const KernelRow rows[] = {
      matmul_row(launch, refuses_packed, Isa::avx512),    // not here
      matmul_row(launch, refuses_packed, Isa::avx2),      // chosen
      matmul_row(launch, refuses_packed, Isa::baseline),  // refuses the same
      matmul_row(launch, refuses_all, Isa::baseline),     // refuses something else
      matmul_row(launch, nullptr, Isa::baseline),         // chosen for what both refuse
      matmul_row(launch, refuses_all, Isa::any),          // behind a row that refuses nothing
  };
  const auto indices = [&](const Backend& backend, bool quick) {
    std::vector<std::ptrdiff_t> found;
    for (const KernelRow* row : rows_to_prove(backend, quick)) found.push_back(row - rows);
    return found;
  };
  EXPECT_EQ(indices(backend_of(rows), false), (std::vector<std::ptrdiff_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(indices(backend_of(rows), true), (std::vector<std::ptrdiff_t>{1, 3, 4}));
  EXPECT_TRUE(indices(backend_of(rows, true), true).empty());
}

TEST(StoragesOf, ARowForAnyStorageIsTriedWithF32AndBf16) {
  KernelRow any = matmul_row(plain_matmul<as_it_is>);
  any.precision = {.a = DType::any, .b = DType::any, .out = DType::any};
  const std::vector<Storage3> storages = storages_of(any);
  ASSERT_EQ(storages.size(), 2u);
  EXPECT_EQ(storages[0].a, DType::f32);
  EXPECT_EQ(storages[1].out, DType::bf16);
}

TEST(ProveKernels, RefusesOpsAndBackendsThatDoNotExist) {
  EXPECT_THROW(prove_kernels({.op = "matmull"}), ValueError);
  EXPECT_THROW(prove_kernels({.backend = "gpu"}), ValueError);
}

TEST(ProveKernels, StopsWhenItIsCancelled) {
  const std::atomic<bool> cancel{true};
  EXPECT_THROW(prove_kernels({.op = "rope", .cancel = &cancel}), Cancelled);
}

TEST(ProveKernels, ProgressEndsWithTheRows) {
  Progress last{};
  const ProveReport report = prove_kernels(
      {.quick = true, .code = false, .op = "rope", .progress = [&](const Progress& progress) { last = progress; }});
  EXPECT_EQ(last.total, report.rows.size());
  EXPECT_EQ(report.count(ProofVerdict::proven), report.rows.size());
  EXPECT_GT(report.rows.size(), 0u);
}

}  // namespace
}  // namespace candor::prove
