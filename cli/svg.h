// Pictures as text: inline SVG whose colours are classes of the page around it.
#pragma once

#include <string>
#include <string_view>

namespace candor::cli {

/// A drawing in units of its own; the page decides how large it is.
class Svg {
 public:
  enum class Anchor { start, middle, end };
  /// `label` says what it shows to those who cannot see it. Stretched: as wide as the page, as high as that says.
  enum class Fit { kept, stretched };
  Svg(double width, double height, std::string_view label, Fit fit = Fit::kept);

  void rect(double x, double y, double width, double height, std::string_view style);
  void line(double x1, double y1, double x2, double y2, std::string_view style);
  void circle(double x, double y, double radius, std::string_view style);
  void text(double x, double y, std::string_view text, Anchor anchor, std::string_view style = "");
  void path(const std::string& commands, std::string_view style);
  std::string str() const { return body_ + "</svg>"; }

 private:
  std::string body_;
};

/// "12.3": one decimal, none where it is zero.
std::string svg_number(double value);

/// A plot's frame: where values of two linear axes are in the drawing.
struct Frame {
  double left, top, right, bottom;  // of the area
  double x_low, x_high, y_low, y_high;
  double x(double value) const { return left + (right - left) * (value - x_low) / (x_high - x_low); }
  double y(double value) const { return bottom - (bottom - top) * (value - y_low) / (y_high - y_low); }
};

/// "⁻¹⁴"
std::string superscript(long number);
/// "2^-14" in a sentence becomes "2⁻¹⁴".
std::string with_powers(std::string_view text);
/// "2⁻¹⁴"
std::string power_of_two(int exponent);

}  // namespace candor::cli
