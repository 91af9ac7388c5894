#include "audit/canary/conversion.h"

namespace candor::audit_internal {
namespace {

struct RoundingName {
  RoundingMode mode;
  std::string_view suffix, text;
};
constexpr RoundingName kRoundings[] = {{RoundingMode::nearest_even, "", "rounded to nearest even"},
                                       {RoundingMode::toward_zero, "-truncated", "cut off instead of rounded"},
                                       {RoundingMode::half_away, "-half-away", "ties rounded away from zero"}};

struct OverflowName {
  Overflow overflow;
  std::string_view suffix, text;
};
constexpr OverflowName kF16Overflows[] = {
    {Overflow::by_rule, "", ""},
    {Overflow::saturate, "-saturated", ", what is too large stopped at 65504, infinities kept"},
    {Overflow::clamp, "-clamped", ", what is too large and infinities stopped at 65504"}};

void add_f16(std::vector<Detour>& detours) {
  for (const RoundingName& r : kRoundings)
    for (const OverflowName& o : kF16Overflows)
      for (const bool flush : {false, true}) {
        if (r.mode == RoundingMode::toward_zero && o.overflow == Overflow::saturate)
          continue;  // what cutting does anyway
        std::string id = "f16", text = "through f16, ";
        id.append(flush ? "-flushed" : "").append(o.suffix).append(r.suffix);
        text.append(r.text).append(flush ? ", its subnormals flushed to zero" : "").append(o.text);
        const Rounding through{kF16Format, r.mode, o.overflow, flush ? Flush::inputs : Flush::none};
        detours.push_back({id, text, through, DType::f16});
      }
}

void add_roundings(std::vector<Detour>& detours, const std::string& name, const NumberFormat& format, DType dtype) {
  for (const RoundingName& r : kRoundings)
    detours.push_back({name + std::string(r.suffix), "through " + name + ", " + std::string(r.text),
                       Rounding{.to = format, .mode = r.mode}, dtype});
}

std::vector<Detour> detours() {
  std::vector<Detour> all(1);
  add_roundings(all, "bf16", kBf16Format, DType::bf16);
  add_roundings(all, "tf32", kTf32Format, DType::any);
  add_f16(all);
  const auto add = [&](const char* id, const char* text, const NumberFormat& format, Overflow overflow, DType dtype) {
    all.push_back({id, text, Rounding{.to = format, .overflow = overflow}, dtype});
  };
  add("f8_e4m3", "through fp8 e4m3 without a scale, NaN above 448", kE4m3Format, Overflow::by_rule, DType::f8_e4m3);
  add("f8_e4m3-saturated", "through fp8 e4m3 without a scale, stopped at 448", kE4m3Format, Overflow::clamp,
      DType::f8_e4m3);
  add("f8_e5m2", "through fp8 e5m2 without a scale", kE5m2Format, Overflow::by_rule, DType::f8_e5m2);
  add("f8_e5m2-saturated", "through fp8 e5m2 without a scale, stopped at 57344", kE5m2Format, Overflow::saturate,
      DType::f8_e5m2);
  add("f8_e5m2-clamped", "through fp8 e5m2 without a scale, infinities stopped at 57344 too", kE5m2Format,
      Overflow::clamp, DType::f8_e5m2);
  add_roundings(all, "7-bit", kSevenBitFormat, DType::any);
  add("clamped-65504", "values beyond 65504 and infinities stopped there, nothing else rounded", kF32BelowF16Limit,
      Overflow::clamp, DType::any);
  return all;
}

struct StoreName {
  Store store;
  std::string_view id, text;
};
constexpr StoreName kStores[] = {{Store::nearest_even, "", ""},
                                 {Store::truncate, "truncated", "cut off instead of rounded"},
                                 {Store::half_away, "half-away", "ties rounded away from zero"},
                                 {Store::stochastic, "stochastic", "rounded up or down by chance"}};

struct FlushName {
  Flush flush;
  std::string_view id, text;
};
constexpr FlushName kFlushes[] = {
    {Flush::none, "", ""},
    {Flush::inputs, "subnormals-flushed", "subnormals flushed to zero (DAZ and FTZ)"},
    {Flush::results, "subnormal-results-flushed", "subnormal results flushed to zero (FTZ)"}};

void join(std::string& list, std::string_view word, std::string_view between) {
  if (!word.empty()) list.append(list.empty() ? "" : between).append(word);
}

/// Detours that keep subnormals, and so leave something to flush.
bool keeps_subnormals(const Detour& detour) { return !detour.through || detour.through->to.lowest_bit() < -126; }

Conversion viewed(BitView view, std::string id, std::string text) {
  Conversion conversion;
  conversion.id = std::move(id);
  conversion.text = std::move(text);
  conversion.view = view;
  return conversion;
}

std::vector<Conversion> make_conversions() {
  std::vector<Conversion> all;
  for (const Detour& detour : detours())
    for (const StoreName& store : kStores)
      for (const FlushName& flush : kFlushes) {
        if (flush.flush != Flush::none && !keeps_subnormals(detour)) continue;
        Conversion conversion;
        conversion.flush = flush.flush;
        conversion.store = store.store;
        conversion.detour = detour;
        join(conversion.id, detour.id, "+");
        join(conversion.id, store.id, "+");
        join(conversion.id, flush.id, "+");
        join(conversion.text, detour.text, "");
        join(conversion.text, store.text, conversion.text.empty() ? "" : "; then ");
        join(conversion.text, flush.text, "; ");
        all.push_back(std::move(conversion));
      }
  all.front().id = "direct";
  all.front().text = "directly, at most rounded once to nearest even";
  all.push_back(viewed(BitView::swapped, "byte-swapped", "the bytes of each element in the wrong order"));
  all.push_back(
      viewed(BitView::as_f16, "bf16-bits-as-f16", "bits of bf16 under the label f16: relabelled, not converted"));
  all.push_back(
      viewed(BitView::as_bf16, "f16-bits-as-bf16", "bits of f16 under the label bf16: relabelled, not converted"));
  all.push_back(
      viewed(BitView::as_integer, "bits-as-integers", "every bit kept, under a label that is no floating dtype's"));
  return all;
}

}  // namespace

bool Conversion::direct() const {
  return view == BitView::right && flush == Flush::none && store == Store::nearest_even && !detour.through;
}

bool Conversion::within(const Conversion& other) const {
  if (other.detour.dtype == DType::bf16 && !detour.through && other.store == Store::nearest_even) {
    // Where the file holds bf16, rounding on the way to it is rounding into it.
    Conversion stored = other;
    stored.detour = Detour{};
    if (other.detour.through->mode == RoundingMode::toward_zero) stored.store = Store::truncate;
    if (other.detour.through->mode == RoundingMode::half_away) stored.store = Store::half_away;
    return within(stored);
  }
  return (view == BitView::right || view == other.view) && (flush == Flush::none || flush == other.flush) &&
         (store == Store::nearest_even || store == other.store) && (!detour.through || detour.id == other.detour.id);
}

const std::vector<Conversion>& considered_conversions() {
  static const std::vector<Conversion> conversions = make_conversions();
  return conversions;
}

}  // namespace candor::audit_internal
