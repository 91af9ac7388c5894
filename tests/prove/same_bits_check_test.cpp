// The check of the same bits: a table whose rows keep the promise, and tables with one row that breaks it.
#include "prove/bits/same_bits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "candor/error.h"
#include "candor/machine.h"

namespace candor::prove {
namespace {

Stream& cpu_stream() {
  for (const Backend& backend : installed_backends())
    if (backend.name == "cpu") return backend.stream();
  throw std::logic_error("no cpu backend");
}

float weight_at(const Matmul& op, std::int64_t n, std::int64_t k) {
  return op.weight.as<float>()[n * op.weight.stride[0] + k];
}

/// Rising k, one sum; `change(op, m, n, stream, y)` is what a liar makes of a result.
template <class Change>
void plain_matmul(const Matmul& op, Stream& stream, Change change) {
  for (std::int64_t m = 0; m < op.x.shape[0]; ++m)
    for (std::int64_t n = 0; n < op.weight.shape[0]; ++n) {
      float sum = op.bias.as<float>()[n];
      for (std::int64_t k = 0; k < op.x.shape[1]; ++k)
        sum += op.x.as<float>()[m * op.x.stride[0] + k] * weight_at(op, n, k);
      op.y.as<float>()[m * op.y.stride[0] + n] = change(op, m, n, stream, sum);
    }
}

void honest(const Matmul& op, Stream& stream) {
  plain_matmul(op, stream, [](auto&&, auto, auto, auto&&, float y) { return y; });
}
/// One neighbour of f32 off where three workers share the work: partial sums that are combined in another order.
void other_with_three_threads(const Matmul& op, Stream& stream) {
  plain_matmul(op, stream, [](auto&&, std::int64_t m, std::int64_t n, Stream& s, float y) {
    return s.workers() == 3 && m == 5 && n == 17 ? std::nextafter(y, 1e30f) : y;
  });
}
void other_in_prefill(const Matmul& op, Stream& stream) {
  plain_matmul(op, stream, [](const Matmul& call, std::int64_t m, std::int64_t n, Stream&, float y) {
    return call.x.shape[0] > 1 && m == 3 && n == 2 ? std::nextafter(y, 1e30f) : y;
  });
}
void other_by_itself(const Matmul& op, Stream& stream) {
  plain_matmul(op, stream, [](auto&&, std::int64_t, std::int64_t n, Stream&, float y) {
    return n == 4 ? std::nextafter(y, 1e30f) : y;
  });
}
/// The last column is never written.
void forgets_a_column(const Matmul& op, Stream& stream) {
  Matmul narrow = op;
  narrow.weight.shape[0] -= 1;
  honest(narrow, stream);
}

std::string_view refuses_packed(const Matmul& op) {
  return op.weight.layout == Layout::strided ? "" : "packed weights";
}
std::string_view refuses_all(const Matmul&) { return "everything"; }
std::string_view refuses_many_rows(const Matmul& op) {
  return op.x.shape[0] > 1 ? "more than one row" : refuses_packed(op);
}

KernelRow matmul_row(std::string_view name, Launch<Matmul> launch, Refuses<Matmul> refuses = refuses_packed) {
  return row<Matmul>({.a = DType::f32, .b = DType::f32, .out = DType::f32}, Isa::any, InstructionClass::f32_fma, name,
                     launch, refuses);
}

std::vector<ProofCheck> checks_of(const std::vector<KernelRow>& rows, const ProveOptions& options = {}) {
  const Backend backend{.name = "test",
                        .built = true,
                        .reference = false,
                        .rows = rows,
                        .active_isa = [] { return Isa::avx2; },
                        .stream = cpu_stream,
                        .set_workers = set_threads};
  return prove_same_bits({&backend, 1}, options);
}

void expect_finding(const std::vector<KernelRow>& rows, const std::string& beginning, const std::string& part = "") {
  const std::vector<ProofCheck> checks = checks_of(rows);
  ASSERT_EQ(checks.size(), 1u);
  EXPECT_EQ(checks[0].verdict, ProofVerdict::mismatch);
  EXPECT_EQ(checks[0].finding.substr(0, beginning.size()), beginning) << checks[0].finding;
  EXPECT_NE(checks[0].finding.find(part), std::string::npos) << checks[0].finding;
}

TEST(SameBitsCheck, HonestRowsHaveOneHash) {
  const auto checks = checks_of({matmul_row("test/first", honest), matmul_row("test/second", honest)});
  ASSERT_EQ(checks.size(), 1u);
  EXPECT_EQ(checks[0].verdict, ProofVerdict::proven) << checks[0].finding;
  EXPECT_EQ(checks[0].section, "same bits");
  EXPECT_EQ(checks[0].what, "matmul f32·f32→f32 f32/f32");
  EXPECT_EQ(checks[0].found.substr(0, 9), "one hash ");
}

TEST(SameBitsCheck, ThreadsThatChangeTheBits) {
  expect_finding({matmul_row("test/liar", other_with_three_threads)},
                 "threads: 3 threads give other bits than 1 (row 5, column 17: ");
}

TEST(SameBitsCheck, PrefillThatDiffersFromDecode) {
  expect_finding({matmul_row("test/liar", other_in_prefill)}, "prefill differs from decode: ", "row 3, column 2: ");
}

TEST(SameBitsCheck, RowsThatDisagree) {
  expect_finding({matmul_row("test/first", honest), matmul_row("test/second", other_by_itself)},
                 "rows: test/second any gives other bits than test/first any (row 0, column 4: ");
}

// A row for single rows only is held to what another gives for all of them.
TEST(SameBitsCheck, DecodeKernelAgainstPrefillKernel) {
  expect_finding({matmul_row("test/prefill", honest), matmul_row("test/decode", other_by_itself, refuses_many_rows)},
                 "prefill differs from decode: ", "test/decode");
}

// What is not written is 0xb5 in every run: alike, but the values are what no sum gives. The other row shows it.
TEST(SameBitsCheck, ResultsThatAreNotWritten) {
  expect_finding({matmul_row("test/first", honest), matmul_row("test/second", forgets_a_column)}, "rows: ");
}

TEST(SameBitsCheck, RowsThatRefuseEverythingAreNotProven) {
  const auto checks = checks_of({matmul_row("test/first", honest, refuses_all)});
  ASSERT_EQ(checks.size(), 1u);
  EXPECT_EQ(checks[0].verdict, ProofVerdict::unseen);
}

void throws(const Matmul&, Stream&) { throw ShapeError("matmul: out of order"); }

TEST(SameBitsCheck, RowsThatThrowAreNotProven) {
  const auto checks = checks_of({matmul_row("test/first", throws)});
  ASSERT_EQ(checks.size(), 1u);
  EXPECT_EQ(checks[0].verdict, ProofVerdict::unseen);
  EXPECT_EQ(checks[0].finding, "not tried: matmul: out of order");
}

TEST(SameBitsCheck, StopsWhenItIsCancelled) {
  const std::atomic<bool> cancel{true};
  EXPECT_THROW(checks_of({matmul_row("test/first", honest)}, {.cancel = &cancel}), Cancelled);
}

TEST(SameBitsCheck, ThreadsAreRestored) {
  const int before = threads();
  checks_of({matmul_row("test/first", honest)});
  EXPECT_EQ(threads(), before);
}

TEST(SameBitsCheck, OtherSeedsGiveOtherHashes) {
  const std::vector<KernelRow> rows = {matmul_row("test/first", honest)};
  const auto found = [&](std::uint64_t seed) { return checks_of(rows, {.seed = seed})[0].found; };
  EXPECT_EQ(found(1), found(1));
  EXPECT_NE(found(1), found(2));
}

TEST(SameBitsCheck, OnlyTheOpThatIsAskedFor) {
  EXPECT_TRUE(checks_of({matmul_row("test/first", honest)}, {.op = "softmax"}).empty());
}

TEST(SameBitsCheck, ReferenceIsNotCompared) {
  const std::vector<KernelRow> rows = {matmul_row("test/first", honest)};
  const Backend backend{.name = "test",
                        .built = true,
                        .reference = true,
                        .rows = rows,
                        .active_isa = [] { return Isa::avx2; },
                        .stream = cpu_stream,
                        .set_workers = set_threads};
  EXPECT_TRUE(prove_same_bits({&backend, 1}, {}).empty());
}

// Every class of the cpu backend, quickly: `candor prove --quick` finds nothing.
TEST(SameBitsCheck, InstalledKernels) {
  const auto checks = prove_same_bits(ProveOptions{.quick = true});
  EXPECT_GT(checks.size(), 100u);
  for (const ProofCheck& check : checks)
    EXPECT_EQ(check.verdict, ProofVerdict::proven) << check.what << ": " << check.finding;
}

TEST(FirstDifference, NamesResultRowColumnAndValues) {
  Operands memory;
  const std::vector<View> results = {memory.result(DType::f32, {2, 3}), memory.result(DType::bf16, {2, 4})};
  std::vector<std::byte> one(2 * 3 * 4 + 2 * 4 * 2), other = one;
  EXPECT_EQ(first_difference(results, one, other), "");
  other[24 + 2 * 6 + 1] = std::byte{0x3f};
  other[24 + 2 * 6] = std::byte{0x80};
  EXPECT_EQ(first_difference(results, one, other), "result 2, row 1, column 2: 0 and 1");
  one[3] = std::byte{0x80};
  EXPECT_EQ(first_difference(results, one, other), "result 1, row 0, column 0: -0 and 0");
}

TEST(FirstDifference, ValuesThatPrintAlikeAreShownAsCodes) {
  Operands memory;
  const std::vector<View> results = {memory.result(DType::f32, {4})};
  const float a = 1.0f, b = std::nextafter(1.0f, 2.0f);
  std::vector<std::byte> one(16), other(16);
  std::memcpy(one.data() + 8, &a, 4);
  std::memcpy(other.data() + 8, &b, 4);
  EXPECT_EQ(first_difference(results, one, other), "row 2: 0x3f800000 and 0x3f800001");
}

}  // namespace
}  // namespace candor::prove
