// A proof as JSON: docs/schema/prove-1.json.
#include "cli/json_text.h"
#include "cli/prove.h"

namespace candor::cli {
namespace {

using Json = nlohmann::ordered_json;

Json answers_json(const RowProof& row) {
  Json answers = Json::array();
  for (const ProofAnswer& answer : row.answers)
    answers.push_back({{"question", answer.question},
                       {"claimed", answer.claimed},
                       {"found", answer.found},
                       {"evidence", answer.evidence},
                       {"verdict", proof_verdict_name(answer.verdict)}});
  return answers;
}

Json canaries_json(const RowProof& row) {
  Json canaries = Json::array();
  for (const ProofCanary& canary : row.canaries)
    canaries.push_back({{"name", canary.name},
                        {"input", canary.input},
                        {"claimed_low", json_number(canary.claimed_low)},
                        {"claimed_high", json_number(canary.claimed_high)},
                        {"found", json_number(canary.found)},
                        {"agrees", canary.agrees}});
  return canaries;
}

Json code_json(const CodeProof& code) {
  if (code.function.empty()) return nullptr;
  Json instructions = Json::object();
  for (const InstructionCount& count : code.instructions) instructions[count.instruction] = count.count;
  return {{"function", code.function},
          {"functions", code.functions},
          {"instructions", instructions},
          {"finding", code.finding}};
}

Json row_json(const RowProof& row) {
  return {{"backend", row.backend},
          {"op", row.op},
          {"kernel", row.kernel},
          {"isa", row.isa},
          {"instruction_class", row.instruction_class},
          {"precision", precision_json(row.precision)},
          {"verdict", proof_verdict_name(row.verdict)},
          {"finding", row.finding},
          {"answers", answers_json(row)},
          {"canaries", canaries_json(row)},
          {"code", code_json(row.code)}};
}

Json checks_json(const ProveReport& report) {
  Json checks = Json::array();
  for (const ProofCheck& check : report.checks)
    checks.push_back({{"section", check.section},
                      {"what", check.what},
                      {"claimed", check.claimed},
                      {"found", check.found},
                      {"evidence", check.evidence},
                      {"verdict", proof_verdict_name(check.verdict)},
                      {"finding", check.finding}});
  return checks;
}

}  // namespace

Json prove_json(const ProveCommand& command, const ProveReport& report) {
  Json json = document_json("candor-prove-1");
  json["quick"] = command.quick;
  json["op"] = command.op.empty() ? Json(nullptr) : Json(command.op);
  const bool model = !command.model.path.empty();
  json["model"] = model ? Json(command.model.path) : Json(nullptr);
  json["precision"] = model ? Json(command.model.precision) : Json(nullptr);
  json["seed"] = command.seed;
  json["seconds"] = report.seconds;
  json["summary"] = {{"rows", report.rows.size()},
                     {"proven", report.count(ProofVerdict::proven)},
                     {"unseen", report.count(ProofVerdict::unseen)},
                     {"mismatch", report.count(ProofVerdict::mismatch)},
                     {"checks", report.checks.size()},
                     {"checks_proven", report.count_checks(ProofVerdict::proven)},
                     {"checks_unseen", report.count_checks(ProofVerdict::unseen)},
                     {"checks_mismatch", report.count_checks(ProofVerdict::mismatch)}};
  json["notes"] = report.notes;
  json["rows"] = Json::array();
  for (const RowProof& row : report.rows) json["rows"].push_back(row_json(row));
  json["checks"] = checks_json(report);
  return json;
}

}  // namespace candor::cli
