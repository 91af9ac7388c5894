// How many values a wrong label needs to be seen: the table in docs/audit-theory.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/audit/ask.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal {
namespace {

using Codes = std::vector<std::uint16_t>;
constexpr std::size_t kDraws = 50;

/// Of kDraws tensors of `count` values, those that are called mislabelled.
template <class Draw>
std::size_t found(std::size_t count, DType label, Draw&& draw_codes) {
  std::size_t found = 0;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
    const Fingerprint tensor = fingerprint_of(draw_codes(count, 300 + seed), {static_cast<std::int64_t>(count)}, label);
    found += ask_first_four(tensor).verdict() == AuditVerdict::mislabelled ? 1 : 0;
  }
  return found;
}

std::vector<float> weights(std::size_t count, std::uint64_t seed) { return draw(Law::normal, 0.02, count, seed); }

Codes f16_codes(std::size_t count, std::uint64_t seed) { return to_f16(weights(count, seed)); }

Codes bf16_codes(std::size_t count, std::uint64_t seed) { return to_bf16(weights(count, seed), Route::rne); }

Codes swapped_codes(std::size_t count, std::uint64_t seed) {
  Codes codes = bf16_codes(count, seed);
  for (std::uint16_t& code : codes) code = static_cast<std::uint16_t>(code >> 8 | code << 8);
  return codes;
}

Codes integer_codes(std::size_t count, std::uint64_t seed) {
  Codes codes;
  for (const float x : draw(Law::normal, 3000, count, seed))
    codes.push_back(static_cast<std::uint16_t>(static_cast<int>(std::lround(std::clamp(x, -32768.0f, 32767.0f)))));
  return codes;
}

// Seeds are fixed; what a C library's logarithm may change is a draw or two.
constexpr double kSlack = 3;

TEST(BitViewPower, WrongLabelsAreSeenFromTheSizesOfTheTableOn) {
  struct Row {
    std::size_t count, f16, bf16, swapped, integers;
  };
  for (const Row& row : {Row{1000, 0, 0, 50, 23}, Row{2000, 15, 0, 50, 50}, Row{4000, 49, 4, 50, 50},
                         Row{8000, 50, 28, 50, 50}, Row{16000, 50, 46, 50, 50}, Row{64000, 50, 50, 50, 50}}) {
    const auto near = [&](std::size_t seen, std::size_t expected, const char* what) {
      EXPECT_NEAR(static_cast<double>(seen), static_cast<double>(expected), kSlack) << what << ", " << row.count;
    };
    near(found(row.count, DType::bf16, f16_codes), row.f16, "f16 called BF16");
    near(found(row.count, DType::f16, bf16_codes), row.bf16, "bf16 called F16");
    near(found(row.count, DType::bf16, swapped_codes), row.swapped, "bytes swapped");
    near(found(row.count, DType::bf16, integer_codes), row.integers, "i16 called BF16");
  }
}

}  // namespace
}  // namespace candor::audit_internal
