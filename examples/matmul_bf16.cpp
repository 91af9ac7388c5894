// A matrix product in bf16 and the receipt of it: what was stored, multiplied and summed, and by which kernel.
#include <cstdio>
#include <vector>

#include "candor/error.h"
#include "candor/ops.h"
#include "candor/receipt.h"

namespace {

using namespace candor;

// Values in [-1, 1), the same everywhere.
Tensor random_bf16(std::int64_t rows, std::int64_t columns, std::uint32_t seed) {
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  for (float& value : values) {
    seed = seed * 1664525u + 1013904223u;
    value = static_cast<float>(seed >> 8) * 0x1p-23f - 1.0f;
  }
  return cast(Tensor::from_f32(values, {rows, columns}), DType::bf16);
}

void print_receipt(const Recorder& recorder) {
  for (const KernelEntry& entry : recorder.kernels())
    std::printf("%s by %s (%s): %s, %llu calls\n", entry.op.c_str(), entry.kernel.c_str(),
                entry.instruction_class.c_str(), to_string(entry.precision).c_str(),
                static_cast<unsigned long long>(entry.calls));
  for (const CastEntry& entry : recorder.casts())
    std::printf("cast %s -> %s: %llu elements\n", dtype_name(entry.from).data(), dtype_name(entry.to).data(),
                static_cast<unsigned long long>(entry.elements));
}

// 256 + 1 = 257 needs nine bits, bf16 has eight. The sum is in f32 either way; only what is stored is rounded.
void show_where_rounding_happens() {
  const Tensor x = cast(Tensor::from_f32(std::vector<float>{256, 1}, {1, 2}), DType::bf16);
  const Tensor ones = cast(Tensor::from_f32(std::vector<float>{1, 1}, {1, 2}), DType::bf16);
  const float wide = matmul(x, ones, {}, {.out = DType::f32}).to_f32()[0];
  const float narrow = matmul(x, ones).to_f32()[0];
  std::printf("256 + 1 stored as f32 %g, stored as bf16 %g\n", static_cast<double>(wide), static_cast<double>(narrow));
}

}  // namespace

int main() {
  try {
    Recorder recorder;
    const Tensor x = random_bf16(32, 576, 1);                     // [M, K]
    const Tensor weight = pack_tiles(random_bf16(1024, 576, 2));  // [N, K]
    const Tensor y = matmul(x, weight);                           // [M, N]
    recorder.stop();
    std::printf("weights: %llu bytes for %lld elements; result %s %s\n",
                static_cast<unsigned long long>(weight.nbytes()), static_cast<long long>(weight.elements()),
                dtype_name(y.dtype()).data(), y.shape().to_string().c_str());
    print_receipt(recorder);
    show_where_rounding_happens();
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "matmul_bf16: %s\n", error.what());
    return 1;
  }
}
