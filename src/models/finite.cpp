#include "models/finite.h"

#include <cstring>

#include "core/blocks.h"

namespace candor::models {
namespace {

// Elements whose exponent bits are all ones. Reads through memcpy: mapped tensors may start at any byte. The inner
// count is 32 bits wide, so that the compiler keeps it in lanes.
template <class Bits>
std::uint64_t count_full_exponents(const void* data, std::int64_t elements, Bits exponent) {
  constexpr std::int64_t kRun = 1 << 16;
  const char* bytes = static_cast<const char*>(data);
  std::uint64_t total = 0;
  for (std::int64_t begin = 0; begin < elements; begin += kRun) {
    const std::int64_t end = begin + kRun < elements ? begin + kRun : elements;
    std::uint32_t found = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      Bits bits;
      std::memcpy(&bits, bytes + i * static_cast<std::int64_t>(sizeof(Bits)), sizeof(Bits));
      found += (bits & exponent) == exponent ? 1u : 0u;
    }
    total += found;
  }
  return total;
}

// Elements of 8 bits whose magnitude lies in [lowest, highest].
std::uint64_t count_magnitudes(const void* data, std::int64_t elements, unsigned lowest, unsigned highest) {
  const unsigned char* codes = static_cast<const unsigned char*>(data);
  std::uint64_t found = 0;
  for (std::int64_t i = 0; i < elements; ++i) {
    const unsigned magnitude = codes[i] & 0x7fu;
    found += magnitude >= lowest && magnitude <= highest ? 1u : 0u;
  }
  return found;
}

bool full_f16_exponent(const std::uint8_t* bytes) { return (bytes[1] & 0x7c) == 0x7c; }

// Blocks whose scale, or offset, is not finite.
template <class Block, class Scale>
std::uint64_t count_blocks(const Tensor& x, Scale&& broken) {
  const Block* blocks = x.data_as<Block>();
  const std::int64_t count = static_cast<std::int64_t>(x.nbytes() / sizeof(Block));
  std::uint64_t found = 0;
  for (std::int64_t i = 0; i < count; ++i) found += broken(blocks[i]) ? 1u : 0u;
  return found;
}

constexpr auto kOneScale = [](const auto& b) { return full_f16_exponent(b.d); };
constexpr auto kScaleAndOffset = [](const auto& b) { return full_f16_exponent(b.d) || full_f16_exponent(b.m); };
constexpr auto kTwoScales = [](const auto& b) { return full_f16_exponent(b.d) || full_f16_exponent(b.dmin); };

}  // namespace

std::uint64_t count_non_finite(const Tensor& x) {
  const std::int64_t n = x.elements();
  switch (x.dtype()) {
    case DType::f64:
      return count_full_exponents<std::uint64_t>(x.data(), n, 0x7ff0000000000000u);
    case DType::f32:
      return count_full_exponents<std::uint32_t>(x.data(), n, 0x7f800000u);
    case DType::bf16:
      return count_full_exponents<std::uint16_t>(x.data(), n, 0x7f80u);
    case DType::f16:
      return count_full_exponents<std::uint16_t>(x.data(), n, 0x7c00u);
    case DType::f8_e5m2:
      return count_magnitudes(x.data(), n, 0x7c, 0x7f);
    case DType::f8_e4m3:  // has no infinity, and one NaN of each sign
      return count_magnitudes(x.data(), n, 0x7f, 0x7f);
    case DType::q4_0:
      return count_blocks<BlockQ4_0>(x, kOneScale);
    case DType::q4_1:
      return count_blocks<BlockQ4_1>(x, kScaleAndOffset);
    case DType::q5_0:
      return count_blocks<BlockQ5_0>(x, kOneScale);
    case DType::q5_1:
      return count_blocks<BlockQ5_1>(x, kScaleAndOffset);
    case DType::q8_0:
      return count_blocks<BlockQ8_0>(x, kOneScale);
    case DType::q4_k:
      return count_blocks<BlockQ4_K>(x, kTwoScales);
    case DType::q5_k:
      return count_blocks<BlockQ5_K>(x, kTwoScales);
    case DType::q6_k:
      return count_blocks<BlockQ6_K>(x, kOneScale);
    default:
      return 0;
  }
}

}  // namespace candor::models
