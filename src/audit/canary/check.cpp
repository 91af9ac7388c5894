#include <algorithm>
#include <initializer_list>

#include "audit/canary/compare.h"
#include "audit/canary/diagnosis.h"
#include "audit/canary/special_values.h"
#include "audit/checkpoint_audit.h"
#include "audit/number_words.h"
#include "candor/canary.h"
#include "candor/error.h"
#include "io/refuse.h"

namespace candor {
namespace {

using audit_internal::Conversion;
using audit_internal::ElementOrder;
using audit_internal::FoundCanary;

constexpr std::size_t kMostWitnesses = 8;

std::uint64_t count_changed(const FoundCanary& found) {
  if (found.tensor.bits.size() != found.canary->bits.size()) return 0;
  std::uint64_t changed = 0;
  for (std::size_t i = 0; i < found.canary->bits.size(); ++i) changed += !is_unchanged(found, i);
  return changed;
}

/// The values are in another order than their shape says.
bool is_misplaced(const FoundCanary& found) { return found.order == ElementOrder::values_transposed; }

/// Every value of `from`, a 16- or 32-bit dtype, exists in `to`.
bool holds_all(DType to, DType from) { return to == DType::f64 || (to == DType::f32 && from != DType::f64); }

std::string state_of(const FoundCanary& found, std::uint64_t changed) {
  if (found.missing()) return "missing";
  if (is_block(found.tensor.file_dtype)) return "damaged";
  if (!found.compared()) return "unsupported";
  const DType from = found.canary->dtype, to = found.tensor.dtype;
  const bool directly = found.exceptions.front() == 0 && !has_special_damage(found) && !is_misplaced(found);
  if (!directly || audit_internal::predicts_bits_only(to)) return "damaged";
  if (from != DType::bf16 && to == DType::bf16) return "rounded";
  if (changed == 0) return from == to ? "intact" : holds_all(to, from) ? "widened" : "kept";
  return "damaged";
}

std::string order_name(ElementOrder order) {
  if (order == ElementOrder::as_written) return "as written";
  return order == ElementOrder::transposed ? "transposed" : "values transposed";
}

CanaryWitness witness(const FoundCanary& found, std::size_t index) {
  CanaryWitness w;
  w.index = index;
  w.code = found.canary->bits[index];
  w.value = audit_internal::value_of(found.canary->dtype, w.code);
  w.found_code = found.tensor.bits[place_of(found, index)];
  w.found = found_value(found, index);
  if (found.canary->dtype == DType::bf16)
    w.meaning = audit_internal::canary_meaning(static_cast<std::uint32_t>(w.code));
  return w;
}

/// Changed elements of different codes: the first of each meaning, then whatever comes first.
std::vector<CanaryWitness> telling_witnesses(const FoundCanary& found) {
  std::vector<CanaryWitness> chosen, rest;
  const auto any = [&](auto member, const CanaryWitness& w) {
    return std::any_of(chosen.begin(), chosen.end(), [&](const CanaryWitness& c) { return c.*member == w.*member; });
  };
  for (std::size_t i = 0; i < found.canary->bits.size() && chosen.size() < kMostWitnesses; ++i) {
    if (is_unchanged(found, i)) continue;
    CanaryWitness w = witness(found, i);
    if (!w.meaning.empty() && !any(&CanaryWitness::meaning, w))
      chosen.push_back(std::move(w));
    else if (rest.size() < kMostWitnesses && (rest.empty() || rest.back().code != w.code))
      rest.push_back(std::move(w));
  }
  for (CanaryWitness& w : rest)
    if (chosen.size() < kMostWitnesses) chosen.push_back(std::move(w));
  std::sort(chosen.begin(), chosen.end(), [](const auto& x, const auto& y) { return x.index < y.index; });
  return chosen;
}

CanaryTensor describe(const FoundCanary& found, const std::string& state, std::uint64_t changed,
                      const Conversion* chosen, bool exact) {
  CanaryTensor t;
  t.canary = found.canary->name;
  t.name = found.tensor.name;
  t.dtype = dtype_name(found.canary->dtype);
  t.found = found.tensor.spelling;
  t.shape = found.tensor.shape;
  t.state = state;
  t.order = order_name(found.order);
  t.elements = found.canary->bits.size();
  t.changed = changed;
  if (!found.compared() || chosen == nullptr) return t;
  for (const Conversion* conversion : explanations(found)) t.explained_by.push_back(conversion->id);
  t.witnesses = telling_witnesses(found);
  for (std::size_t i = 0; i < t.elements; ++i) {
    if (exact || is_predicted(found, *chosen, i)) continue;
    t.best = chosen->id;
    if (++t.exceptions <= kMostWitnesses) t.unexplained.push_back(witness(found, i));
  }
  return t;
}

CanaryVerdict verdict_of(const std::vector<CanaryTensor>& tensors) {
  const auto any = [&](std::string_view state, std::string_view dtype) {
    return std::any_of(tensors.begin(), tensors.end(),
                       [&](const CanaryTensor& t) { return t.state == state && (dtype.empty() || t.dtype == dtype); });
  };
  if (any("damaged", "")) return CanaryVerdict::damaged;
  if (any("missing", "") || any("unsupported", "")) return CanaryVerdict::incomplete;
  return any("widened", "bf16") || any("kept", "bf16") ? CanaryVerdict::widened : CanaryVerdict::intact;
}

/// "canary.codes, canary.matrix" of the tensors in one of these states.
std::string names_in(const std::vector<CanaryTensor>& tensors, std::initializer_list<std::string_view> states) {
  std::string names;
  for (const CanaryTensor& t : tensors)
    if (std::find(states.begin(), states.end(), t.state) != states.end())
      names.append(names.empty() ? "" : ", ").append(t.canary);
  return names;
}

constexpr std::string_view kMisplaced = "values-transposed";

/// Culprits of the same tensors are alternatives; the others add up, and so does another order.
std::string damage_text(const CanaryReport& report) {
  std::string text;
  for (std::size_t i = 0; i < report.culprits.size(); ++i) {
    const CanaryCulprit& culprit = report.culprits[i];
    const bool alternative = i > 0 && culprit.tensors == report.culprits[i - 1].tensors && culprit.exceptions == 0 &&
                             culprit.id != kMisplaced;
    text.append(i == 0 ? "" : alternative ? ", or " : "; and ").append(culprit.text);
    if (culprit.exceptions != 0)
      text.append(" (with ")
          .append(audit_internal::counted(culprit.exceptions, "element", "elements"))
          .append(" that it does not explain)");
  }
  for (const CanaryFinding& finding : report.findings)
    if (!finding.legal) text.append(text.empty() ? "" : "; ").append(finding.text);
  return text;
}

std::string sentence_of(const CanaryReport& report) {
  std::string text;
  switch (report.verdict) {
    case CanaryVerdict::damaged:
      return damage_text(report);
    case CanaryVerdict::incomplete:
      text = "nothing is damaged, but not every canary is here to be compared: no ";
      return text.append(names_in(report.tensors, {"missing", "unsupported"}));
    case CanaryVerdict::widened:
      text = "every bf16 value was kept, but is stored in another dtype";
      break;
    case CanaryVerdict::intact:
      text = "every bf16 canary kept its bits";
      break;
  }
  if (!names_in(report.tensors, {"rounded"}).empty())
    text += "; the f32 and f16 probes were rounded once to bf16, to nearest even, as they must be";
  return text;
}

CanaryReport assemble(const std::vector<FoundCanary>& canaries) {
  CanaryReport report;
  std::vector<std::string> states;
  std::vector<std::uint64_t> changed;
  std::vector<bool> damaged;
  for (const FoundCanary& found : canaries) {
    changed.push_back(count_changed(found));
    states.push_back(state_of(found, changed.back()));
    damaged.push_back(states.back() == "damaged");
  }
  audit_internal::Diagnosis diagnosis = diagnose(canaries, damaged);
  report.culprits = std::move(diagnosis.culprits);
  report.not_excluded = std::move(diagnosis.not_excluded);
  report.findings = special_findings(canaries, diagnosis.chosen);
  CanaryCulprit misplaced{std::string(kMisplaced), "values in the order of the transpose, under the old shape", {}, 0};
  for (std::size_t i = 0; i < canaries.size(); ++i) {
    report.tensors.push_back(describe(canaries[i], states[i], changed[i], diagnosis.chosen[i], diagnosis.exact[i]));
    if (is_misplaced(canaries[i])) misplaced.tensors.emplace_back(canaries[i].canary->name);
  }
  if (!misplaced.tensors.empty()) report.culprits.push_back(std::move(misplaced));
  report.verdict = verdict_of(report.tensors);
  report.sentence = sentence_of(report);
  return report;
}

}  // namespace

std::string_view canary_verdict_name(CanaryVerdict verdict) {
  switch (verdict) {
    case CanaryVerdict::intact:
      return "intact";
    case CanaryVerdict::widened:
      return "widened";
    case CanaryVerdict::incomplete:
      return "incomplete";
    case CanaryVerdict::damaged:
      break;
  }
  return "damaged";
}

CanaryReport check_canary(const std::string& path, const std::atomic<bool>* cancel) {
  const Checkpoint checkpoint = Checkpoint::open(path);
  const std::vector<FoundCanary> canaries = audit_internal::find_canaries(checkpoint, cancel);
  checkpoint.require_unchanged();
  if (std::all_of(canaries.begin(), canaries.end(), [](const FoundCanary& found) { return found.missing(); }))
    throw ValueError("check: " + path + ": no canary is among its " +
                     audit_internal::counted(checkpoint.tensors().size(), "tensor", "tensors") +
                     "; write one with `candor canary OUT.safetensors` and convert that");
  CanaryReport report = assemble(canaries);
  report.path = path;
  report.format = audit_internal::format_name(checkpoint.format());
  return report;
}

}  // namespace candor
