// A comparison on a terminal.
#include <algorithm>
#include <cstdio>

#include "cli/diff.h"
#include "cli/format.h"
#include "cli/prompt_text.h"

namespace candor::cli {
namespace {

constexpr std::size_t kTensorsShown = 20, kWitnessesShown = 3;

std::string printed(const char* format, double value) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

std::string code_text(std::uint64_t code, std::uint32_t bytes) {
  char buffer[24];
  std::snprintf(buffer, sizeof buffer, "0x%0*llx", static_cast<int>(2 * bytes), static_cast<unsigned long long>(code));
  return buffer;
}

std::string name_text(const TensorDiff& tensor) {
  if (tensor.name_b.empty()) return shown_name(tensor.name_a);
  if (tensor.name_a.empty() || tensor.name_a == tensor.name_b) return shown_name(tensor.name_b);
  return shown_name(tensor.name_a) + " → " + shown_name(tensor.name_b);
}

/// One where both are the same.
std::string change_text(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty() || a == b) return a.empty() ? b : a;
  return a + " → " + b;
}

std::string shape_change(const TensorDiff& tensor) {
  return change_text(tensor.name_a.empty() ? "" : shape_text(tensor.shape_a),
                     tensor.name_b.empty() ? "" : shape_text(tensor.shape_b));
}

std::string found_text(const TensorDiff& tensor) {
  const std::string status(diff_status_name(tensor.status));
  if (tensor.history.empty() || tensor.status == DiffStatus::same_values) return status;
  return tensor.status == DiffStatus::partly ? "partly: " + tensor.history : tensor.history;
}

std::string lost_text(const DiffCounts& counts) {
  std::string text;
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) text.append(text.empty() ? "" : ", ").append(grouped(count)).append(what);
  };
  add(counts.zeroed, " to zero");
  add(counts.overflowed, " to infinity");
  add(counts.saturated, " saturated");
  add(counts.zero_signs, " signs of zero");
  add(counts.nan_to_infinity + counts.nan_to_finite, " NaN lost");
  add(counts.nan_codes, " NaN changed");
  return text;
}

std::string tensor_table(const DiffReport& report, std::size_t shown) {
  using Align = Table::Align;
  Table table(
      {Align::left, Align::left, Align::left, Align::left, Align::right, Align::right, Align::right, Align::left});
  table.add({"tensor", "dtype", "shape", "found", "changed", "of", "largest", "lost"});
  for (std::size_t i = 0; i < shown; ++i) {
    const TensorDiff& t = report.tensors[i];
    const bool counted = t.counts.elements > 0;
    table.add({name_text(t), change_text(shown_name(t.dtype_a), shown_name(t.dtype_b)), shape_change(t), found_text(t),
               counted ? grouped(t.counts.changed) : "", counted ? grouped(t.counts.elements) : "",
               t.max_relative > 0 ? printed("%.2g", t.max_relative) : "", lost_text(t.counts)});
  }
  return table.text();
}

std::string witness_table(const TensorDiff& tensor, std::size_t shown) {
  using Align = Table::Align;
  Table table({Align::left, Align::right, Align::right, Align::right, Align::left}, "  ");
  for (std::size_t i = 0; i < shown; ++i) {
    const DiffWitness& w = tensor.witnesses[i];
    table.add({shape_text(w.position), code_text(w.code_a, w.bytes_a) + " → " + code_text(w.code_b, w.bytes_b),
               printed("%.9g", w.value_a) + " → " + printed("%.9g", w.value_b),
               "bytes " + std::to_string(w.offset_a) + " → " + std::to_string(w.offset_b), w.what});
  }
  return table.text();
}

std::string witnesses_text(const DiffReport& report, std::size_t shown, bool all) {
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    const TensorDiff& tensor = report.tensors[i];
    if (tensor.witnesses.empty()) continue;
    const std::size_t most = all ? tensor.witnesses.size() : std::min(kWitnessesShown, tensor.witnesses.size());
    text.append("\n").append(name_text(tensor)).append("\n").append(witness_table(tensor, most));
  }
  return text;
}

std::string histories_text(const TensorDiff& tensor) {
  using Align = Table::Align;
  Table table({Align::left, Align::right, Align::right, Align::right}, "  ");
  table.add({"conversion", "explains", "unlike one rounding", "rightly"});
  for (const DiffHistory& h : tensor.histories)
    table.add({h.name, grouped(h.explains), grouped(h.differs), grouped(h.differs_right)});
  std::string text("\n");
  text.append(name_text(tensor)).append(": ").append(readable(tensor.sentence)).append("\n").append(table.text());
  return text;
}

std::string distances_text(const TensorDiff& tensor) {
  std::string text;
  for (const DiffDistance& d : tensor.distances) {
    text += text.empty() ? "  steps from one rounding: " : ", ";
    text.append(d.below ? "-" : "+").append(grouped(d.low));
    if (d.high > d.low) text.append("…").append(grouped(d.high));
    text.append(": ").append(grouped(d.count));
  }
  return text.empty() ? text : text + "\n";
}

}  // namespace

std::string diff_sentences(const DiffReport& report, const Style& style) {
  std::string text;
  for (const DiffClass& found : report.classes) {
    const bool fine = found.status == DiffStatus::equal || found.status == DiffStatus::same_values;
    text.append(fine ? style.green : style.bold).append(readable(found.sentence)).append(style.reset).append("\n");
  }
  return text.empty() ? "both are without tensors\n" : text;
}

std::string diff_table(const DiffReport& report, bool every_tensor, const Style& style) {
  std::size_t shown = report.tensors.size();
  if (!every_tensor) {  // equal ones are last
    const auto equal = std::find_if(report.tensors.begin(), report.tensors.end(),
                                    [](const TensorDiff& tensor) { return tensor.status == DiffStatus::equal; });
    shown = std::min(kTensorsShown, static_cast<std::size_t>(equal - report.tensors.begin()));
  }
  if (shown == 0) return "";
  std::string text("\n");
  text += tensor_table(report, shown);
  if (every_tensor)
    for (const TensorDiff& tensor : report.tensors)
      if (!tensor.histories.empty()) text += histories_text(tensor) + distances_text(tensor);
  text += witnesses_text(report, shown, every_tensor);
  const std::size_t left_out = report.tensors.size() - shown;
  if (left_out > 0)
    text.append("\n")
        .append(style.dim)
        .append(grouped(left_out))
        .append(" more with --verbose")
        .append(style.reset)
        .append("\n");
  return text;
}

}  // namespace candor::cli
