// The picture of even mantissas: what the tensor has, beside what each history leaves.
#include <algorithm>
#include <cmath>

#include "cli/audit_plot_parts.h"
#include "cli/audit_plots.h"
#include "cli/audit_summary.h"
#include "cli/format.h"
#include "cli/svg.h"

namespace candor::cli {
namespace {

using Anchor = Svg::Anchor;

constexpr int kLowest = -40, kHighest = 40;  // shown at most
constexpr std::uint64_t kFewest = 8;         // values of a dot

/// Steps at the height that `share(exponent)` gives; no line where it gives none (below 0).
template <class Share>
std::string steps(const Frame& frame, int low, int high, Share share) {
  std::string path;
  bool drawing = false;
  for (int e = low; e <= high; ++e) {
    const double even = share(e);
    if (even < 0) {
      drawing = false;
      continue;
    }
    path += (drawing ? "L" : "M") + svg_number(frame.x(e)) + " " + svg_number(frame.y(even)) + "H" +
            svg_number(frame.x(e + 1));
    drawing = true;
  }
  return path;
}

double even_from_f16(int e) {
  if (e >= -14) return 0.5625;
  if (e >= kCoarse) return e == -15 ? 0.625 : e == -16 ? 0.75 : 0.5;
  return e >= kLattice ? 1 : -1;
}
double even_via_f16(int e) { return e >= kCoarse ? 0.5 : e >= kLattice ? 1 : -1; }

/// Wilson's 95 % interval.
std::pair<double, double> interval(double part, double whole) {
  constexpr double kZ = 1.96;
  const double p = part / whole, scale = 1 + kZ * kZ / whole, middle = (p + kZ * kZ / (2 * whole)) / scale;
  const double half = kZ * std::sqrt(p * (1 - p) / whole + kZ * kZ / (4 * whole * whole)) / scale;
  return {middle - half, middle + half};
}

void parity_axis(Svg& svg, const Frame& frame) {
  struct Tick {
    double share;
    const char* text;
  };
  for (const auto& [share, text] : {Tick{0.5, "50 %"}, Tick{0.5625, "56 %"}, Tick{0.75, "75 %"}, Tick{1, "100 %"}}) {
    svg.line(frame.left, frame.y(share), frame.right, frame.y(share), "grid");
    svg.text(frame.left - 5, frame.y(share) + (share == 0.5 ? 7 : 3), text, Anchor::end);
  }
}

void draw_dots(Svg& svg, const Frame& frame, const std::vector<AuditBinade>& shown) {
  for (const AuditBinade& b : shown) {
    const auto [least, most] = interval(static_cast<double>(b.even), static_cast<double>(b.count));
    const double x = frame.x(b.exponent + 0.5);
    svg.line(x, frame.y(std::max(least, frame.y_low)), x, frame.y(std::min(most, frame.y_high)), "range");
    const double share = static_cast<double>(b.even) / static_cast<double>(b.count);
    if (share >= frame.y_low) svg.circle(x, frame.y(share), 3, "dot");
  }
}

/// Codes of bf16, for which the lines of histories hold; of what is mixed within a wider file only a part is bf16.
bool has_bf16_codes(const TensorAudit& tensor) {
  if (tensor.element == DType::bf16) return true;
  return tensor.verdict == AuditVerdict::widened && tensor.sub.starts_with("bf16-in");
}

/// What each history leaves in bf16, and what the fitted mixture does.
std::string draw_lines(Svg& svg, const Frame& frame, const TensorAudit& tensor, int low, int high) {
  std::string keys = key("dot-key", "this tensor, 95 % interval") + key("once", "rounded once");
  svg.path(steps(frame, low, high, [](int) { return 0.5; }), "once");
  if (!has_smooth_density(tensor)) return keys;
  if (has_bf16_codes(tensor)) {
    svg.path(steps(frame, low, high, [](int) { return 0.5625; }), "eleven");
    svg.path(steps(frame, low, high, even_from_f16), "from");
    svg.path(steps(frame, low, high, even_via_f16), "via");
    keys += key("via", "bf16 → f16 → bf16") + key("from", "f32 → f16 → bf16") + key("eleven", "TF32 → bf16");
  }
  if (!even_in_mixture(tensor, 0)) return keys;
  svg.path(steps(frame, low, high, [&](int e) { return *even_in_mixture(tensor, e); }), "fitted");
  return keys + key("fitted", "the mixture: " + fixed(100 * *tensor.evidence.share, 1) + " %, the rest rounded once");
}

std::string parity_caption(const TensorAudit& tensor) {
  if (!has_smooth_density(tensor))
    return "These values do not lie smoothly side by side as weights do, so that the dots need follow no line, and say "
           "nothing of f16.";
  std::string text = has_bf16_codes(tensor)
                         ? "Rounding to even leaves a trace when the value had few bits before."
                         : "The last bit of ordinary values is 0 in half of them. Where it is 0 more often, values "
                           "have fewer bits than their format.";
  if (tensor.verdict == AuditVerdict::mixed) {
    text += " Here a part of the values has another history than the rest, so that the dots follow no history's line";
    return text + (even_in_mixture(tensor, 0) ? ", but the thin solid one: what the fitted part and the rest leave "
                                                "together, if the part is as large at every size."
                                              : ", but lie between them.");
  }
  if (tensor.sub == "bf16-arithmetic") return text + " Sums and merges of bf16 values follow none of the lines.";
  return has_bf16_codes(tensor) ? text + " The dots follow the line of what the values went through." : text;
}

}  // namespace

std::optional<double> even_in_mixture(const TensorAudit& tensor, int exponent) {
  if (tensor.verdict != AuditVerdict::mixed || !tensor.evidence.share) return std::nullopt;
  double part;  // even ones of the part; below 0: it has none there
  if (tensor.sub.find("-in-") != std::string::npos)
    part = 1;  // the narrower format leaves the last bits empty
  else if (tensor.sub == "from-f16")
    part = even_from_f16(exponent);
  else if (tensor.sub == "via-f16" || tensor.sub == "from-f16-truncated")
    part = even_via_f16(exponent);
  else
    return std::nullopt;
  return part < 0 ? 0.5 : 0.5 + *tensor.evidence.share * (part - 0.5);
}

std::string parity_figure(const TensorAudit& tensor) {
  std::vector<AuditBinade> shown;
  for (const AuditBinade& b : tensor.evidence.binades)
    if (b.count >= kFewest && b.exponent >= kLowest && b.exponent <= kHighest) shown.push_back(b);
  if (shown.size() < 2) return "";
  const int low = std::min(shown.front().exponent, kLattice), high = shown.back().exponent;
  const Frame frame{46, 10, 394, 196, static_cast<double>(low), high + 1.0, 0.36, 1.03};
  Svg svg(kPlotWidth, 222, "Share of even mantissas by size of the values, beside what each history leaves");
  shade_zones(svg, frame, low, high);
  parity_axis(svg, frame);
  const std::string keys = draw_lines(svg, frame, tensor, low, high);
  draw_dots(svg, frame, shown);
  svg.line(frame.left, frame.bottom, frame.right, frame.bottom, "axis");
  exponent_ticks(svg, frame, low, high);
  return figure("Even mantissas, by size", svg.str(), keys, parity_caption(tensor));
}

}  // namespace candor::cli
