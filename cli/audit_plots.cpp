#include "cli/audit_plots.h"

#include <algorithm>
#include <cmath>

#include "cli/audit_summary.h"
#include "cli/format.h"
#include "cli/html_text.h"
#include "cli/svg.h"

namespace candor::cli {
namespace {

using Anchor = Svg::Anchor;

constexpr double kWidth = 400;
// f16 is coarser than bf16 below the first, zero below the second, infinite from the third.
constexpr int kCoarse = -17, kLattice = -24, kBeyond = 16;
constexpr int kLowestShown = -64, kHighestShown = 40;

std::string figure(std::string_view title, const std::string& picture, const std::string& keys,
                   const std::string& caption) {
  std::string text = "<figure><h5>" + html_escaped(title) + "</h5>" + picture;
  if (!keys.empty()) text += "<p class=\"keys\">" + keys + "</p>";
  return text + "<figcaption>" + caption + "</figcaption></figure>\n";
}

std::string key(std::string_view style, std::string_view text) {
  return "<span><svg class=\"key\" viewBox=\"0 0 18 10\" "
         "aria-hidden=\"true\"><line x1=\"1\" y1=\"5\" x2=\"17\" y2=\"5\" "
         "class=\"" +
         std::string(style) + "\"/></svg>" + html_escaped(text) + "</span>";
}

/// Expected share of a normal distribution with 2^e <= |x| < 2^(e+1).
double normal_share(int exponent, double sigma) {
  const auto below = [&](int e) { return std::erf(std::ldexp(1.0, e) / sigma / std::sqrt(2.0)); };
  return below(exponent + 1) - below(exponent);
}

void exponent_ticks(Svg& svg, const Frame& frame, int low, int high) {
  const int step = high - low > 36 ? 8 : high - low > 14 ? 4 : 2;
  for (int e = low; e <= high; ++e)
    if (e % step == 0) svg.text(frame.x(e + 0.5), frame.bottom + 15, power_of_two(e), Anchor::middle);
}

/// Where f16 cannot hold what bf16 can.
void shade_zones(Svg& svg, const Frame& frame, int low, int high) {
  const auto zone = [&](int from, int to, std::string_view style) {
    const double left = frame.x(std::max(from, low)), right = frame.x(std::min(to, high + 1));
    if (right > left) svg.rect(left, frame.top, right - left, frame.bottom - frame.top, style);
  };
  zone(low, kLattice - 1, "zone none");
  zone(std::max(low, kLattice - 1), kCoarse, "zone coarse");
  zone(kBeyond, high + 1, "zone none");
}

struct Spread {
  double sigma, count;
  int low, high;
  double most;
};

Spread spread_of(const TensorAudit& tensor) {
  const AuditEvidence& e = tensor.evidence;
  Spread s{e.sigma, static_cast<double>(e.elements - std::min(e.elements, e.infinities + e.nans)), 0, 0, 10};
  s.low = std::max(e.binades.front().exponent, kLowestShown);
  s.high = std::min(e.binades.back().exponent, kHighestShown);
  for (const AuditBinade& binade : e.binades) s.most = std::max(s.most, static_cast<double>(binade.count));
  if (!(s.sigma > 0)) return s;
  while (s.low > kLowestShown && s.count * normal_share(s.low - 1, s.sigma) >= 1) --s.low;
  while (s.high < kHighestShown && s.count * normal_share(s.high + 1, s.sigma) >= 1) ++s.high;
  return s;
}

void count_axis(Svg& svg, const Frame& frame) {
  for (double power = 0; power <= frame.y_high; ++power) {
    const double y = frame.y(power);
    svg.line(frame.left, y, frame.right, y, "grid");
    if (frame.y_high < 6.5 || std::fmod(power, 2) == 0)
      svg.text(frame.left - 5, y + 4,
               power < 4 ? svg_number(std::pow(10, power)) : "10" + superscript(std::lround(power)), Anchor::end);
  }
}

/// Steps at the height that `share(exponent)` gives; no line where it gives
/// none (below 0).
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

/// What each history leaves in bf16.
void draw_histories(Svg& svg, const Frame& frame, int low, int high) {
  svg.path(steps(frame, low, high, [](int) { return 0.5625; }), "eleven");
  svg.path(steps(frame, low, high, even_from_f16), "from");
  svg.path(steps(frame, low, high, even_via_f16), "via");
}

const char* parity_caption(bool bf16, bool smooth) {
  if (!smooth)
    return "These values do not lie smoothly side by side as weights do, so that the dots need follow no line, and say "
           "nothing of f16.";
  return bf16 ? "Rounding to even leaves a trace when the value had few bits before. The dots follow the line "
                "of what the values went through."
              : "The last bit of ordinary values is 0 in half of them. Where it is 0 more often, values have "
                "fewer bits than their format.";
}

std::string history_keys() {
  return key("via", "bf16 → f16 → bf16") + key("from", "f32 → f16 → bf16") + key("eleven", "TF32 → bf16");
}

}  // namespace

std::string exponent_figure(const TensorAudit& tensor) {
  const AuditEvidence& e = tensor.evidence;
  if (e.binades.empty()) return "";
  const Spread s = spread_of(tensor);
  const Frame frame{40, 10, 394, 196, static_cast<double>(s.low), s.high + 1.0, -0.3, std::log10(s.most) + 0.2};
  Svg svg(kWidth, 222, "How many values each power of two has, on a logarithmic scale");
  shade_zones(svg, frame, s.low, s.high);
  count_axis(svg, frame);
  for (const AuditBinade& b : e.binades) {
    if (b.count == 0 || b.exponent < s.low || b.exponent > s.high) continue;
    const double top = frame.y(std::log10(static_cast<double>(b.count))), left = frame.x(b.exponent);
    svg.rect(left + 0.6, top, frame.x(b.exponent + 1) - left - 1.2, frame.bottom - top, "observed");
  }
  std::string curve;
  for (int exponent = s.low; exponent <= s.high && s.sigma > 0; ++exponent) {
    const double expected = s.count * normal_share(exponent, s.sigma);
    if (expected < 0.5) continue;
    curve += (curve.empty() ? "M" : "L") + svg_number(frame.x(exponent + 0.5)) + " " +
             svg_number(frame.y(std::log10(expected)));
  }
  svg.path(curve, "expected");
  svg.line(frame.left, frame.bottom, frame.right, frame.bottom, "axis");
  exponent_ticks(svg, frame, s.low, s.high);
  std::string keys = key("observed wide", "values in this tensor");
  if (!curve.empty()) keys += key("expected", "a normal distribution as wide");
  if (s.low < kCoarse) keys += key("coarse wide", "f16 is coarser than bf16");
  if (s.low < kLattice - 1 || s.high >= kBeyond) keys += key("none wide", "f16 holds nothing");
  return figure("Sizes of the values", svg.str(), keys,
                "Count of values by size. Weights have a few very small "
                "values; if the bars stop where the curve goes "
                "on, something removed them.");
}

std::string parity_figure(const TensorAudit& tensor) {
  std::vector<AuditBinade> shown;
  for (const AuditBinade& b : tensor.evidence.binades)
    if (b.count >= 8 && b.exponent >= -40 && b.exponent <= kHighestShown) shown.push_back(b);
  if (shown.size() < 2) return "";
  const int low = std::min(shown.front().exponent, kLattice), high = shown.back().exponent;
  const Frame frame{46, 10, 394, 196, static_cast<double>(low), high + 1.0, 0.36, 1.03};
  Svg svg(kWidth, 222,
          "Share of even mantissas by size of the values, beside what each "
          "history leaves");
  shade_zones(svg, frame, low, high);
  parity_axis(svg, frame);
  const bool bf16 = tensor.element == DType::bf16 || tensor.sub.starts_with("bf16-in");
  const bool smooth = has_smooth_density(tensor);
  svg.path(steps(frame, low, high, [](int) { return 0.5; }), "once");
  if (bf16 && smooth) draw_histories(svg, frame, low, high);
  for (const AuditBinade& b : shown) {
    const auto [least, most] = interval(static_cast<double>(b.even), static_cast<double>(b.count));
    const double x = frame.x(b.exponent + 0.5);
    svg.line(x, frame.y(std::max(least, frame.y_low)), x, frame.y(std::min(most, frame.y_high)), "range");
    const double share = static_cast<double>(b.even) / static_cast<double>(b.count);
    if (share >= frame.y_low) svg.circle(x, frame.y(share), 3, "dot");
  }
  svg.line(frame.left, frame.bottom, frame.right, frame.bottom, "axis");
  exponent_ticks(svg, frame, low, high);
  const std::string keys = key("dot-key", "this tensor, 95 % interval") + key("once", "rounded once");
  return figure("Even mantissas, by size", svg.str(), bf16 && smooth ? keys + history_keys() : keys,
                parity_caption(bf16, smooth));
}

std::string zero_mantissa_figure(const TensorAudit& tensor) {
  if (!has_smooth_density(tensor)) return "";  // the three marks are where smooth densities lie
  const auto& tests = tensor.evidence.tests;
  const auto test =
      std::find_if(tests.begin(), tests.end(), [](const AuditTest& t) { return t.name == "zero mantissa"; });
  if (test == tests.end() || !test->not_run.empty() || !(test->high > test->low)) return "";
  const Frame frame{16, 10, 384, 60, std::min(0.65, test->low), std::max(1.1, test->high), 0, 1};
  Svg svg(kWidth, 96, "The ratio of the test of mantissa zero, with its interval");
  svg.line(frame.left, frame.bottom, frame.right, frame.bottom, "axis");
  struct Mark {
    double ratio;
    const char *value, *text;
  };
  for (const auto& [ratio, value, text] :
       {Mark{0.75, "0.75", "rounded"}, Mark{0.84375, "0.84", "f16 or TF32"}, Mark{1, "1", "cut off"}}) {
    svg.line(frame.x(ratio), frame.top + 4, frame.x(ratio), frame.bottom + 4, "grid mark");
    svg.text(frame.x(ratio), frame.bottom + 17, value, Anchor::middle);
    svg.text(frame.x(ratio), frame.bottom + 31, text, Anchor::middle, "soft");
  }
  svg.line(frame.x(test->low), frame.y(0.5), frame.x(test->high), frame.y(0.5), "range");
  svg.circle(frame.x(test->statistic), frame.y(0.5), 4, "dot");
  return figure("Rounded or cut off", svg.str(), "",
                "How often values are exact powers of two, compared with their "
                "neighbours. Rounding to nearest gives "
                "0.75, cutting off gives 1.");
}

}  // namespace candor::cli
