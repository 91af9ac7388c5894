// Seeded values of known history for the audit's tests: laws, roundings and detours, and a plain reference fingerprint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "audit/fingerprint.h"

namespace candor::audit_internal {

/// 64 random bits, a pure function of both arguments.
std::uint64_t random_bits(std::uint64_t seed, std::uint64_t counter);
/// In (0, 1), 53 bits.
double random_unit(std::uint64_t seed, std::uint64_t counter);

/// Shapes of a density. `sigma` is the standard deviation, apart from `pruned` ones, where it is that of what was
/// pruned.
enum class Law {
  normal,
  laplace,
  t3,  // Student's t with three degrees of freedom
  uniform,
  two_bump,          // normals at +-0.9 sigma, 0.44 sigma wide
  scale_mixture,     // half with 0.45 sigma, half with 1.34 sigma
  pruned,            // normal, half of the elements set to zero at random
  magnitude_pruned,  // normal, the smaller half set to zero
};
inline constexpr Law kAllLaws[] = {Law::normal,   Law::laplace,       Law::t3,     Law::uniform,
                                   Law::two_bump, Law::scale_mixture, Law::pruned, Law::magnitude_pruned};

std::vector<float> draw(Law law, double sigma, std::size_t count, std::uint64_t seed);
/// As normal draws, around a mean: gains of norms.
std::vector<float> draw_around(double mean, double sigma, std::size_t count, std::uint64_t seed);

/// How f32 values become bf16 codes.
enum class Route {
  rne,            // to nearest, ties to even: genuine
  truncated,      // upper 16 bits
  half_away,      // to nearest, ties away from zero
  stochastic,     // up or down with the right probability
  via_f16,        // rne, then to f16 and back
  from_f16,       // to f16, then rne
  from_f16_ftz,   // the same, f16 subnormals flushed to zero
  from_tf32,      // to 11 significant bits (half away, as hardware does), then rne
  f16_truncated,  // to f16, then upper 16 bits
};
inline constexpr Route kAllRoutes[] = {Route::rne,          Route::truncated, Route::half_away,
                                       Route::stochastic,   Route::via_f16,   Route::from_f16,
                                       Route::from_f16_ftz, Route::from_tf32, Route::f16_truncated};

std::uint16_t to_bf16(float x, Route route, std::uint64_t random = 0);
std::vector<std::uint16_t> to_bf16(const std::vector<float>& values, Route route, std::uint64_t seed = 1);

float through_f16(float x);   // f32 → f16 → f32
float through_tf32(float x);  // half away from zero at 11 significant bits
std::vector<float> widen(const std::vector<std::uint16_t>& bf16_codes);
std::vector<std::uint16_t> to_f16(const std::vector<float>& values);  // codes, to nearest

/// Reference fingerprints, one element after the other, without block evidence. Witnesses are the first eight of each
/// class; a bf16 tensor's +-65536 is of both `above_f16` and `at_65536`.
Fingerprint fingerprint_of(const std::vector<std::uint16_t>& codes, const std::vector<std::int64_t>& shape,
                           DType dtype = DType::bf16);
Fingerprint fingerprint_of(const std::vector<float>& values, const std::vector<std::int64_t>& shape);

}  // namespace candor::audit_internal
