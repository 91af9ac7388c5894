#include "audit/roll_up.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "audit/cancelled.h"
#include "audit/number_words.h"
#include "audit/severity.h"
#include "io/refuse.h"

namespace candor::audit_internal {
namespace {

constexpr std::size_t kMostNamed = 3;
constexpr double kNearlyAll = 0.95;  // of what was judged: then a finding speaks for the checkpoint

struct Amount {
  std::size_t tensors = 0;
  std::uint64_t elements = 0;
};

/// Tensors of one verdict.
struct Group {
  AuditVerdict verdict = AuditVerdict::undecidable;
  bool finding = false;
  std::size_t tensors = 0;
  std::uint64_t elements = 0;
  double bits = 0;
  std::map<std::string, Amount> subs;
  std::vector<std::string> names;  // the first few

  std::string sub() const {
    const auto heaviest = std::max_element(
        subs.begin(), subs.end(), [](const auto& a, const auto& b) { return a.second.elements < b.second.elements; });
    return heaviest == subs.end() ? "" : heaviest->first;
  }
  /// "low-power, no-support": of a few all, of many the heaviest.
  std::string all_subs() const {
    if (subs.size() > kMostNamed) return sub();
    std::string text;
    for (const auto& [name, amount] : subs)
      if (!name.empty()) text.append(text.empty() ? "" : ", ").append(name);
    return text;
  }
};

/// Heaviest first; equally heavy ones worst first.
std::vector<Group> group(const std::vector<TensorAudit>& tensors, const std::atomic<bool>* cancel) {
  std::map<std::pair<AuditVerdict, bool>, Group> by_verdict;
  for (const TensorAudit& tensor : tensors) {
    require_not_cancelled(cancel);
    const bool finding = is_audit_finding(tensor);
    Group& group = by_verdict[{tensor.verdict, finding}];
    group.verdict = tensor.verdict;
    group.finding = finding;
    ++group.tensors;
    group.elements += tensor.evidence.elements;
    group.bits += tensor.bits;
    Amount& amount = group.subs[tensor.sub];
    ++amount.tensors;
    amount.elements += tensor.evidence.elements;
    if (group.names.size() < kMostNamed) group.names.push_back(io::quote(tensor.name));
  }
  std::vector<Group> groups;
  for (auto& [verdict, group] : by_verdict) groups.push_back(std::move(group));
  std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
    return a.elements != b.elements ? a.elements > b.elements : severity(a.verdict) > severity(b.verdict);
  });
  return groups;
}

/// What follows "was" or "were".
std::string_view phrase(AuditVerdict verdict, bool one) {
  switch (verdict) {
    case AuditVerdict::consistent:
      return "consistent with one rounding from a wide source";
    case AuditVerdict::f16_grid:
      return "found on f16's grid";
    case AuditVerdict::p11_source:
      return "rounded to 11 significant bits before";
    case AuditVerdict::truncated:
      return "cut off instead of rounded";
    case AuditVerdict::widened:
      return one ? "stored wider than its values are" : "stored wider than their values are";
    case AuditVerdict::dequantised:
      return "dequantised";
    case AuditVerdict::mislabelled:
      return one ? "labelled as what it is not" : "labelled as what they are not";
    case AuditVerdict::mixed:
      return "of mixed history";
    case AuditVerdict::structured:
      return one ? "a constant or a table" : "constants or tables";
    case AuditVerdict::undecidable:
      return "undecidable: too few values, or none where the histories differ";
    case AuditVerdict::unsupported:
      return one ? "of a dtype that is not judged" : "of dtypes that are not judged";
    case AuditVerdict::invalid:
      break;
  }
  return "refused";
}

/// "214 (99.8 % of the parameters) were found on f16's grid (via-f16)"
std::string clause(const Group& group, std::uint64_t elements) {
  std::string text = std::to_string(group.tensors);
  text.append(" (").append(percent_of(group.elements, elements)).append(" of the parameters)");
  text.append(group.tensors == 1 ? " was " : " were ").append(phrase(group.verdict, group.tensors == 1));
  if (const std::string subs = group.all_subs(); !subs.empty()) text.append(" (").append(subs).append(")");
  if (group.finding && group.tensors <= kMostNamed) {
    text += ": ";
    for (std::size_t i = 0; i < group.names.size(); ++i) text.append(i > 0 ? ", " : "").append(group.names[i]);
  }
  return text;
}

/// "210 are int4 g32 (q4_1), 1 is int8 g32 (q8_0)": what one name in the headline leaves out.
std::string parts(const Group& group) {
  std::vector<std::pair<std::string, Amount>> subs(group.subs.begin(), group.subs.end());
  std::stable_sort(subs.begin(), subs.end(),
                   [](const auto& a, const auto& b) { return a.second.elements > b.second.elements; });
  std::string text;
  std::size_t others = 0;
  const auto add = [&](std::size_t tensors, const std::string& what) {
    text.append(text.empty() ? "" : ", ").append(counted(tensors, "is ", "are ")).append(what);
  };
  const std::size_t named = subs.size() == kMostNamed + 1 ? subs.size() : kMostNamed;  // one other has a name too
  for (std::size_t i = 0; i < subs.size(); ++i) {
    if (i >= named)
      others += subs[i].second.tensors;
    else
      add(subs[i].second.tensors, subs[i].first.empty() ? "of no named kind" : subs[i].first);
  }
  if (others > 0) add(others, "of other kinds");
  return text;
}

/// What the headline, which names one kind of the checkpoint's own verdict, does not say: the kinds when there are
/// several, of what is no finding the reasons, and what else is in it, findings first.
std::string sentence(std::vector<Group> groups, const CheckpointAudit& checkpoint) {
  if (checkpoint.tensors.empty()) return "there are no tensors to judge";
  std::uint64_t elements = 0;
  for (const Group& group : groups) elements += group.elements;
  std::stable_partition(groups.begin(), groups.end(), [](const Group& group) { return group.finding; });
  std::string text;
  for (const Group& group : groups) {
    // Of several findings each is told, tensors that are mixed in themselves among them.
    const bool several = checkpoint.verdict == AuditVerdict::mixed && checkpoint.sub.find('+') != std::string::npos;
    const bool own = !several && group.verdict == checkpoint.verdict && group.finding == is_audit_finding(checkpoint);
    if (own && (group.subs.size() < 2 || group.verdict == AuditVerdict::consistent)) continue;
    text.append(text.empty() ? "of its tensors, " : "; ");
    text.append(own && group.finding ? parts(group) : clause(group, elements));
  }
  return text;
}

bool is_judged(const Group& group) {
  return group.finding || group.verdict == AuditVerdict::consistent || group.verdict == AuditVerdict::widened;
}

void take(CheckpointAudit& checkpoint, const Group& group) {
  checkpoint.verdict = group.verdict;
  checkpoint.sub = group.sub();
  checkpoint.bits = group.bits;
}

/// No tensor decides: what do they say together?
void decide_pooled(CheckpointAudit& checkpoint, const EvidencePool& pool) {
  checkpoint.verdict = AuditVerdict::undecidable;
  const std::optional<Proposal> together = pool.propose();
  if (!together) return;
  checkpoint.verdict = together->verdict;
  checkpoint.sub = together->sub;
  checkpoint.bits = together->bits;
  checkpoint.notes.push_back("no tensor alone decides; all together do: " + together->sentence);
}

void mix(CheckpointAudit& checkpoint, const std::vector<Group>& findings) {
  checkpoint.verdict = AuditVerdict::mixed;
  for (const Group& finding : findings) {
    checkpoint.sub.append(checkpoint.sub.empty() ? "" : "+").append(audit_verdict_name(finding.verdict));
    checkpoint.bits = std::max(checkpoint.bits, finding.bits);
  }
}

/// Beside tensors that f16's lattice shows, those of 11 bits that "f16 or TF32" left came from f16 too.
void join_f16(std::vector<Group>& findings) {
  const auto of = [&](AuditVerdict verdict) {
    return std::find_if(findings.begin(), findings.end(), [&](const Group& group) { return group.verdict == verdict; });
  };
  const auto eleven = of(AuditVerdict::p11_source), f16 = of(AuditVerdict::f16_grid);
  if (eleven == findings.end() || f16 == findings.end() || eleven->subs.contains("tf32")) return;
  f16->elements += eleven->elements;
  f16->bits += eleven->bits;
  findings.erase(eleven);
}

void decide(CheckpointAudit& checkpoint, const std::vector<Group>& groups, const EvidencePool& pool) {
  std::uint64_t judged = 0, undecided = 0;
  std::vector<Group> findings, consistent;
  for (const Group& group : groups) {
    if (is_judged(group)) judged += group.elements;
    if (group.verdict == AuditVerdict::undecidable) undecided += group.elements;
    if (group.finding) findings.push_back(group);
    if (group.verdict == AuditVerdict::consistent) consistent.push_back(group);
  }
  join_f16(findings);
  for (const Group& finding : findings)
    if (static_cast<double>(finding.elements) >= kNearlyAll * static_cast<double>(judged))
      return take(checkpoint, finding);
  if (!findings.empty()) return mix(checkpoint, findings);
  if (!consistent.empty() && judged >= undecided) return take(checkpoint, consistent.front());
  if (undecided > 0 || groups.empty()) return decide_pooled(checkpoint, pool);
  take(checkpoint, groups.front());  // structured, unsupported or widened by design, whichever holds more
}

/// Stable. Reports are large: each is moved once, whatever the order was.
void sort_worst_first(std::vector<TensorAudit>& tensors, const std::atomic<bool>* cancel) {
  std::vector<std::size_t> from(tensors.size());
  std::iota(from.begin(), from.end(), std::size_t{0});
  std::stable_sort(from.begin(), from.end(), [&tensors](std::size_t a, std::size_t b) {
    const int of_a = severity(tensors[a].verdict), of_b = severity(tensors[b].verdict);
    return of_a != of_b ? of_a > of_b : tensors[a].bits > tensors[b].bits;
  });
  for (std::size_t first = 0; first < from.size(); ++first) {
    require_not_cancelled(cancel);
    if (from[first] == first) continue;
    TensorAudit held = std::move(tensors[first]);
    std::size_t to = first;
    while (from[to] != first) {
      tensors[to] = std::move(tensors[from[to]]);
      to = std::exchange(from[to], to);
    }
    tensors[to] = std::move(held);
    from[to] = to;
  }
}

}  // namespace

void roll_up(CheckpointAudit& checkpoint, const EvidencePool& pool, const std::atomic<bool>* cancel) {
  const std::vector<Group> groups = group(checkpoint.tensors, cancel);
  checkpoint.pooled = pool.tests();
  decide(checkpoint, groups, pool);
  checkpoint.sentence = sentence(groups, checkpoint);
  sort_worst_first(checkpoint.tensors, cancel);
}

}  // namespace candor::audit_internal
