// An audit as one page: the answer, the evidence with pictures, all tensors,
// and what the words mean.
#include "cli/audit_html.h"

#include <algorithm>

#include "candor/machine.h"
#include "cli/audit.h"
#include "cli/audit_page.h"
#include "cli/audit_page_terms.h"
#include "cli/audit_words.h"
#include "cli/format.h"
#include "cli/html_text.h"
#include "cli/svg.h"

namespace candor::cli {
namespace {

/// `code` in our own words.
std::string with_code(std::string_view words) {
  std::string text = html_said(words);
  for (std::size_t at = 0, open = 1; (at = text.find('`', at)) != std::string::npos; open ^= 1)
    text.replace(at, 1, open ? "<code>" : "</code>");
  return text;
}

std::string facts(const CheckpointAudit& checkpoint) {
  std::string text = "<p class=\"facts soft\">";
  const auto fact = [&](const std::string& said) { text += "<span>" + html_escaped(said) + "</span> "; };
  if (!checkpoint.format.empty()) fact(checkpoint.format);
  fact(counted(checkpoint.tensors.size(), "tensor"));
  fact(format_count(checkpoint.elements) + " parameters");
  fact(format_bytes(checkpoint.bytes));
  return text + "</p>\n";
}

std::string_view share_style(const TensorAudit& first, std::size_t findings_before) {
  const AuditVerdict verdict = first.verdict;
  if (is_audit_finding(first)) return findings_before == 0 ? "s0" : findings_before == 1 ? "s1" : "s2";
  if (verdict == AuditVerdict::consistent) return "s4";
  return verdict == AuditVerdict::undecidable ? "s3" : "s5";
}

/// Parameters by verdict as one bar, with its key.
std::string share_bar(const std::vector<AuditClass>& classes) {
  std::uint64_t all = 0;
  for (const AuditClass& group : classes) all += group.elements;
  if (all == 0 || classes.size() < 2) return "";
  Svg svg(1000, 22, "Parameters by verdict", Svg::Fit::stretched);
  std::string keys;
  double left = 0;
  std::size_t findings = 0;
  for (const AuditClass& group : classes) {
    const AuditVerdict verdict = group.first().verdict;
    const std::string style(share_style(group.first(), findings));
    findings += is_audit_finding(group.first()) ? 1 : 0;
    const double width = 1000 * static_cast<double>(group.elements) / static_cast<double>(all);
    svg.rect(left, 0, width, 22, style);
    left += width;
    keys +=
        "<span><svg class=\"key\" viewBox=\"0 0 18 10\" "
        "aria-hidden=\"true\"><rect width=\"18\" height=\"10\" class=\"" +
        style + "\"/></svg>" + html_escaped(verdict_text(verdict, group.first().sub)) + " " +
        html_escaped(share_percent(group.elements, all)) + "</span>";
  }
  return "<div class=\"share\">" + svg.str() + "</div><p class=\"keys soft\">Parameters: " + keys + "</p>\n";
}

std::string answer(const CheckpointAudit& checkpoint) {
  const VerdictWords& words = words_of(checkpoint.verdict);
  std::string text = "<div class=\"answer " + std::string(verdict_mood(checkpoint.verdict)) +
                     "\">\n<p class=\"file\">" + html_said(checkpoint.path) + "</p>\n<h2>" +
                     html_escaped(sentence_case(phrase_of(checkpoint.verdict, checkpoint.sub))) + "</h2>\n<p>" +
                     verdict_tag(checkpoint.verdict, checkpoint.sub);
  if (const std::string share = share_text(checkpoint); !share.empty()) text += " " + html_escaped(share);
  text += "</p>\n";
  const std::string said = checkpoint.error.empty() ? sentence_case(checkpoint.sentence) : error_text(checkpoint);
  if (!said.empty()) text += "<p>" + html_said(said) + "</p>\n";
  text += "<div class=\"columns\"><div><h3>What it means</h3><p>" + with_code(words.meaning) +
          "</p></div><div><h3>What to do</h3><p>" + with_code(words.advice) + "</p></div></div>\n";
  return text + "</div>\n";
}

void write_tensor_table(const TextSink& sink, const CheckpointAudit& checkpoint, std::size_t index) {
  sink(
      "<h2>All tensors</h2>\n<div class=\"wide-table\"><table "
      "class=\"cards\"><thead><tr><th>tensor</th><th>dtype</th>"
      "<th>shape</th><th>verdict</th><th class=\"number\"><a href=\"#bits\">bits</a></th><th>what "
      "was seen</th></tr></thead><tbody>\n");
  for (std::size_t i = 0; i < checkpoint.tensors.size(); ++i) {
    const TensorAudit& t = checkpoint.tensors[i];
    sink("<tr id=\"" + tensor_anchor(index, i) + "\"><td><code>" + html_said(t.name) +
         "</code></td><td data-is=\"dtype\">" + html_said(t.dtype) + "</td><td data-is=\"shape\" class=\"shape\">" +
         shape_text(t.shape) + "</td><td>" + verdict_tag(t.verdict, t.sub) +
         "</td><td data-is=\"bits\" class=\"number\">" + bits_text(t) + "</td><td>" + html_said(t.sentence) +
         "</td></tr>\n");
  }
  sink("</tbody></table></div>\n");
}

/// Classes that have something to show: findings, and others with pictures or
/// tests.
bool has_section(const AuditClass& group) {
  const TensorAudit& first = group.first();
  return is_audit_finding(first) || !first.evidence.tests.empty() || !first.evidence.binades.empty();
}

void write_checkpoint(const TextSink& sink, const AuditReport& report, std::size_t index) {
  const CheckpointAudit& checkpoint = report.checkpoints[index];
  sink(answer(checkpoint));
  if (checkpoint.verdict == AuditVerdict::invalid && checkpoint.tensors.empty()) return;
  const std::vector<AuditClass> classes = audit_classes(checkpoint);
  sink(facts(checkpoint) + share_bar(classes));
  for (const std::string& note : checkpoint.notes) sink("<p class=\"soft\">Note: " + html_said(note) + "</p>\n");
  sink("<h2>Evidence</h2>\n");
  for (const AuditClass& group : classes)
    if (has_section(group)) sink(class_section(report, index, group));
  write_tensor_table(sink, checkpoint, index);
}

std::string glossary() {
  std::string text = "<h2 id=\"verdicts\">The verdicts</h2>\n<dl>\n";
  for (const VerdictWords& words : verdict_words()) {
    const std::string name(audit_verdict_name(words.verdict));
    text += "<dt id=\"v-" + name + "\"><b>" + name + "</b>: " + with_code(words.phrase) + "</dt>\n<dd><p>" +
            with_code(words.meaning) + "</p><p class=\"soft\">What to do: " + with_code(words.advice) + "</p></dd>\n";
  }
  return text + "</dl>\n";
}

std::string footer(const AuditReport& report) {
  const MachineInfo machine = machine_info();
  return "<footer class=\"soft\">candor " + html_escaped(machine.version) + " (" + html_escaped(machine.build_hash) +
         "); " + html_escaped(machine.cpu_model) + "; threshold " + bits_text(report.threshold_bits) + " bits; " +
         utc_now() + "; " + format_seconds(report.seconds) + "</footer>\n</body>\n</html>\n";
}

}  // namespace

void write_audit_html(const TextSink& sink, const AuditReport& report) {
  sink(kAuditPageHead);
  std::string title = "candor audit";
  if (report.checkpoints.size() == 1) title += ": " + report.checkpoints.front().path;
  sink("<title>" + html_said(title) +
       "</title>\n</head>\n<body>\n<h1>candor audit: what the values of a file went through</h1>\n");
  for (std::size_t i = 0; i < report.checkpoints.size(); ++i) write_checkpoint(sink, report, i);
  sink(kAuditPageLimits);
  sink(glossary());
  sink(kAuditPageTerms);
  sink(footer(report));
}

}  // namespace candor::cli
