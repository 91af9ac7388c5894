// Sections of the page: one for each class of tensors.
#include <algorithm>
#include <cmath>

#include "cli/audit_html.h"
#include "cli/audit_plots.h"
#include "cli/audit_words.h"
#include "cli/format.h"
#include "cli/html_text.h"
#include "cli/prompt_text.h"
#include "cli/svg.h"

namespace candor::cli {
namespace {

constexpr std::size_t kTensorsShown = 4;  // of a class, with pictures; the table has all

std::string paragraph(std::string_view style, std::string_view label, std::string_view text) {
  if (text.empty()) return "";
  std::string out = style.empty() ? "<p>" : "<p class=\"" + std::string(style) + "\">";
  if (!label.empty()) out.append("<b>").append(label).append("</b> ");
  return out + html_said(text) + "</p>\n";
}

std::string cell(std::string_view is, std::string_view text, std::string_view style = "") {
  std::string out = "<td data-is=\"" + std::string(is) + "\"";
  if (!style.empty()) out.append(" class=\"").append(style).append("\"");
  return out + ">" + html_said(text) + "</td>";
}

/// "; evidence 40 bits (odds of 10^12 to 1)"; "" where there is not enough to name odds. Of what is consistent: how far
/// behind the others are.
std::string evidence_text(const TensorAudit& tensor) {
  const double bits = tensor.bits;
  if (tensor.verdict == AuditVerdict::consistent && bits > 0)
    return "; the next best history explains the values worse, by " + bits_text(bits) + " bits";
  if (!(bits >= 10) || bits_text(tensor).empty()) return "";
  const double digits = bits * std::log10(2.0);
  if (!std::isfinite(digits)) return "; certain";
  if (digits >= 300) return "; evidence " + bits_text(bits) + " bits (odds beyond 10" + superscript(300) + " to 1)";
  return "; evidence " + bits_text(bits) + " bits (odds of 10" + superscript(static_cast<long>(digits)) + " to 1)";
}

std::string p_value_text(const AuditTest& test) {
  if (!(test.p_value < 1)) return "";
  return test.p_value < 1e-300 ? "< 1e-300" : short_number(test.p_value);
}

/// What a test saw, or why it does not speak; and how much data would make it decide.
std::string seen_text(const TensorAudit& tensor, const AuditTest& test, double threshold_bits) {
  std::string text = test.not_run.empty() ? test.text : "not asked: " + test.not_run;
  if (const std::string_view caveat = caveat_of(tensor, test); !caveat.empty())
    return std::string("does not count here: ").append(caveat).append(" (").append(text).append(")");
  if (const std::uint64_t needed = elements_to_decide(tensor, test, threshold_bits); needed)
    text.append(text.empty() ? "" : "; ").append(grouped(needed)).append(" elements of this spread would decide");
  return text;
}

std::string tests_table(const TensorAudit& tensor, double threshold_bits) {
  const std::vector<AuditTest>& tests = tensor.evidence.tests;
  if (tests.empty()) return "";
  std::string table =
      "<h5>Tests</h5><table class=\"cards\"><thead><tr><th>test</th><th>what "
      "it saw</th><th class=\"number\">values</th>"
      "<th class=\"number\">p-value</th><th "
      "class=\"number\"><a href=\"#bits\">bits</a></th></tr></thead><tbody>\n";
  for (const AuditTest& test : tests) {
    const bool counts = test.not_run.empty() && caveat_of(tensor, test).empty();
    const bool weighs = counts && test.name != "label";  // which is right or wrong
    table += "<tr>" + cell("test", test.name, "name") +
             cell("saw", seen_text(tensor, test, threshold_bits), counts ? "" : "soft") +
             cell("values", test.used ? grouped(test.used) : "", "number") +
             cell("p-value", weighs ? p_value_text(test) : "", "number") +
             cell("bits", weighs && test.bits != 0 ? bits_text(test.bits) : "", "number") + "</tr>\n";
  }
  return table + "</tbody></table>\n";
}

std::string witnesses_table(const TensorAudit& tensor) {
  if (tensor.witnesses.empty()) return "";
  std::string table =
      "<h5>Witnesses</h5><table class=\"cards\"><thead><tr><th>element</th><th "
      "class=\"number\">byte offset</th>"
      "<th class=\"number\">code</th><th class=\"number\">value</th><th "
      "class=\"number\">nearest f16</th><th></th></tr>"
      "</thead><tbody>\n";
  for (const AuditWitness& w : tensor.witnesses)
    table += "<tr>" + cell("element", position_text(w)) + cell("byte offset", grouped(w.offset), "number") +
             cell("code", code_text(tensor, w.code), "number") + cell("value", short_number(w.value), "number") +
             cell("nearest f16", short_number(w.nearest_f16), "number") + cell("is", w.what) + "</tr>\n";
  return table + "</tbody></table>\n";
}

std::string schemes_table(const AuditEvidence& evidence) {
  if (evidence.schemes.empty()) return "";
  std::string table =
      "<h5>Ways of quantising, best first</h5><table "
      "class=\"cards\"><thead><tr><th>scheme</th><th>blocks</th>"
      "<th class=\"number\">fitting</th><th class=\"number\">bits</th><th "
      "class=\"number\">scale of one block</th></tr>"
      "</thead><tbody>\n";
  for (const AuditBlockScheme& s : evidence.schemes)
    table += "<tr>" + cell("scheme", s.name) + cell("blocks", s.extent) +
             cell("fitting", grouped(s.fitting) + " of " + grouped(s.tested), "number") +
             cell("bits", bits_text(s.bits), "number") +
             cell("scale", s.scale != 0 ? short_number(s.scale) : "", "number") + "</tr>\n";
  return table + "</tbody></table>\n";
}

std::string histories_text(const TensorAudit& tensor) {
  std::string text;
  for (const AuditHistory& history : tensor.evidence.histories)
    text += (text.empty() ? "" : " · ") + html_escaped(history.name) + " <b>" + bits_text(history.bits) + "</b>";
  if (text.empty()) return "";
  return std::string("<p class=\"soft\">Bits for each history against a single rounding")
      .append(has_smooth_density(tensor) ? ": " : ", had the values a smooth density, which they have not: ")
      .append(text)
      .append("; below zero it explains them worse</p>\n");
}

std::string share_line(const AuditEvidence& e) {
  if (!e.share) return "";
  std::string text = fixed(100 * *e.share, 1) + " % of the values";
  if (e.share_low && e.share_high)
    text += ", 95 % interval " + fixed(100 * *e.share_low, 1) + " to " + fixed(100 * *e.share_high, 1) + " %";
  return paragraph("", "Part concerned:", text);
}

std::string pictures(const TensorAudit& tensor) {
  const bool blocks = tensor.verdict == AuditVerdict::dequantised;
  std::string text = blocks ? distinct_figures(tensor) : "";
  text += exponent_figure(tensor) + parity_figure(tensor) + lattice_figure(tensor) + zero_mantissa_figure(tensor);
  if (!blocks) text += distinct_figures(tensor);
  return text.empty() ? "" : "<div class=\"figures\">\n" + text + "</div>\n";
}

std::string tensor_evidence(const TensorAudit& tensor, double threshold_bits) {
  return paragraph("", "", tensor.sentence) + share_line(tensor.evidence) +
         paragraph("", "What would change this:", tensor.would_change) + paragraph("soft", "Note:", tensor.note) +
         pictures(tensor) + tests_table(tensor, threshold_bits) + histories_text(tensor) +
         schemes_table(tensor.evidence) + witnesses_table(tensor);
}

std::string class_heading(const CheckpointAudit& checkpoint, const AuditClass& group) {
  const TensorAudit& first = group.first();
  std::string text = "<h3>" + verdict_tag(first.verdict, first.sub) + " " +
                     html_escaped(sentence_case(phrase_of(first.verdict, first.sub))) + "</h3>\n<p class=\"soft\">" +
                     html_escaped(counted(group.tensors.size(), "tensor") + " of " + first.dtype + ", " +
                                  format_count(group.elements) + " parameters");
  if (checkpoint.elements) text += ", " + html_escaped(share_percent(group.elements, checkpoint.elements)) + " of all";
  return text + evidence_text(first) + "</p>\n" + paragraph("", "", sub_meaning(first.verdict, first.sub));
}

std::size_t index_of(const CheckpointAudit& checkpoint, const TensorAudit* tensor) {
  return static_cast<std::size_t>(tensor - checkpoint.tensors.data());
}

}  // namespace

std::string html_said(std::string_view text) { return html_escaped(with_powers(readable(text))); }

std::string tensor_anchor(std::size_t checkpoint, std::size_t tensor) {
  return "t" + std::to_string(checkpoint) + "-" + std::to_string(tensor);
}

std::string verdict_tag(AuditVerdict verdict, const std::string& sub) {
  return "<a class=\"tag " + std::string(verdict_mood(verdict)) + "\" href=\"#v-" +
         std::string(audit_verdict_name(verdict)) + "\">" + html_escaped(verdict_text(verdict, sub)) + "</a>";
}

std::string class_section(const AuditReport& report, std::size_t index, const AuditClass& group) {
  const CheckpointAudit& checkpoint = report.checkpoints[index];
  std::string text = "<section class=\"class " + std::string(verdict_mood(group.first().verdict)) + "\">\n" +
                     class_heading(checkpoint, group);
  const bool opened = is_audit_finding(group.first()) || checkpoint.verdict == group.first().verdict;
  const std::size_t shown = std::min(group.tensors.size(), kTensorsShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const TensorAudit& tensor = *group.tensors[i];
    text += "<details" + std::string(i == 0 && opened ? " open" : "") + "><summary><code>" + html_said(tensor.name) +
            "</code> <a class=\"soft\" href=\"#" + tensor_anchor(index, index_of(checkpoint, &tensor)) + "\">" +
            html_escaped(shape_text(tensor.shape)) + "</a></summary>\n" +
            tensor_evidence(tensor, report.threshold_bits) + "</details>\n";
  }
  if (const std::size_t more = group.tensors.size() - shown; more > 0)
    text += paragraph("soft", "", grouped(more) + " more with this verdict are in the table of all tensors.");
  return text + "</section>\n";
}

}  // namespace candor::cli
