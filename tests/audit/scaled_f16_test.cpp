// f16 that was multiplied by a power of two, as a folded 1/sqrt(64) does: its lattice has moved, so that values are off
// f16's own, and it was f16 all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "audit/judge/decide.h"
#include "audit/judge/pool.h"
#include "tests/audit/history_support.h"

namespace candor::audit_internal {
namespace {

using enum AuditVerdict;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kCount = 512 * 512;

std::vector<float> scaled(float (*narrow)(float), int k, std::size_t count, std::uint64_t seed) {
  std::vector<float> values = draw(Law::normal, 0.02, count, seed);
  for (float& x : values) x = std::ldexp(narrow(x), k);
  return values;
}

TensorAudit as_bf16(const std::vector<float>& values, Route route = Route::rne) {
  return judged(fingerprint_of(to_bf16(values, route), {512, static_cast<std::int64_t>(values.size() / 512)}));
}
TensorAudit as_f32(const std::vector<float>& values) {
  return judged(fingerprint_of(values, {512, static_cast<std::int64_t>(values.size() / 512)}));
}

std::string lattice(int k) { return "multiples of 2^" + std::to_string(k - 24); }
std::string factor(int k) { return "multiplied by 2^" + std::to_string(k) + ";"; }

void expect_not_excluded(const TensorAudit& audit, int k) {
  EXPECT_THAT(audit.sub, Not(testing::StartsWith("tf32"))) << k << ": " << audit.sentence;
  for (const char* excludes : {"not f16", "was not the last stop", "nor those that f16"})
    EXPECT_THAT(audit.sentence, Not(HasSubstr(excludes))) << k;
}

TEST(scaled_f16, is_told_by_its_parity_and_its_lattice) {
  for (int k = -6; k <= 3; ++k) {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
      const TensorAudit audit = as_bf16(scaled(through_f16, k, kCount, seed));
      expect_not_excluded(audit, k);
      EXPECT_EQ(audit.evidence.quantum, k - 24);
      EXPECT_EQ(audit.verdict, k == 0 ? f16_grid : p11_source) << k << audit.sentence;
      if (k == 0) continue;
      EXPECT_EQ(audit.sub, "f16-or-tf32") << k;
      EXPECT_THAT(audit.sentence, testing::AllOf(HasSubstr(lattice(k)), HasSubstr(factor(k))));
    }
  }
}

TEST(scaled_f16, in_f32_is_not_called_tf32) {
  for (int k = -6; k <= 3; ++k) {
    const TensorAudit audit = as_f32(scaled(through_f16, k, kCount, 4));
    expect_not_excluded(audit, k);
    EXPECT_EQ(audit.verdict, widened) << k;
    EXPECT_EQ(audit.sub, k < 0 ? "f16-or-tf32-in-f32" : "f16-in-f32") << k;
    if (k < 0) {
      EXPECT_THAT(audit.sentence, testing::AllOf(HasSubstr(lattice(k)), HasSubstr(factor(k))));
    }
    const TensorAudit rounded = as_f32(widen(to_bf16(scaled(through_f16, k, kCount, 4), Route::rne)));
    expect_not_excluded(rounded, k);
    EXPECT_EQ(rounded.sub, "bf16-in-f32") << k;
  }
}

float via(float x) { return widen({to_bf16(x, Route::via_f16)})[0]; }

TEST(scaled_f16, of_bf16_is_a_lattice_without_a_name) {
  for (int k = -6; k <= 3; ++k) {
    if (k == 0) continue;
    const TensorAudit audit = as_bf16(scaled(via, k, kCount, 1));
    expect_not_excluded(audit, k);
    EXPECT_EQ(audit.verdict, undecidable) << k << audit.sentence;
    EXPECT_EQ(audit.sub, "other-grid") << k << audit.sentence;
  }
}

TEST(scaled_f16, that_was_cut_is_truncated) {
  for (int k = -6; k <= 3; ++k) {
    const TensorAudit audit = as_bf16(scaled(through_f16, k, kCount, 1), Route::truncated);
    expect_not_excluded(audit, k);
    EXPECT_EQ(audit.verdict, k == 0 ? f16_grid : truncated) << k << audit.sentence;
    if (k != 0) {
      EXPECT_THAT(audit.sentence, HasSubstr(lattice(k))) << k;
    }
  }
}

// A few thousand values show eleven bits and no lattice: f16 as it is cannot have left them, scaled it can.
TEST(scaled_f16, without_enough_small_values_is_not_ruled_out) {
  int called_tf32 = 0;
  for (int k = -6; k < 0; ++k) {
    const TensorAudit audit = as_bf16(scaled(through_f16, k, 16'384, 5));
    EXPECT_EQ(audit.verdict, p11_source) << k << audit.sentence;
    if (audit.sub != "tf32") continue;
    ++called_tf32;
    EXPECT_THAT(audit.sentence, HasSubstr(", unless it was multiplied by 2^-")) << k;
  }
  EXPECT_GT(called_tf32, 0);
}

// With few small values the lattice is no finding; it is enough not to say that nothing speaks against one rounding.
TEST(scaled_f16, of_bf16_is_not_excluded_by_a_faint_lattice) {
  int faint = 0;
  for (int k = -6; k < 0; ++k)
    for (const std::size_t count : {8'192u, 16'384u, 32'768u, 65'536u}) {
      const TensorAudit audit = as_bf16(scaled(via, k, count, 8));
      const std::optional<Measured> measured =
          measure(fingerprint_of(to_bf16(scaled(via, k, count, 8), Route::rne), {1}));
      if (!has_other_lattice(*measured)) continue;
      faint += measured->quantum.bits < 40 ? 1 : 0;
      EXPECT_NE(audit.verdict, consistent) << k << ", " << count << ": " << audit.sentence;
    }
  EXPECT_GT(faint, 3);
}

// The lattice of f16 that was scaled, and values that f16 could not have had before.
TEST(scaled_f16, has_a_largest_value) {
  for (const int k : {-3, 2}) {
    std::vector<float> values = scaled(through_f16, k, kCount, 9);
    EXPECT_EQ(as_bf16(values).sub, "f16-or-tf32");
    values[5] = std::ldexp(1.5f, k + 17);
    // Above, the lattice shows in even codes, too many for TF32: that is no history at all.
    EXPECT_EQ(as_bf16(values).sub, k < 0 ? "tf32" : "bf16-arithmetic") << k;
    if (k < 0) {
      EXPECT_EQ(as_f32(values).sub, "tf32-in-f32");
    }
  }
  std::vector<float> unscaled = scaled(through_f16, 0, kCount, 9);
  unscaled[5] = std::ldexp(1.5f, 17);
  EXPECT_EQ(as_f32(unscaled).sub, "tf32-in-f32") << "no factor of one is named";
}

TEST(scaled_f16, is_not_what_tf32_looks_like) {
  for (const Law law : {Law::normal, Law::laplace, Law::uniform}) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      std::vector<float> values = draw(law, 0.02, 65'536, 20 + seed);
      for (float& x : values) x = through_tf32(x);
      const TensorAudit audit = as_bf16(values);
      EXPECT_EQ(audit.verdict, p11_source) << audit.sentence;
      EXPECT_EQ(audit.sub, audit.evidence.off_grid > 0 ? "tf32" : "f16-or-tf32") << audit.sentence;
      EXPECT_EQ(as_f32(values).sub, "tf32-in-f32");
    }
  }
}

// Each tensor of a pool may have been scaled, or not.
TEST(scaled_f16, in_small_tensors_is_not_pooled_to_tf32) {
  EvidencePool pool(40);
  for (std::uint64_t i = 0; i < 40; ++i) {
    const std::vector<float> values = scaled(through_f16, i % 2 == 0 ? -3 : 0, 1024, 60 + i);
    const Fingerprint tensor = fingerprint_of(to_bf16(values, Route::rne), {1024});
    pool.add(tensor.identity, measure(tensor));
  }
  const std::optional<Proposal> together = pool.propose();
  ASSERT_TRUE(together);
  EXPECT_EQ(together->verdict, p11_source);
  EXPECT_EQ(together->sub, "f16-or-tf32");
}

// One value that was edited moves the lattice to 2^-25; nearly all values still lie on f16's.
TEST(scaled_f16, is_not_f16_with_an_edited_value) {
  std::vector<std::uint16_t> codes = to_bf16(draw(Law::normal, 0.02, kCount, 7), Route::via_f16);
  codes[77'777] = 0x36ff;
  EXPECT_EQ(judged(fingerprint_of(codes, {512, 512})).verdict, mixed);
}

TEST(scaled_f16, a_sum_of_bf16_values_has_a_lattice_and_is_no_finding) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    std::vector<float> a = widen(to_bf16(draw(Law::normal, 0.02, kCount, 30 + seed), Route::rne));
    const std::vector<float> b = widen(to_bf16(draw(Law::normal, 0.02, kCount, 40 + seed), Route::rne));
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = (a[i] + b[i]) / 2;
    const TensorAudit audit = as_bf16(a);
    EXPECT_FALSE(is_audit_finding(audit.verdict)) << audit.sentence;
    EXPECT_EQ(audit.sub, "bf16-arithmetic") << audit.sentence;
  }
}

}  // namespace
}  // namespace candor::audit_internal
