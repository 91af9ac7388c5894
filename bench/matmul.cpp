// Matrix products by storage dtype and shape, beside the machine's ceilings measured in the same process.
//   bench/report.py build/ci/bin/bench_matmul     runs this, alternating, and prints medians and ratios
// Names are matmul/<activations>_<weights>/<M>/<N>/<K>. Weights are packed, and rotate over copies that fill
// kRotateBytes when M is small, so that no cache holds them from one call to the next.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <vector>

#include "candor/error.h"
#include "candor/machine.h"
#include "candor/ops.h"

namespace {

using namespace candor;

constexpr std::int64_t kRotateBytes = std::int64_t{256} << 20;
constexpr std::int64_t kRotateRows = 64;  // from here on a product is bound by arithmetic, not by its weights

struct Case {
  DType activations, weights;
  std::int64_t m, n, k;
};

// Values in [-1, 1), the same everywhere.
Tensor random(const Shape& shape, DType dtype, std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(shape.elements()));
  for (float& value : values) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    value = static_cast<float>(seed >> 40) * 0x1p-23f - 1.0f;
  }
  return cast(Tensor::from_f32(values, shape), dtype);
}

std::vector<Tensor> packed_copies(const Case& c) {
  const Tensor weight = random({c.n, c.k}, c.weights, 2);  // [N, K]
  std::vector<Tensor> copies = {pack_tiles(weight)};
  if (c.m >= kRotateRows) return copies;
  const auto bytes = static_cast<std::int64_t>(copies[0].nbytes());
  while (static_cast<std::int64_t>(copies.size()) * bytes < kRotateBytes) copies.push_back(pack_tiles(weight));
  return copies;
}

void run(benchmark::State& state, const Case& c, const Ceilings& ceilings) {
  const Tensor x = random({c.m, c.k}, c.activations, 1);  // [M, K]
  const std::vector<Tensor> weights = packed_copies(c);
  std::size_t call = 0;
  for (auto _ : state) {
    const Tensor y = matmul(x, weights[call++ % weights.size()]);  // [M, N]
    benchmark::DoNotOptimize(y.data());
  }
  using benchmark::Counter;
  const double flops = 2.0 * static_cast<double>(c.m * c.n * c.k);
  const auto bytes = static_cast<double>(weights[0].nbytes());
  state.counters["flops"] = Counter(flops, Counter::kIsIterationInvariantRate);
  state.counters["of_fma_peak"] = Counter(flops / ceilings.fma_flops_per_second, Counter::kIsIterationInvariantRate);
  state.counters["weight_bytes"] = Counter(bytes, Counter::kIsIterationInvariantRate);
  state.counters["of_read"] = Counter(bytes / ceilings.read_bytes_per_second, Counter::kIsIterationInvariantRate);
}

std::string name_of(const Case& c) {
  return "matmul/" + std::string(dtype_name(c.activations)) + "_" + std::string(dtype_name(c.weights)) + "/" +
         std::to_string(c.m) + "/" + std::to_string(c.n) + "/" + std::to_string(c.k);
}

void add_cases(const Ceilings& ceilings) {
  constexpr DType kPairs[][2] = {
      {DType::f32, DType::f32}, {DType::f32, DType::bf16}, {DType::bf16, DType::bf16}, {DType::f16, DType::f16}};
  constexpr std::int64_t kShapes[][3] = {{512, 512, 512},  {1024, 1024, 1024}, {2048, 2048, 2048}, {1, 1536, 576},
                                         {8, 1536, 576},   {32, 1536, 576},    {128, 1536, 576},   {512, 1536, 576},
                                         {1, 5632, 2048},  {8, 5632, 2048},    {32, 5632, 2048},   {128, 5632, 2048},
                                         {512, 5632, 2048}};
  for (const auto& [m, n, k] : kShapes)
    for (const auto& [activations, weights] : kPairs) {
      const Case c{activations, weights, m, n, k};
      benchmark::RegisterBenchmark(name_of(c).c_str(), [c, &ceilings](benchmark::State& s) { run(s, c, ceilings); })
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
    }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    const MachineInfo machine = machine_info();
    const Ceilings ceilings = measure_ceilings();
    benchmark::AddCustomContext("cpu", machine.cpu_model);
    benchmark::AddCustomContext("isa", machine.active_isa);
    benchmark::AddCustomContext("threads", std::to_string(threads()));
    benchmark::AddCustomContext("read_bytes_per_second", std::to_string(ceilings.read_bytes_per_second));
    benchmark::AddCustomContext("fma_flops_per_second", std::to_string(ceilings.fma_flops_per_second));
    benchmark::AddCustomContext("dpbf16_flops_per_second", std::to_string(ceilings.dpbf16_flops_per_second));
    add_cases(ceilings);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "bench_matmul: %s\n", error.what());
    return 1;
  }
}
