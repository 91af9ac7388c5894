// A proof on a terminal.
#include <algorithm>

#include "candor/machine.h"
#include "cli/format.h"
#include "cli/prove.h"

namespace candor::cli {
namespace {

std::string verdict_text(std::size_t proven, std::size_t unseen, std::size_t mismatches) {
  return grouped(proven) + " proven, " + grouped(unseen) + " unseen, " + grouped(mismatches) +
         (mismatches == 1 ? " mismatch" : " mismatches");
}

std::string row_verdicts(const ProveReport& report) {
  using enum ProofVerdict;
  return verdict_text(report.count(proven), report.count(unseen), report.count(mismatch));
}

/// Distinct words in the order in which they came.
class Words {
 public:
  void add(std::string_view word) {
    if (std::find(words_.begin(), words_.end(), word) == words_.end()) words_.emplace_back(word);
  }
  std::string text(std::size_t most) const {
    if (words_.size() > most) return std::to_string(words_.size()) + " dtypes";
    std::string text;
    for (const std::string& word : words_) text += (text.empty() ? "" : ",") + word;
    return text;
  }

 private:
  std::vector<std::string> words_;
};

/// Rows of one op that have a kernel and an arithmetic in common.
struct Group {
  const RowProof* first;
  Words a, b, out, isa;
  ProveReport rows;

  explicit Group(const RowProof& row) : first(&row) {}
  bool takes(const RowProof& row) const {
    return row.backend == first->backend && row.op == first->op && row.kernel == first->kernel &&
           row.instruction_class == first->instruction_class &&
           arithmetic_text(row.precision) == arithmetic_text(first->precision);
  }
  void add(const RowProof& row) {
    a.add(dtype_name(row.precision.a));
    b.add(dtype_name(row.precision.b));
    out.add(dtype_name(row.precision.out));
    isa.add(row.isa);
    RowProof verdict;
    verdict.verdict = row.verdict;
    rows.rows.push_back(std::move(verdict));
  }
  std::string verdict() const {
    return rows.count(ProofVerdict::proven) == rows.rows.size() ? "proven" : row_verdicts(rows);
  }
};

std::vector<Group> groups_of(const ProveReport& report) {
  std::vector<Group> groups;
  for (const RowProof& row : report.rows) {
    auto it = std::find_if(groups.begin(), groups.end(), [&](const Group& group) { return group.takes(row); });
    if (it == groups.end()) it = groups.insert(groups.end(), Group(row));
    it->add(row);
  }
  return groups;
}

std::string group_table(const ProveReport& report) {
  using Align = Table::Align;
  Table table(
      {Align::left, Align::left, Align::left, Align::left, Align::left, Align::left, Align::right, Align::left});
  table.add({"op", "a·b→out", "product/sum", "kernel", "isa", "instructions", "rows", ""});
  for (const Group& group : groups_of(report))
    table.add({group.first->op, group.a.text(3) + "·" + group.b.text(3) + "→" + group.out.text(3),
               arithmetic_text(group.first->precision), group.first->kernel, group.isa.text(5),
               group.first->instruction_class, grouped(group.rows.rows.size()), group.verdict()});
  return table.text();
}

std::string row_table(const ProveReport& report) {
  using Align = Table::Align;
  Table table(
      {Align::left, Align::left, Align::left, Align::left, Align::left, Align::left, Align::right, Align::left});
  table.add({"op", "a·b→out", "product/sum", "kernel", "isa", "instructions", "canaries", ""});
  for (const RowProof& row : report.rows)
    table.add({row.op, storage_text(row.precision), arithmetic_text(row.precision), row.kernel, row.isa,
               row.instruction_class, grouped(row.canaries.size()), std::string(proof_verdict_name(row.verdict))});
  return table.text();
}

/// Checks of one section and subject: "same bits" of "matmul".
struct CheckGroup {
  const ProofCheck* first;
  std::string subject;
  ProveReport checks;
};

std::vector<CheckGroup> check_groups(const ProveReport& report, bool every_check) {
  std::vector<CheckGroup> groups;
  for (const ProofCheck& check : report.checks) {
    const bool alone = every_check || check.section == "model";
    const std::string subject = alone ? check.what : check.what.substr(0, check.what.find(' '));
    auto it = std::find_if(groups.begin(), groups.end(), [&](const CheckGroup& group) {
      return group.subject == subject && group.first->section == check.section;
    });
    if (it == groups.end()) it = groups.insert(groups.end(), {&check, subject, {}});
    it->checks.checks.push_back(check);
  }
  return groups;
}

std::string check_table(const ProveReport& report, bool every_check) {
  using enum ProofVerdict;
  using Align = Table::Align;
  Table table({Align::left, Align::left, Align::left, Align::left});
  table.add({"section", "of", "found", ""});
  for (const CheckGroup& group : check_groups(report, every_check)) {
    const ProofCheck& first = *group.first;
    const ProveReport& of = group.checks;
    const std::size_t count = of.checks.size();
    if (count == 1)
      table.add({first.section, first.what, first.found, std::string(proof_verdict_name(first.verdict))});
    else
      table.add({first.section, group.subject, grouped(count) + " checks",
                 of.all_proven()
                     ? "proven"
                     : verdict_text(of.count_checks(proven), of.count_checks(unseen), of.count_checks(mismatch))});
  }
  return table.text();
}

/// The finding names every deviation; where nothing explains the results, all questions are as open as each other.
bool said(const std::string& finding, const ProofAnswer& answer) {
  return answer.verdict == ProofVerdict::mismatch && !finding.empty() &&
         (finding.find(answer.question + ": " + answer.found) != std::string::npos ||
          answer.found == "nothing considered explains the results");
}

std::string finding_text(const RowProof& row) {
  std::string text(proof_verdict_name(row.verdict));
  text += ": " + row.op + " " + storage_text(row.precision) + " " + arithmetic_text(row.precision) + " " + row.kernel +
          " " + row.isa + " " + row.instruction_class + "\n";
  if (!row.finding.empty()) text += "  " + row.finding + "\n";
  for (const ProofAnswer& answer : row.answers) {
    if (answer.verdict == ProofVerdict::proven || said(row.finding, answer)) continue;
    text += "  " + answer.question + ": claimed " + answer.claimed + ", found " + answer.found;
    text += answer.evidence.empty() ? "\n" : " (" + answer.evidence + ")\n";
  }
  return text;
}

std::string finding_text(const ProofCheck& check) {
  std::string text(proof_verdict_name(check.verdict));
  text += ": " + check.section + ": " + check.what + "\n  " + (check.finding.empty() ? "not proven" : check.finding) +
          "\n  claimed " + check.claimed;
  const std::string& said = check.finding;
  if (said.empty() || check.found.find(said) == std::string::npos) text += ", found " + check.found;
  if (!check.evidence.empty() && said.find(check.evidence) == std::string::npos) text += " (" + check.evidence + ")";
  return text + "\n";
}

}  // namespace

std::string prove_setting(const ProveCommand& command) {
  const MachineInfo machine = machine_info();
  return "candor " + machine.version + " (" + machine.build_hash + "); " + machine.cpu_model + ", " +
         machine.active_isa + ", " + counted(static_cast<std::uint64_t>(machine.threads), "thread") + "; seed " +
         std::to_string(command.seed) + (command.quick ? "; --quick leaves out kernels that would not be chosen" : "");
}

std::string prove_summary(const ProveReport& report) {
  using enum ProofVerdict;
  std::string text =
      grouped(report.rows.size()) + (report.rows.size() == 1 ? " row: " : " rows: ") + row_verdicts(report);
  if (!report.checks.empty())
    text += "; " + grouped(report.checks.size()) + (report.checks.size() == 1 ? " check: " : " checks: ") +
            verdict_text(report.count_checks(proven), report.count_checks(unseen), report.count_checks(mismatch));
  return text + "; " + format_seconds(report.seconds);
}

std::string prove_table(const ProveReport& report, bool every_row) {
  const std::string rows = every_row ? row_table(report) : group_table(report);
  return report.checks.empty() ? rows : rows + "\n" + check_table(report, every_row);
}

std::string prove_findings(const ProveReport& report) {
  std::string text;
  for (const ProofVerdict verdict : {ProofVerdict::mismatch, ProofVerdict::unseen}) {
    for (const RowProof& row : report.rows)
      if (row.verdict == verdict) text += finding_text(row);
    for (const ProofCheck& check : report.checks)
      if (check.verdict == verdict) text += finding_text(check);
  }
  return text;
}

}  // namespace candor::cli
