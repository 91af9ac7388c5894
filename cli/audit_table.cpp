// An audit on a terminal or in a pipe.
#include "cli/audit.h"
#include "cli/audit_summary.h"
#include "cli/audit_words.h"
#include "cli/format.h"
#include "cli/prompt_text.h"

namespace candor::cli {
namespace {

using Align = Table::Align;

constexpr std::size_t kWitnessesShown = 8, kOfOneTensor = 4;  // of a class, unless every tensor is shown

std::string_view colour_of(AuditVerdict verdict, const Style& style) {
  const std::string_view mood = verdict_mood(verdict);
  return mood == "bad" ? style.red : mood == "good" ? style.green : mood == "open" ? style.yellow : "";
}

/// Names out of files may hold anything, and a table wants one line of each.
std::string name_of(const TensorAudit& tensor) { return shown_name(tensor.name); }

std::string class_table(const std::vector<AuditClass>& classes) {
  Table table({Align::left, Align::left, Align::right, Align::right, Align::right});
  table.add({"verdict", "dtype", "tensors", "parameters", "bits"});
  for (const AuditClass& group : classes) {
    const TensorAudit& first = group.first();
    table.add({verdict_text(first.verdict, first.sub), shown_name(first.dtype), grouped(group.tensors.size()),
               format_count(group.elements), bits_text(first)});
  }
  return table.text();
}

/// "Nothing speaks against one rounding … Note: stochastic rounding is not excluded"
std::string said_of(const TensorAudit& tensor) {
  std::string text = tensor.sentence;
  if (!tensor.note.empty()) text.append(text.empty() ? "Note: " : " Note: ").append(tensor.note);
  return readable(text);
}

std::string tensor_table(const CheckpointAudit& checkpoint) {
  Table table({Align::left, Align::left, Align::left, Align::left, Align::right, Align::left});
  table.add({"tensor", "dtype", "shape", "verdict", "bits", ""});
  for (const TensorAudit& tensor : checkpoint.tensors)
    table.add({name_of(tensor), shown_name(tensor.dtype), shape_text(tensor.shape),
               verdict_text(tensor.verdict, tensor.sub), bits_text(tensor), said_of(tensor)});
  return table.text();
}

std::string witness_table(const AuditClass& group, std::size_t most) {
  Table table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::left}, "  ");
  table.add({"witness in", "element", "byte offset", "value", "nearest f16", ""});
  std::size_t shown = 0;
  for (const TensorAudit* tensor : group.tensors)
    for (const AuditWitness& w : tensor->witnesses) {
      if (most == kWitnessesShown && &w == tensor->witnesses.data() + kOfOneTensor) break;
      if (shown++ == most) return table.text();
      table.add({name_of(*tensor), position_text(w), std::to_string(w.offset), short_number(w.value),
                 short_number(w.nearest_f16), w.what});
    }
  return shown ? table.text() : "";
}

/// "needs about 50,000 values of this spread, has 4,096". The judge says what would change its verdict: that a test
/// could decide is not enough, as it may not be the one that is missing.
std::string needed_text(const TensorAudit& tensor) {
  if (tensor.would_change.empty() || tensor.sub == "no-support") return "";  // no more values like these would do
  if (tensor.sub != "low-power") return "what would change this: " + tensor.would_change;
  return "needs " + tensor.would_change + ", has " + grouped(element_count(tensor));
}

std::string of_class(const AuditClass& group) {
  const std::string name = name_of(group.first());
  if (group.tensors.size() == 1) return name;
  return name + " and " + grouped(group.tensors.size() - 1) + " more";
}

std::string finding_text(const AuditClass& group, std::size_t most_witnesses, const Style& style) {
  const TensorAudit& first = group.first();
  std::string text("\n");
  text.append(style.bold).append(colour_of(first.verdict, style)).append(verdict_text(first.verdict, first.sub));
  text.append(style.reset).append(": ").append(of_class(group)).append("\n");
  const auto line = [&](std::string_view label, std::string_view said) {
    if (!said.empty()) text.append("  ").append(label).append(readable(said)).append("\n");
  };
  line("", first.sentence);
  if (first.evidence.share_low && first.evidence.share_high && first.evidence.share)
    line("part concerned: ", fixed(100 * *first.evidence.share, 1) + " % of the values, 95 % interval " +
                                 fixed(100 * *first.evidence.share_low, 1) + " to " +
                                 fixed(100 * *first.evidence.share_high, 1) + " %");
  line("what would change this: ", first.would_change);
  line("note: ", first.note);
  return text + witness_table(group, most_witnesses);
}

/// One line: why nothing can be said, and how much data would do.
std::string undecidable_text(const AuditClass& group) {
  const TensorAudit& first = group.first();
  std::string text = verdict_text(first.verdict, first.sub) + ": " + of_class(group);
  if (!first.sentence.empty()) text.append(": ").append(readable(first.sentence));
  if (const std::string needed = needed_text(first); !needed.empty()) {
    if (text.ends_with('.')) text.pop_back();
    text.append("; ").append(readable(needed));
  }
  return text + "\n";
}

std::string checkpoint_text(const CheckpointAudit& checkpoint, bool every_tensor, const Style& style) {
  std::string text = audit_headline(checkpoint, style) + "\n";
  if (checkpoint.verdict == AuditVerdict::invalid) return text;
  if (!checkpoint.sentence.empty()) text += readable(checkpoint.sentence) + "\n";
  const std::vector<AuditClass> classes = audit_classes(checkpoint);
  if (!classes.empty()) text.append("\n").append(every_tensor ? tensor_table(checkpoint) : class_table(classes));
  for (const AuditClass& group : classes) {
    const bool finding = is_audit_finding(group.first()) || group.first().verdict == AuditVerdict::invalid;
    if (finding) text += finding_text(group, every_tensor ? SIZE_MAX : kWitnessesShown, style);
  }
  std::string open;
  for (const AuditClass& group : classes)
    if (group.first().verdict == AuditVerdict::undecidable) open += undecidable_text(group);
  if (!open.empty()) text.append("\n").append(open);
  for (const std::string& note : checkpoint.notes) text.append("\nnote: ").append(readable(note)).append("\n");
  return text;
}

}  // namespace

std::string audit_headline(const CheckpointAudit& checkpoint, const Style& style) {
  std::string text(style.bold);
  text.append(readable(checkpoint.path)).append(": ").append(colour_of(checkpoint.verdict, style));
  text.append(verdict_text(checkpoint.verdict, checkpoint.sub)).append(style.reset).append(": ");
  if (checkpoint.verdict == AuditVerdict::invalid && !checkpoint.error.empty())
    return text + readable(error_text(checkpoint));
  text += phrase_of(checkpoint.verdict, checkpoint.sub);
  if (const std::string share = share_text(checkpoint); !share.empty()) text.append(" (").append(share).append(")");
  return text;
}

std::string audit_table(const AuditReport& report, bool every_tensor, const Style& style) {
  std::string text;
  std::uint64_t bytes = 0;
  for (const CheckpointAudit& checkpoint : report.checkpoints) {
    text += checkpoint_text(checkpoint, every_tensor, style) + "\n";
    bytes += checkpoint.bytes;
  }
  text.append(style.dim).append("bits are evidence for a finding, which needs ");
  text.append(bits_text(report.threshold_bits)).append("; ");
  text.append(format_bytes(bytes)).append(" in ").append(format_seconds(report.seconds));
  return text.append(style.reset).append("\n");
}

}  // namespace candor::cli
