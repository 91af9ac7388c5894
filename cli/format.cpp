#include "cli/format.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "cli/prompt_text.h"

namespace candor::cli {
namespace {

struct Scaled {
  double value;
  std::string_view prefix;
};

Scaled scale(double value) {
  constexpr std::array<std::string_view, 5> kPrefixes{"", "k", "M", "G", "T"};
  std::size_t step = 0;
  while (std::abs(value) >= 999.95 && step + 1 < kPrefixes.size()) {
    value /= 1000;
    ++step;
  }
  return {value, kPrefixes[step]};
}

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

/// Where `characters` after `from` the next one begins, or the end.
std::size_t place_of(std::string_view text, std::size_t from, std::size_t characters) {
  while (from < text.size() && (characters > 0 || !begins_character(text[from])))
    if (begins_character(text[from++])) --characters;
  return from;
}

/// How many characters of an escaped byte, "\xNN", lie before `at` when some of it lies after.
std::size_t within_escape(std::string_view text, std::size_t at) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, at); ++back)
    if (text.substr(at - back).starts_with("\\x")) return back;
  return 0;
}

std::string three_digits(double value) { return fixed(value, value >= 100 ? 0 : 1); }

}  // namespace

std::string fixed(double value, int decimals) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", decimals, value);
  return buffer;
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  const Scaled scaled = scale(static_cast<double>(bytes));
  return fixed(scaled.value, 2).append(" ").append(scaled.prefix).append("B");
}

std::string format_count(std::uint64_t count) {
  if (count < 10000) return std::to_string(count);
  const Scaled scaled = scale(static_cast<double>(count));
  return fixed(scaled.value, 2).append(" ").append(scaled.prefix);
}

std::string format_byte_rate(double bytes_per_second) {
  const Scaled scaled = scale(bytes_per_second);
  return three_digits(scaled.value).append(" ").append(scaled.prefix).append("B/s");
}

std::string format_flop_rate(double flops_per_second) {
  const Scaled scaled = scale(flops_per_second);
  return three_digits(scaled.value).append(" ").append(scaled.prefix).append("FLOP/s");
}

std::string format_seconds(double seconds) {
  if (seconds < 0.9995) return three_digits(seconds * 1e3) + " ms";
  if (seconds < 99.95) return fixed(seconds, 1) + " s";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%lld:%02lld min", static_cast<long long>(whole / 60),
                static_cast<long long>(whole % 60));
  return buffer;
}

std::string format_percent(double fraction) { return fixed(fraction * 100, 0) + " %"; }

std::string grouped(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, 1, ',');
  return text;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return grouped(count).append(" ").append(noun).append(count == 1 ? "" : "s");
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string storage_text(const Precision& precision) {
  std::string text(dtype_name(precision.a));
  return text.append("·").append(dtype_name(precision.b)).append("→").append(dtype_name(precision.out));
}

std::string arithmetic_text(const Precision& precision) {
  if (precision.compute == DType::any && precision.accumulate == DType::any) return "-";
  return std::string(dtype_name(precision.compute)).append("/").append(dtype_name(precision.accumulate));
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string shortened(std::string_view text, std::size_t columns) {
  const std::size_t width = display_width(text);
  if (width <= columns) return std::string(text);
  const std::size_t tail = (columns - 1) / 2, head = columns - 1 - tail;
  std::size_t end = place_of(text, 0, head), begin = place_of(text, end, width - head - tail);
  end -= within_escape(text, end);
  if (const std::size_t before = within_escape(text, begin); before > 0)
    begin = std::min(text.size(), begin + 4 - before);
  return std::string(text.substr(0, end)).append("…").append(text.substr(begin));
}

std::string shown_name(std::string_view name) { return name.empty() ? "(no name)" : shortened(readable(name), 96); }

std::string Table::text() const {
  std::vector<std::size_t> widths(columns_.size());
  for (const auto& row : rows_)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], display_width(row[c]));
  std::string out;
  for (const auto& row : rows_) {
    std::string line = indent_;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c) line += "  ";
      const std::string padding(widths[c] - display_width(row[c]), ' ');
      line += columns_[c] == Align::right ? padding + row[c] : row[c] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace candor::cli
