// Calls with operands so large that a copy of one cannot be missed.
#include <cstring>
#include <functional>

#include "candor/error.h"
#include "candor/ops.h"
#include "prove/bytes/bytes.h"
#include "prove/bytes/dtype_sizes.h"
#include "prove/bytes/process_memory.h"
#include "prove/workers.h"

namespace candor::prove {
namespace {

constexpr int kTries = 3;

struct LargeCall {
  std::string what;
  std::uint64_t operand, result;  // bytes
  std::function<Tensor()> run;
};

/// Every byte is written, and as a number is small and none of NaN: 0x1c1c is 1.6e-22 in bf16.
Tensor filled_tensor(const Shape& shape, DType dtype) {
  Tensor tensor = Tensor::empty(shape, dtype);
  std::memset(tensor.data(), 0x1c, tensor.nbytes());
  return tensor;
}

std::uint64_t bytes_of(const Shape& shape, DType dtype) {
  return bytes_of_elements(dtype, static_cast<std::uint64_t>(shape.elements()));
}

CopyMeasured measured_call(const LargeCall& call) {
  CopyMeasured m;
  m.what = call.what;
  m.operand = call.operand;
  m.result = call.result;
  Workers(installed_backends()).renew();  // what they took before would hide what they take now
  PeakMemory peak;
  const Tensor y = call.run();
  const std::optional<std::uint64_t> above = peak.above_start();
  m.workspace = workspace_ledger().now;
  m.seen = above.has_value();
  m.peak = above.value_or(0);
  m.how = peak.how();
  return m;
}

LargeCall product(const std::string& how, const Tensor& weight, std::int64_t rows) {
  const Tensor x = filled_tensor({rows, weight.shape()[1]}, DType::bf16);
  const std::string text = "matmul bf16" + x.shape().to_string() + " by " + std::string(dtype_name(weight.dtype())) +
                           weight.shape().to_string() + how;
  const Shape result{rows, weight.shape()[0]};
  return {text, bytes_of(weight.shape(), weight.dtype()), bytes_of(result, DType::bf16),
          [x, weight] { return matmul(x, weight); }};
}

LargeCall rounding_cast(std::int64_t n) {
  const Tensor x = filled_tensor({n, n}, DType::f32);
  return {"cast f32" + x.shape().to_string() + " to bf16", bytes_of(x.shape(), DType::f32),
          bytes_of(x.shape(), DType::bf16), [x] { return cast(x, DType::bf16); }};
}

LargeCall some_rows(std::int64_t n) {
  const Tensor table = filled_tensor({n, n}, DType::bf16);
  const Tensor ids = Tensor::zeros({64}, DType::i32);
  return {"embedding of 64 rows of bf16" + table.shape().to_string(), bytes_of(table.shape(), DType::bf16),
          bytes_of({64, n}, DType::bf16), [table, ids] { return embedding(table, ids); }};
}

LargeCall one_token(std::int64_t n) {
  const Tensor q = filled_tensor({1, 1, 16, n / 16}, DType::bf16), k = filled_tensor({1, n, 16, n / 16}, DType::bf16);
  return {"attention of one token over a cache of bf16" + k.shape().to_string(), bytes_of(k.shape(), DType::bf16),
          bytes_of(q.shape(), DType::bf16), [q, k] { return attention(q, k, k); }};
}

/// Made one at a time, so that no more than one large operand is held. n · n bf16 are 32 MiB, or 16.5 MiB when quick.
std::vector<std::function<LargeCall()>> large_calls(std::int64_t n, bool quick) {
  const auto weight = [n](DType dtype) { return filled_tensor({n, n}, dtype); };
  std::vector<std::function<LargeCall()>> calls = {
      [=] { return product("", weight(DType::bf16), 2); },
      [=] { return product(", packed", pack_tiles(weight(DType::bf16)), 2); },
      [=] {
        return product("", filled_tensor({2 * n, n}, DType::q8_0), 2);
      },
      [=] { return rounding_cast(n); },
      [=] { return some_rows(n); },
      [=] { return one_token(n); },
  };
  if (!quick) {
    calls.push_back([=] { return product("", weight(DType::bf16), 40); });
    calls.push_back([=] { return product("", filled_tensor({2 * n, n}, DType::q8_0), 40); });
  }
  return calls;
}

bool is_small(const CopyMeasured& m) { return judge_copies(m).verdict != ProofVerdict::mismatch; }

}  // namespace

std::vector<ProofCheck> prove_no_copies(const ProveOptions& options) {
  std::vector<ProofCheck> checks;
  for (const auto& make : large_calls(options.quick ? 2944 : 4096, options.quick)) {
    if (options.cancel != nullptr && *options.cancel) throw Cancelled("prove: cancelled");
    const LargeCall call = make();
    CopyMeasured measured = measured_call(call);
    for (int i = 1; i < kTries && !is_small(measured); ++i) measured = measured_call(call);
    checks.push_back(judge_copies(measured));
  }
  return checks;
}

}  // namespace candor::prove
