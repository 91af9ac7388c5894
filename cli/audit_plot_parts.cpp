#include "cli/audit_plot_parts.h"

#include <algorithm>

#include "cli/html_text.h"

namespace candor::cli {

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

void exponent_ticks(Svg& svg, const Frame& frame, int low, int high) {
  const int step = high - low > 36 ? 8 : high - low > 14 ? 4 : 2;
  for (int e = low; e <= high; ++e)
    if (e % step == 0) svg.text(frame.x(e + 0.5), frame.bottom + 15, power_of_two(e), Svg::Anchor::middle);
}

void shade_zones(Svg& svg, const Frame& frame, int low, int high) {
  const auto zone = [&](int from, int to, std::string_view style) {
    const double left = frame.x(std::max(from, low)), right = frame.x(std::min(to, high + 1));
    if (right > left) svg.rect(left, frame.top, right - left, frame.bottom - frame.top, style);
  };
  zone(low, kLattice - 1, "zone none");
  zone(std::max(low, kLattice - 1), kCoarse, "zone coarse");
  zone(kBeyond, high + 1, "zone none");
}

}  // namespace candor::cli
