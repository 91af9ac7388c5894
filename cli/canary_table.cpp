// What became of the canaries, on a terminal.
#include <cstdio>

#include "cli/canary.h"
#include "cli/format.h"

namespace candor::cli {
namespace {

using Align = Table::Align;

std::string hexadecimal(std::uint64_t code, std::string_view dtype) {
  const int digits = dtype == "f32" || dtype == "F32" || code > 0xffff ? 8 : 4;
  char text[32];
  std::snprintf(text, sizeof text, "0x%0*llx", digits, static_cast<unsigned long long>(code));
  return text;
}

std::string shortest(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

std::string tensor_rows(const CanaryReport& report) {
  Table table({Align::left, Align::left, Align::left, Align::right, Align::left, Align::left});
  table.add({"canary", "written", "found", "changed", "state", ""});
  for (const CanaryTensor& t : report.tensors) {
    std::string remark = t.name.empty() || t.name == t.canary ? "" : "as " + t.name;
    if (t.order != "as written") remark.append(remark.empty() ? "" : "; ").append(t.order);
    const std::string changed = t.name.empty() ? "" : std::to_string(t.changed) + " of " + std::to_string(t.elements);
    table.add({t.canary, t.dtype, t.found, changed, t.state, remark});
  }
  return table.text();
}

std::string culprit_lines(const char* title, const std::vector<CanaryCulprit>& culprits) {
  if (culprits.empty()) return "";
  std::string text = std::string("\n") + title + "\n";
  for (const CanaryCulprit& c : culprits) {
    text.append("  ").append(c.id).append(": ").append(c.text).append(" [").append(joined(c.tensors)).append("]");
    if (c.exceptions != 0) text.append(", ").append(counted(c.exceptions, "exception"));
    text += "\n";
  }
  return text;
}

void add_witnesses(Table& table, const CanaryTensor& t, const std::vector<CanaryWitness>& witnesses) {
  for (const CanaryWitness& w : witnesses)
    table.add({t.canary + "[" + std::to_string(w.index) + "]", hexadecimal(w.code, t.dtype), shortest(w.value), "->",
               hexadecimal(w.found_code, t.found), shortest(w.found), w.meaning});
}

std::string witness_lines(const CanaryReport& report) {
  const std::vector<Align> columns = {Align::left, Align::left,  Align::right, Align::left,
                                      Align::left, Align::right, Align::left};
  Table changed(columns, "  "), unexplained(columns, "  ");
  for (const CanaryTensor& t : report.tensors) {
    if (t.state != "damaged") continue;
    add_witnesses(changed, t, t.witnesses);
    add_witnesses(unexplained, t, t.unexplained);
  }
  std::string text;
  if (!changed.empty()) text += "\nchanged, the first of each canary\n" + changed.text();
  if (!unexplained.empty()) text += "\nnot explained by what is named\n" + unexplained.text();
  return text;
}

}  // namespace

std::string canary_table(const CanaryReport& report) {
  std::string text = tensor_rows(report);
  text += culprit_lines("explained by", report.culprits);
  if (!report.findings.empty()) text += "\nNaN and zero\n";
  for (const CanaryFinding& f : report.findings) text.append("  ").append(f.text).append(f.legal ? "; legal\n" : "\n");
  text += culprit_lines("not excluded, because it would leave the same bits", report.not_excluded);
  return text + witness_lines(report);
}

}  // namespace candor::cli
