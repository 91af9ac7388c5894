#include "audit/canary/special_values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "audit/canary/compare.h"
#include "audit/number_words.h"

namespace candor::audit_internal {
namespace {

/// What one NaN became. The first four are legal.
enum class NanFate : std::uint8_t { kept, quieted, canonical, other_payload, sign, infinity, zero, finite, count };
constexpr std::size_t kFates = static_cast<std::size_t>(NanFate::count);

struct FateText {
  const char* id;
  const char* text;
  bool legal;
};
constexpr FateText kFateTexts[kFates] = {
    {"nan-kept", "kept as they were", true},
    {"nan-quieted", "signalling, made quiet with their payload: arithmetic did it, no plain copy", true},
    {"nan-canonical", "made the one NaN of the converter, their payload gone", true},
    {"nan-payload", "given another payload", true},
    {"nan-sign", "turned to the other sign", true},
    {"nan-to-infinity", "became infinity: bits were cut off, or rounded, without looking for NaN", false},
    {"nan-to-zero", "became zero: an unguarded rounding addition carried out of the exponent, or a flush", false},
    {"nan-to-number", "became a finite number", false}};

/// Mantissa of a NaN as a fraction of 2^52, so that formats compare from the quiet bit down.
std::uint64_t payload(DType dtype, std::uint64_t bits) {
  const int m = number_format(dtype)->mantissa;
  return (bits & ((std::uint64_t{1} << m) - 1)) << (52 - m);
}

bool is_negative(DType dtype, std::uint64_t bits) { return (bits >> (8 * element_bytes(dtype) - 1) & 1) != 0; }

NanFate fate_of(DType from, std::uint32_t code, DType to, std::uint64_t bits) {
  const float value = value_of(to, bits);
  if (std::isinf(value)) return NanFate::infinity;
  if (value == 0) return NanFate::zero;
  if (!std::isnan(value)) return NanFate::finite;
  constexpr std::uint64_t kQuiet = std::uint64_t{1} << 51;
  const int narrow = std::min(number_format(from)->mantissa, number_format(to)->mantissa);
  const std::uint64_t mask = ~((std::uint64_t{1} << (52 - narrow)) - 1);
  const std::uint64_t was = payload(from, code) & mask, is = payload(to, bits);
  const bool turned = is_negative(from, code) != is_negative(to, bits);
  if (to == DType::f8_e4m3) return NanFate::canonical;  // it has no other
  if (was != 0 && is == was && !turned) return NanFate::kept;
  if (is == (was | kQuiet) && !turned) return NanFate::quieted;
  const std::uint64_t ones = ~((std::uint64_t{1} << (52 - number_format(to)->mantissa)) - 1) & ((kQuiet << 1) - 1);
  if (is == kQuiet || is == ones) return NanFate::canonical;
  return is == was || is == (was | kQuiet) ? NanFate::sign : NanFate::other_payload;
}

bool is_read_rightly(const FoundCanary& found, const Conversion* explained) {
  return found.compared() && !predicts_bits_only(found.tensor.dtype) && !is_block(found.tensor.file_dtype) &&
         (explained == nullptr || explained->view == BitView::right);
}

/// One NaN code that shows a fate: "0x7f81 to 0x7fc1".
std::string example(DType from, std::uint32_t code, DType to, std::uint64_t bits) {
  char text[64];
  std::snprintf(text, sizeof text, "0x%0*x to 0x%0*llx", 2 * element_bytes(from), code, 2 * element_bytes(to),
                static_cast<unsigned long long>(bits));
  return text;
}

struct Tally {
  std::array<std::uint64_t, kFates> count{};
  std::array<std::string, kFates> example;
  std::uint64_t nans = 0, negative_zeros = 0, signs_lost = 0;

  void add(const FoundCanary& found, std::size_t index);
};

void Tally::add(const FoundCanary& found, std::size_t index) {
  const DType from = found.canary->dtype, to = found.tensor.dtype;
  const std::uint32_t code = found.canary->bits[index];
  const std::uint64_t bits = found.tensor.bits[place_of(found, index)];
  const float was = value_of(from, code);
  if (was == 0 && std::signbit(was)) {
    ++negative_zeros;
    const float is = value_of(to, bits);
    signs_lost += is == 0 && !std::signbit(is);
  }
  if (!std::isnan(was)) return;
  ++nans;
  const auto fate = static_cast<std::size_t>(fate_of(from, code, to, bits));
  if (count[fate]++ == 0) example[fate] = audit_internal::example(from, code, to, bits);
}

}  // namespace

std::vector<CanaryFinding> special_findings(const std::vector<FoundCanary>& canaries,
                                            const std::vector<const Conversion*>& explained) {
  Tally tally;
  for (std::size_t c = 0; c < canaries.size(); ++c) {
    if (!is_read_rightly(canaries[c], explained[c])) continue;
    for (std::size_t i = 0; i < canaries[c].canary->bits.size(); ++i) tally.add(canaries[c], i);
  }
  std::vector<CanaryFinding> findings;
  for (std::size_t fate = 1; fate < kFates; ++fate) {
    if (tally.count[fate] == 0) continue;
    std::string text = counted(tally.count[fate], "NaN", "NaNs") + " of " + grouped(tally.nans) + " ";
    text.append(kFateTexts[fate].text).append(" (").append(tally.example[fate]).append(")");
    findings.push_back({kFateTexts[fate].id, text, kFateTexts[fate].legal, tally.count[fate]});
  }
  if (tally.signs_lost != 0)
    findings.push_back({"negative-zero",
                        "-0 became +0 in " + grouped(tally.signs_lost) + " of " +
                            counted(tally.negative_zeros, "place", "places") + ": an integer path, or an addition of 0",
                        false, tally.signs_lost});
  return findings;
}

bool has_special_damage(const FoundCanary& found) {
  if (!is_read_rightly(found, nullptr)) return false;
  Tally tally;
  for (std::size_t i = 0; i < found.canary->bits.size(); ++i) tally.add(found, i);
  std::uint64_t damage = tally.signs_lost;
  for (std::size_t fate = 0; fate < kFates; ++fate) damage += kFateTexts[fate].legal ? 0 : tally.count[fate];
  return damage != 0;
}

}  // namespace candor::audit_internal
