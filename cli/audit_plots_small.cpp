// Pictures of single codes and of blocks.
#include <algorithm>
#include <bit>
#include <cctype>
#include <cmath>
#include <map>

#include "cli/audit_plots.h"
#include "cli/format.h"
#include "cli/html_text.h"
#include "cli/svg.h"

namespace candor::cli {
namespace {

using Anchor = Svg::Anchor;

constexpr double kWidth = 400, kLeft = 10, kRight = 390;
constexpr std::size_t kMostBars = 96, kMostFigures = 3;

/// Codes of small values are bf16's unless the file's own dtype is f16.
bool codes_are_bf16(const TensorAudit& tensor) {
  if (tensor.sub.starts_with("f16-in")) return false;
  std::string lower(tensor.dtype);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower != "f16" && lower != "float16" && lower != "half";
}

/// In units of f16's lattice, 2^-24.
double lattice_units(std::uint32_t bf16_code) {
  return std::ldexp(static_cast<double>(std::bit_cast<float>(bf16_code << 16)), 24);
}

/// Marks over a stretch of the lattice that begins at zero. Marks that would
/// fall on each other are drawn once.
void lattice_row(Svg& svg, const TensorAudit& tensor, double baseline, double units) {
  std::map<int, double> up, down;  // by half units of the drawing: height
  for (const AuditCode& code : tensor.evidence.small_codes) {
    const double at = lattice_units(code.code);
    if (at >= units) continue;
    auto& marks = at == std::floor(at) ? up : down;
    double& height = marks[static_cast<int>(2 * (kLeft + (kRight - kLeft) * at / units))];
    height = std::max(height, std::min(9 + 4 * std::log2(static_cast<double>(code.count)), 30.0));
  }
  const auto path = [&](const std::map<int, double>& marks, const char* sign) {
    std::string text;
    for (const auto& [half, height] : marks)
      text += "M" + svg_number(half / 2.0) + " " + svg_number(baseline) + "v" + sign + svg_number(height);
    return text;
  };
  const double step = units > 32 ? 16 : 1;
  for (double unit = 0; unit <= units; unit += step) {
    const double x = kLeft + (kRight - kLeft) * unit / units;
    svg.line(x, baseline - 3, x, baseline + 3, "axis");
  }
  svg.line(kLeft, baseline, kRight, baseline, "axis");
  svg.path(path(up, "-"), "on");
  svg.path(path(down, ""), "off");
}

std::string distinct_figure(const AuditDistinct& distinct) {
  // Up to what a block can have, so that ordinary weights have their place beside those that are there.
  const std::size_t last = std::max(distinct.blocks.size(), static_cast<std::size_t>(distinct.block) + 1);
  const std::size_t width = (last + kMostBars - 1) / kMostBars;  // counts of different values in one bar
  std::vector<double> bars((last + width - 1) / width);
  for (std::size_t k = 0; k < distinct.blocks.size(); ++k) bars[k / width] += distinct.blocks[k];
  const double most = *std::max_element(bars.begin(), bars.end());
  if (!(most > 0)) return "";
  const double end = static_cast<double>(bars.size() * width);
  const Frame frame{kLeft, 14, kRight, 150, 0, end, 0, most};
  Svg svg(kWidth, 186, "How many different values blocks of " + std::to_string(distinct.block) + " have");
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double left = frame.x(static_cast<double>(i * width)), top = frame.y(bars[i]);
    const double right = frame.x(static_cast<double>((i + 1) * width));
    if (bars[i] > 0) svg.rect(left + 0.3, top, right - left - 0.6, frame.bottom - top, "observed");
  }
  const double expected = frame.x(std::min(distinct.expected + 0.5, end));
  svg.line(expected, frame.top, expected, frame.bottom, "expected");
  svg.line(frame.left, frame.bottom, frame.right, frame.bottom, "axis");
  for (int quarter = 0; quarter <= 4; ++quarter) {
    const std::size_t k = distinct.block * static_cast<std::size_t>(quarter) / 4;
    svg.text(std::min(frame.x(static_cast<double>(k) + 0.5), kRight - 8), frame.bottom + 15, grouped(k),
             Anchor::middle);
  }
  svg.text((kLeft + kRight) / 2, frame.bottom + 31, "different values in a block", Anchor::middle, "soft");
  return "<figure><h5>Different values in blocks of " + grouped(distinct.block) + " (" + html_escaped(distinct.extent) +
         ")</h5>" + svg.str() +
         "<figcaption>The bars show how many different values the blocks have; "
         "the dashed line, at " +
         fixed(distinct.expected, 1) +
         ", is where blocks of ordinary weights would be. Quantised weights "
         "have few levels.</figcaption></figure>\n";
}

}  // namespace

std::string lattice_figure(const TensorAudit& tensor) {
  const AuditEvidence& e = tensor.evidence;
  if (e.small_codes.empty() || e.below_grid == 0 || !codes_are_bf16(tensor)) return "";
  Svg svg(kWidth, 214,
          "The smallest values as marks: upwards on f16's lattice, downwards "
          "off it");
  const double eighth = kLeft + (kRight - kLeft) / 8;
  svg.rect(kLeft, 6, eighth - kLeft, 72, "zoom");
  svg.path("M" + svg_number(kLeft) + " 78H" + svg_number(eighth) + "L" + svg_number(kRight) + " 118H" +
               svg_number(kLeft) + "Z",
           "zoom");
  svg.rect(kLeft, 118, kRight - kLeft, 74, "zoom");
  lattice_row(svg, tensor, 42, 128);
  svg.text(kRight, 90, power_of_two(-17), Anchor::end);
  svg.text(kRight - 36, 90, "where f16 is coarser than bf16", Anchor::end, "soft");
  lattice_row(svg, tensor, 155, 16);
  svg.text(kLeft, 208, "0", Anchor::middle);
  svg.text(kRight, 208, power_of_two(-20), Anchor::end);
  svg.text((kLeft + kRight) / 2, 208, "the first eighth, larger; ticks are f16's values", Anchor::middle, "soft");
  const std::string on = "<span class=\"on-text\">▲ on f16's lattice: " +
                         grouped(e.distinct_small - std::min(e.distinct_small, e.distinct_off_grid)) + "</span>";
  const std::string off = "<span class=\"off-text\">▼ off it: " + grouped(e.distinct_off_grid) + "</span>";
  return "<figure><h5>The smallest values</h5>" + svg.str() + "<p class=\"keys\">" + on + off +
         "</p><figcaption>Different values below " + power_of_two(-17) +
         ". Ordinary bf16 weights fall anywhere: two thirds of them downwards. "
         "After f16 every mark points upwards and "
         "stands on a tick.</figcaption></figure>\n";
}

std::string distinct_figures(const TensorAudit& tensor) {
  std::string text;
  for (std::size_t i = 0; i < std::min(tensor.evidence.distinct_per_block.size(), kMostFigures); ++i)
    if (const AuditDistinct& distinct = tensor.evidence.distinct_per_block[i]; !distinct.blocks.empty())
      text += distinct_figure(distinct);
  return text;
}

}  // namespace candor::cli
