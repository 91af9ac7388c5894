#include "cli/svg.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "cli/html_text.h"

namespace candor::cli {
namespace {

std::string attribute(std::string_view name, double value) {
  return std::string(" ").append(name).append("=\"").append(svg_number(value)).append("\"");
}

std::string styled(std::string_view style) {
  return style.empty() ? "" : std::string(" class=\"").append(style).append("\"");
}

}  // namespace

std::string svg_number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f", value);
  std::string text(buffer);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

Svg::Svg(double width, double height, std::string_view label, Fit fit) {
  body_ = "<svg role=\"img\" viewBox=\"0 0 " + svg_number(width) + " " + svg_number(height) + "\"" +
          (fit == Fit::stretched ? " preserveAspectRatio=\"none\"" : "") + " aria-label=\"" + html_escaped(label) +
          "\">";
}

void Svg::rect(double x, double y, double width, double height, std::string_view style) {
  body_ += "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", width) + attribute("height", height) +
           styled(style) + "/>";
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view style) {
  body_ += "<line" + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) + attribute("y2", y2) +
           styled(style) + "/>";
}

void Svg::circle(double x, double y, double radius, std::string_view style) {
  body_ += "<circle" + attribute("cx", x) + attribute("cy", y) + attribute("r", radius) + styled(style) + "/>";
}

void Svg::text(double x, double y, std::string_view text, Anchor anchor, std::string_view style) {
  body_ += "<text" + attribute("x", x) + attribute("y", y) + styled(style);
  if (anchor != Anchor::start) body_ += anchor == Anchor::middle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"";
  body_ += ">" + html_escaped(text) + "</text>";
}

void Svg::path(const std::string& commands, std::string_view style) {
  if (!commands.empty()) body_ += "<path d=\"" + commands + "\"" + styled(style) + "/>";
}

std::string superscript(long number) {
  constexpr std::string_view kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = number < 0 ? "⁻" : "";
  for (const char digit : std::to_string(std::labs(number))) text += kDigits[digit - '0'];
  return text;
}

std::string with_powers(std::string_view text) {
  const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t first = i + 1 + (text.substr(i + 1).starts_with('-') ? 1 : 0);
    std::size_t end = first;
    while (digit(end) && end < first + 6) ++end;
    if (text[i] == '^' && i > 0 && digit(i - 1) && end > first) {
      out += superscript(std::stol(std::string(text.substr(i + 1, end - i - 1))));
      i = end - 1;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string power_of_two(int exponent) { return "2" + superscript(exponent); }

}  // namespace candor::cli
