#include "cli/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "cli/format.h"
#include "cli/terminal.h"

namespace candor::cli {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(200);  // before the bar appears
constexpr auto kInterval = std::chrono::milliseconds(80);   // between two drawings

std::string amount(std::uint64_t value, std::string_view unit) {
  return unit == "bytes" ? format_bytes(value) : std::to_string(value).append(" ").append(unit);
}

std::string rate(double per_second, std::string_view unit) {
  if (unit == "bytes") return format_byte_rate(per_second);
  return fixed(per_second, per_second < 100 ? 1 : 0).append(" ").append(unit).append("/s");
}

std::string eta(double seconds) {
  const auto whole = static_cast<int>(std::ceil(std::min(seconds, 359999.0)));
  char buffer[32];
  if (whole >= 3600)
    std::snprintf(buffer, sizeof buffer, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  else
    std::snprintf(buffer, sizeof buffer, "%d:%02d", whole / 60, whole % 60);
  return buffer;
}

}  // namespace

std::string progress_line(const Progress& progress, double seconds, int columns, bool utf8) {
  const double fraction =
      progress.total ? std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total)) : 0;
  const double per_second = seconds > 0 ? static_cast<double>(progress.done) / seconds : 0;
  std::string tail("  ");
  tail += amount(progress.done, progress.unit);
  if (progress.total) tail.append(" of ").append(amount(progress.total, progress.unit));
  tail.append("  ").append(rate(per_second, progress.unit));
  if (progress.total > progress.done && per_second > 0)
    tail.append("  ").append(eta(static_cast<double>(progress.total - progress.done) / per_second));
  std::string head(progress.what);
  head += "  ";
  std::string percent;
  if (progress.total) percent.append(" ").append(format_percent(fraction));
  const int room = columns - 1 - static_cast<int>(display_width(head) + display_width(tail) + display_width(percent));
  std::string bar;
  if (progress.total && room >= 5) {
    const int cells = std::min(room, 30), full = static_cast<int>(fraction * cells + 0.5);
    for (int i = 0; i < cells; ++i) bar += i < full ? (utf8 ? "━" : "#") : (utf8 ? "╌" : ".");
  }
  std::string line = head + bar + percent + tail;
  if (static_cast<int>(display_width(line)) >= columns) line = head + percent;  // a very narrow terminal
  return line;
}

ProgressBar::ProgressBar(bool quiet) : enabled_(!quiet && stderr_is_terminal()), utf8_(speaks_utf8()) {}

ProgressCallback ProgressBar::callback() {
  if (!enabled_) return {};
  return [this](const Progress& progress) { show(progress); };
}

void ProgressBar::show(const Progress& progress) {
  if (!enabled_) return;
  const auto now = Clock::now();
  if (what_ != progress.what) {
    what_ = progress.what;
    start_ = now;
    drawn_ = {};
  }
  if (now - start_ < kPatience || now - drawn_ < kInterval) return;
  drawn_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  std::string line(1, '\r');
  line += progress_line(progress, seconds, stderr_columns(), utf8_);
  const std::size_t width = display_width(line) - 1, before = std::exchange(width_, width);
  // Spaces over what is longer there: a terminal without escape codes (TERM=dumb) has no other way.
  if (before > width) line.append(before - width, ' ');
  write_err(line);
}

void ProgressBar::erase() {
  if (width_ > 0) write_err(std::string(1, '\r').append(width_, ' ').append(1, '\r'));
  width_ = 0;
}

}  // namespace candor::cli
