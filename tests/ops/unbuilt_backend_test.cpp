// A backend that is listed but not part of the build: its rows are shown and never run. Linked without runtime, so that
// the backends are those below.
#include <gmock/gmock.h>

#include <array>

#include "candor/error.h"
#include "candor/machine.h"
#include "ops/dispatch.h"

namespace candor {
namespace {

using enum DType;
using testing::HasSubstr;
using testing::Not;

class OneWorker final : public Stream {
 public:
  int workers() const override { return 1; }
  void parallel(std::int64_t count, std::int64_t, Task task) override { task.run(task.self, 0, count, 0); }
  std::byte* scratch(int, std::size_t) override { return nullptr; }
  std::byte* shared_scratch(std::size_t) override { return nullptr; }
};

Stream& one_worker() {
  static OneWorker stream;
  return stream;
}

void negate(const Unary& args, Stream&) {
  for (std::int64_t i = 0; i < args.y.elements(); ++i) args.y.as<float>()[i] = -args.x.as<float>()[i];
}

constexpr Precision of(DType dtype) { return {.a = dtype, .b = dtype, .out = dtype}; }

constexpr std::array kCudaRows = {
    row<Unary>(of(f32), Isa::any, InstructionClass::f32_fma, "cuda/elementwise/unary_map", nullptr),
    row<Unary>(of(bf16), Isa::any, InstructionClass::f32_fma, "cuda/elementwise/unary_map", nullptr),
    row<Softmax>(of(bf16), Isa::any, InstructionClass::f32_fma, "cuda/norm/softmax_rows", nullptr)};
constexpr std::array kToyRows = {row<Unary>(of(f32), Isa::any, InstructionClass::f32_fma, "toy/unary", negate)};

Isa any_isa() { return Isa::any; }

}  // namespace

std::span<const Backend> installed_backends() {
  static const std::array<Backend, 2> backends{
      Backend{
          .name = "cuda", .built = false, .reference = false, .rows = kCudaRows, .active_isa = any_isa, .stream = {}},
      Backend{.name = "toy",
              .built = true,
              .reference = false,
              .rows = kToyRows,
              .active_isa = any_isa,
              .stream = one_worker}};
  return backends;
}

namespace {

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const UnsupportedPrecision& error) {
    return error.what();
  }
  return "ran";
}

TEST(UnbuiltBackend, NeverComputes) {
  const Tensor x = Tensor::from_f32(std::vector<float>{1, -2}, {2});
  EXPECT_EQ(ops::device_backend().name, "toy");
  EXPECT_EQ(unary(UnaryKind::neg, x).to_f32(), (std::vector<float>{-1, 2}));
  const Unary args{.x = const_view(x)};
  EXPECT_EQ(find_row(installed_backends()[0], of(f32), args), nullptr);
  EXPECT_EQ(row_refusal(kCudaRows[0], Isa::any, args), "this build has the backend off");
}

TEST(UnbuiltBackend, IsNamedWhenItHasTheKernel) {
  const Tensor x = Tensor::shape_only({2}, bf16), row = Tensor::shape_only({2, 2}, bf16),
               half = Tensor::shape_only({2}, f16);
  EXPECT_EQ(refusal([&] { unary(UnaryKind::neg, x); }),
            "unary: no kernel on toy (any) for a=bf16 b=bf16 out=bf16 · compute=f32 · accumulate=f32\n"
            "closest on this device: a=f32 b=f32 out=f32  (toy/unary)\n"
            "exists in the cuda backend; this build has cuda off\n"
            "see docs/precision-matrix.md#unary");
  EXPECT_EQ(refusal([&] { softmax(row); }),
            "softmax: no kernel on toy (any) for a=bf16 b=bf16 out=bf16 · compute=f32 · accumulate=f32\n"
            "exists in the cuda backend; this build has cuda off\n"
            "see docs/precision-matrix.md#softmax");
  EXPECT_THAT(refusal([&] { unary(UnaryKind::neg, half); }), Not(HasSubstr("cuda")));
}

std::string_view refuses_all(const Unary&) { return "x must be something else"; }

// Of rows with the precision the one that this machine could run is the one to tell about, wherever it stands.
TEST(UnbuiltBackend, ANewerInstructionSetIsNoReasonBesideARowOfThisMachine) {
  constexpr std::array kRows = {
      row<Unary>(of(bf16), Isa::avx512, InstructionClass::f32_fma, "newer/unary", negate, refuses_all),
      row<Unary>(of(bf16), Isa::any, InstructionClass::f32_fma, "toy/unary", negate, refuses_all)};
  const Tensor x = Tensor::shape_only({2}, bf16);
  const Unary args{.x = const_view(x)};
  const auto explain = [&](std::span<const KernelRow> rows) {
    return explain_missing(
        Backend{.name = "toy", .built = true, .reference = false, .rows = rows, .active_isa = any_isa, .stream = {}},
        of(bf16), args);
  };
  EXPECT_THAT(explain(kRows), HasSubstr("refuses: x must be something else"));
  EXPECT_THAT(explain(std::span(kRows).first(1)), HasSubstr("refuses: needs a newer instruction set"));
}

TEST(UnbuiltBackend, IsListed) {
  const std::vector<KernelListing> listings = list_kernels();
  ASSERT_EQ(listings.size(), 4u);
  EXPECT_EQ(listings[0].backend, "cuda");
  EXPECT_FALSE(listings[0].built);
  EXPECT_FALSE(listings[0].runs_here);
  EXPECT_TRUE(listings[3].built);
  EXPECT_TRUE(listings[3].runs_here);
  EXPECT_THAT(precision_matrix_markdown(),
              HasSubstr("| bf16 | bf16 | bf16 | f32 | f32 | cuda | any | f32-fma | cuda/norm/softmax_rows |"));
}

}  // namespace
}  // namespace candor
