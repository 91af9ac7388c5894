// Numbers and tables for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "candor/precision.h"

namespace candor::cli {

std::string fixed(double value, int decimals);
std::string format_bytes(std::uint64_t bytes);                   // "269.06 MB": decimal units, two decimals
std::string format_count(std::uint64_t count);                   // "134.52 M"
std::string format_byte_rate(double bytes_per_second);           // "26.5 GB/s"
std::string format_flop_rate(double flops_per_second);           // "203 GFLOP/s"
std::string format_seconds(double seconds);                      // "312 ms", "4.2 s", "3:05 min"
std::string format_percent(double fraction);                     // "72 %"
std::string grouped(std::uint64_t count);                        // "1,051"
std::string shape_text(const std::vector<std::int64_t>& shape);  // "[576, 1536]"

std::string counted(std::uint64_t count, std::string_view noun);  // "1 tensor", "2,000 tensors"
std::string utc_now();                                            // "2026-11-28T06:30:00Z"
std::string storage_text(const Precision& precision);             // "bf16·bf16→f32"
std::string arithmetic_text(const Precision& precision);  // "f32/f32": compute, accumulate; "-" where there is none

/// Columns on a terminal, counting code points.
std::size_t display_width(std::string_view text);

/// Of a readable text both ends, which names differ by, in at most `columns`: "model.layers…weight".
std::string shortened(std::string_view text, std::size_t columns);
/// A name out of a file as people see it: one line of no more than 96 columns, whatever the file says. A table pads
/// every row to its widest cell, so that one long name would multiply it. Documents for programs have the whole name.
std::string shown_name(std::string_view name);

/// Rows of cells; columns are as wide as their widest cell.
class Table {
 public:
  enum class Align { left, right };
  explicit Table(std::vector<Align> columns, std::string indent = "") : columns_(std::move(columns)), indent_(indent) {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  std::string text() const;  // lines end without spaces

 private:
  std::vector<Align> columns_;
  std::string indent_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace candor::cli
