#include "cli/audit_plots.h"

#include <algorithm>
#include <cmath>

#include "cli/audit_plot_parts.h"
#include "cli/audit_summary.h"
#include "cli/format.h"
#include "cli/html_text.h"
#include "cli/svg.h"

namespace candor::cli {
namespace {

using Anchor = Svg::Anchor;

constexpr int kLowestShown = -64, kHighestShown = 40;

/// Expected share of a normal distribution with 2^e <= |x| < 2^(e+1).
double normal_share(int exponent, double sigma) {
  const auto below = [&](int e) { return std::erf(std::ldexp(1.0, e) / sigma / std::sqrt(2.0)); };
  return below(exponent + 1) - below(exponent);
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

}  // namespace

std::string exponent_figure(const TensorAudit& tensor) {
  const AuditEvidence& e = tensor.evidence;
  if (e.binades.empty()) return "";
  const Spread s = spread_of(tensor);
  const Frame frame{40, 10, 394, 196, static_cast<double>(s.low), s.high + 1.0, -0.3, std::log10(s.most) + 0.2};
  Svg svg(kPlotWidth, 222, "How many values each power of two has, on a logarithmic scale");
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

std::string zero_mantissa_figure(const TensorAudit& tensor) {
  if (!has_smooth_density(tensor)) return "";  // the three marks are where smooth densities lie
  const auto& tests = tensor.evidence.tests;
  const auto test =
      std::find_if(tests.begin(), tests.end(), [](const AuditTest& t) { return t.name == "zero mantissa"; });
  if (test == tests.end() || !test->not_run.empty() || !(test->high > test->low)) return "";
  const Frame frame{16, 10, 384, 60, std::min(0.65, test->low), std::max(1.1, test->high), 0, 1};
  Svg svg(kPlotWidth, 96, "The ratio of the test of mantissa zero, with its interval");
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
  return figure("Rounded or cut off", svg.str(), key("dot-key", "this tensor, 95 % interval"),
                "How often values are exact powers of two, compared with their neighbours: R. One rounding to nearest "
                "gives 0.75; rounding of values that had 11 significant bits before, as f16 and TF32 have, gives 0.84; "
                "cutting off gives 1, and of f16 0.97.");
}

}  // namespace candor::cli
