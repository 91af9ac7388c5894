#include "audit/checkpoint_audit.h"

#include "audit/cancelled.h"
#include "audit/judge/judge.h"
#include "audit/label/label.h"
#include "audit/roll_up.h"
#include "audit/scan/scan.h"
#include "audit/selection.h"
#include "audit/tensor_notes.h"
#include "candor/error.h"
#include "io/refuse.h"

namespace candor::audit_internal {

std::string_view format_name(CheckpointFormat format) {
  switch (format) {
    case CheckpointFormat::safetensors:
      return "safetensors";
    case CheckpointFormat::gguf:
      return "gguf";
    case CheckpointFormat::pytorch:
      return "pytorch";
    case CheckpointFormat::npy:
      break;
  }
  return "npy";
}

void keep_pictures(TensorAudit& tensor, std::size_t index) {
  if (index < kPictures || is_audit_finding(tensor)) return;
  tensor.evidence.binades = {};
  tensor.evidence.small_codes = {};
  tensor.evidence.distinct_per_block = {};
}

CheckpointJudge::CheckpointJudge(const CheckpointBegin& begin, const AuditOptions& options)
    : pool_(options.threshold_bits), options_(options) {
  audit_.path = begin.path;
  audit_.format = begin.format;
}

void CheckpointJudge::add(const Fingerprint& tensor, const LabelFacts& label) {
  const std::optional<Measured> measured = measure(tensor);
  pool_.add(tensor.identity, measured);
  const std::size_t index = audit_.tensors.size();
  audit_.elements += tensor.elements;
  audit_.bytes += tensor.nbytes;
  audit_.tensors.push_back(judge(tensor, measured, label, options_.threshold_bits));
  keep_pictures(audit_.tensors.back(), index);
}

CheckpointAudit CheckpointJudge::conclude(const CheckpointEnd& end) {
  require_not_cancelled(options_.cancel);
  if (audit_.format.empty()) return refused_checkpoint(audit_.path, end.error);
  audit_.error = end.error;
  audit_.notes = end.notes;
  roll_up(audit_, pool_, options_.cancel);
  note_tensors(audit_);
  if (audit_.error.empty()) return std::move(audit_);
  audit_.verdict = AuditVerdict::invalid;
  audit_.sub.clear();
  audit_.bits = 0;
  audit_.sentence = "the file is damaged: " + audit_.error;
  return std::move(audit_);
}

namespace {

/// What loading the pickle with a reader that calls would have called: nothing was called here.
void note_symbols(const Checkpoint& checkpoint, std::vector<std::string>& notes) {
  constexpr std::size_t kNamed = 5;
  std::string text;
  std::size_t named = 0;
  for (const auto& [symbol, times] : checkpoint.unknown_symbols()) {
    if (++named > kNamed) continue;
    text.append(named > 1 ? ", " : "").append(io::quote(symbol)).append(" (").append(std::to_string(times));
    text.append(times == 1 ? " time)" : " times)");
  }
  if (named == 0) return;
  if (named > kNamed) text.append(" and ").append(std::to_string(named - kNamed)).append(" more");
  notes.push_back("the pickle names " + text +
                  ", which loading it would call and this reader did not: look before you load it elsewhere");
}

}  // namespace

CheckpointAudit audit_checkpoint(const Checkpoint& checkpoint, const std::string& path, const AuditOptions& options,
                                 FingerprintWriter* fingerprints) {
  const std::vector<const TensorEntry*> entries = select_entries(checkpoint, options);
  const CheckpointLabels labels = read_labels(checkpoint, path);
  const CheckpointBegin begin{path, std::string(format_name(checkpoint.format()))};
  CheckpointEnd end{"", labels.notes};
  note_symbols(checkpoint, end.notes);
  CheckpointJudge judge(begin, options);
  if (fingerprints) fingerprints->begin(begin);
  const ScanOptions scan{options.threads, options.cancel, options.progress};
  std::size_t index = 0;
  try {
    scan_checkpoint(checkpoint, entries, scan, [&](const Fingerprint& tensor) {
      const LabelFacts label = label_facts(labels, *entries[index++]);
      if (fingerprints) fingerprints->add(tensor, label);
      judge.add(tensor, label);
    });
  } catch (const FormatError& error) {
    end.error = error.what();
  }
  if (fingerprints) fingerprints->end(end);
  return judge.conclude(end);
}

CheckpointAudit refused_checkpoint(const std::string& path, const std::string& error) {
  CheckpointAudit out;
  out.path = path;
  out.verdict = AuditVerdict::invalid;
  out.error = error;
  out.sentence = "the file was refused: " + error;
  return out;
}

}  // namespace candor::audit_internal
