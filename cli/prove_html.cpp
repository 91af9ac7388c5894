// A proof as one page: a table of the rows, whose answers and canaries open on a click.
#include <unordered_map>

#include "candor/machine.h"
#include "cli/format.h"
#include "cli/html_text.h"
#include "cli/json_text.h"
#include "cli/prompt_text.h"
#include "cli/prove.h"
#include "cli/prove_page.h"

namespace candor::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Each text once: the same canaries are in hundreds of rows.
class WordList {
 public:
  std::size_t at(const std::string& word) {
    const auto [it, added] = index_.try_emplace(word, words_.size());
    if (added) words_.push_back(word);
    return it->second;
  }
  Json json() const { return words_; }

 private:
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::string> words_;
};

Json row_data(const RowProof& row, WordList& words) {
  Json json = {{"verdict", proof_verdict_name(row.verdict)}, {"finding", row.finding}};
  json["answers"] = Json::array();
  for (const ProofAnswer& a : row.answers)
    json["answers"].push_back({words.at(a.question), words.at(a.claimed), words.at(a.found), words.at(a.evidence),
                               words.at(std::string(proof_verdict_name(a.verdict)))});
  json["canaries"] = Json::array();
  for (const ProofCanary& c : row.canaries)
    json["canaries"].push_back({words.at(c.name), words.at(c.input), json_number(c.claimed_low),
                                json_number(c.claimed_high), json_number(c.found), c.agrees ? 1 : 0});
  if (row.code.function.empty()) return json;
  Json instructions = Json::array();
  for (const InstructionCount& i : row.code.instructions) instructions.push_back({words.at(i.instruction), i.count});
  json["code"] = {{"function", row.code.function}, {"functions", row.code.functions}, {"instructions", instructions}};
  return json;
}

/// Inside a script element only "<" could end it.
std::string data_element(const ProveReport& report) {
  WordList words;
  Json json;
  json["rows"] = Json::array();
  for (const RowProof& row : report.rows) json["rows"].push_back(row_data(row, words));
  json["words"] = words.json();
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos;) text.replace(at, 1, "\\u003c");
  return "<script type=\"application/json\" id=\"data\">" + text + "</script>\n";
}

std::string cell(const char* is, const std::string& text) {
  return std::string("<td data-is=\"") + is + "\">" + html_escaped(text) + "</td>";
}

std::string verdict_cell(ProofVerdict of) {
  const std::string verdict(proof_verdict_name(of));
  return "<td class=\"" + verdict + "\">" + verdict + "</td></tr>\n";
}

std::string table_row(const RowProof& row) {
  return "<tr><td><button type=\"button\" aria-expanded=\"false\">" + html_escaped(row.op) + "</button></td>" +
         cell("storage", storage_text(row.precision)) + cell("product/sum", arithmetic_text(row.precision)) +
         cell("kernel", row.kernel) + cell("ISA", row.isa) + cell("instructions", row.instruction_class) +
         verdict_cell(row.verdict);
}

std::string check_table(const ProveReport& report) {
  if (report.checks.empty()) return "";
  std::string table(kProvePageChecks);
  for (const ProofCheck& check : report.checks)
    table += "<tr><td>" + html_escaped(check.section) + "</td>" + cell("of", check.what) +
             cell("claimed", check.claimed) + cell("found", check.finding.empty() ? check.found : check.finding) +
             cell("evidence", check.evidence) + verdict_cell(check.verdict);
  return table + "</tbody>\n</table>\n";
}

std::string model_words(const ModelOptions& model) {
  return model.path.empty()
             ? ""
             : " " + html_escaped(readable(model.path)) + " --precision " + html_escaped(model.precision);
}

std::string heading(const ProveCommand& command, const ProveReport& report) {
  const MachineInfo machine = machine_info();
  std::string text = "<h1>candor prove" + model_words(command.model) + std::string(command.quick ? " --quick" : "") +
                     (command.op.empty() ? "" : " --op " + html_escaped(command.op)) + "</h1>\n<p>" +
                     html_escaped(prove_summary(report)) + "</p>\n<p class=\"soft\">candor " +
                     html_escaped(machine.version + " (" + machine.build_hash + ", " + machine.compiler + "); " +
                                  machine.cpu_model + ", " + machine.active_isa + "; " + utc_now()) +
                     "</p>\n";
  for (const std::string& note : report.notes) text += "<p class=\"soft\">note: " + html_escaped(note) + "</p>\n";
  return text;
}

}  // namespace

std::string prove_html(const ProveCommand& command, const ProveReport& report) {
  std::string page(kProvePageHead);
  page.append(heading(command, report)).append(kProvePageFilter);
  for (const RowProof& row : report.rows) page += table_row(row);
  page.append("</tbody>\n</table>\n").append(check_table(report));
  return page.append(data_element(report)).append(kProvePageScript);
}

}  // namespace candor::cli
