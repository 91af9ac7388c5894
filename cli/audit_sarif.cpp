// An audit in the Static Analysis Results Interchange Format, version 2.1.0
// (OASIS).
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>

#include "candor/machine.h"
#include "cli/audit.h"
#include "cli/audit_summary.h"
#include "cli/audit_words.h"
#include "cli/format.h"
#include "cli/json_text.h"

namespace candor::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string rule_id(AuditVerdict verdict) { return std::string("candor/").append(audit_verdict_name(verdict)); }

/// Verdicts that can be results, in the order of the rules.
std::vector<AuditVerdict> reported_verdicts() {
  std::vector<AuditVerdict> reported;
  for (const VerdictWords& words : verdict_words())
    if (words.level != "none") reported.push_back(words.verdict);
  return reported;
}

/// A finding, or a file that was refused.
template <class Audit>
bool is_reported(const Audit& audit) {
  return is_audit_finding(audit) || audit.verdict == AuditVerdict::invalid;
}

Json text_json(std::string_view text) { return {{"text", text}}; }

Json rules_json() {
  Json rules = Json::array();
  for (const AuditVerdict verdict : reported_verdicts()) {
    const VerdictWords& words = words_of(verdict);
    rules.push_back({{"id", rule_id(verdict)},
                     {"name", audit_verdict_name(verdict)},
                     {"shortDescription", text_json(words.phrase)},
                     {"fullDescription", text_json(words.meaning)},
                     {"help", text_json(words.advice)},
                     {"defaultConfiguration", {{"level", words.level}}}});
  }
  return rules;
}

/// A path as a URI reference: bytes that may not stand in one are escaped.
std::string uri_of(const std::string& path) {
  constexpr std::string_view kHex = "0123456789ABCDEF", kPlain = "-._~/!$&'()*+,;=@";
  std::string uri = std::filesystem::path(path).is_absolute() ? "file://" : "";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte < 0x80 && std::isalnum(byte)) || kPlain.find(c) != std::string_view::npos;
    if (plain)
      uri += c;
    else
      uri.append(1, '%').append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
  }
  return uri;
}

class Artifacts {
 public:
  Json location(const std::string& file) {
    const auto [place, is_new] = places_.try_emplace(file, files_.size());
    if (is_new) files_.push_back(file);
    return {{"uri", uri_of(file)}, {"index", place->second}};
  }
  Json json() const {
    Json all = Json::array();
    for (const std::string& file : files_) all.push_back({{"location", {{"uri", uri_of(file)}}}});
    return all;
  }

 private:
  std::vector<std::string> files_;
  std::map<std::string, std::size_t> places_;  // in files_
};

Json location_json(const TensorAudit& tensor, const AuditWitness* witness, Artifacts& artifacts) {
  Json physical = {{"artifactLocation", artifacts.location(tensor.file)}};
  if (witness != nullptr) {
    physical["region"] = {{"byteOffset", witness->offset}};
    if (const std::uint64_t bytes = element_bytes(tensor)) physical["region"]["byteLength"] = bytes;
  }
  Json location = {{"physicalLocation", physical}};
  location["logicalLocations"] = Json::array();
  location["logicalLocations"].push_back(
      {{"name", tensor.name}, {"fullyQualifiedName", tensor.name}, {"kind", "variable"}});
  return location;
}

std::string witness_text(const AuditWitness& witness) {
  return "element " + position_text(witness) + " = " + short_number(witness.value) + " (" + witness.what +
         "); the nearest f16 is " + short_number(witness.nearest_f16);
}

/// The first witness is the result's place, the others are related to it.
Json tensor_result(const TensorAudit& tensor, Artifacts& artifacts) {
  const VerdictWords& words = words_of(tensor.verdict);
  const AuditWitness* first = tensor.witnesses.empty() ? nullptr : tensor.witnesses.data();
  std::string message = tensor.name + ": " + phrase_of(tensor.verdict, tensor.sub);
  if (!tensor.sentence.empty()) message += ": " + tensor.sentence;
  Json result = {{"ruleId", rule_id(tensor.verdict)},
                 {"level", words.level},
                 {"kind", "fail"},
                 {"message", text_json(message)},
                 {"locations", Json::array()}};
  result["locations"].push_back(location_json(tensor, first, artifacts));
  for (std::size_t i = 1; i < tensor.witnesses.size(); ++i) {
    Json related = location_json(tensor, &tensor.witnesses[i], artifacts);
    related["id"] = i;
    related["message"] = text_json(witness_text(tensor.witnesses[i]));
    result["relatedLocations"].push_back(related);
  }
  result["partialFingerprints"] = {{"candorTensorVerdict/v1", verdict_text(tensor.verdict, "") + ":" + tensor.name}};
  result["properties"] = {
      {"sub", tensor.sub}, {"bits", json_number(tensor.bits)}, {"dtype", tensor.dtype}, {"shape", tensor.shape}};
  return result;
}

/// Of a file as a whole: refused, or a finding that no tensor of it has.
Json checkpoint_result(const CheckpointAudit& checkpoint, Artifacts& artifacts) {
  std::string message = phrase_of(checkpoint.verdict, checkpoint.sub);
  const std::string& said = checkpoint.error.empty() ? checkpoint.sentence : checkpoint.error;
  if (!said.empty()) message += ": " + said;
  Json result = {{"ruleId", rule_id(checkpoint.verdict)},
                 {"level", words_of(checkpoint.verdict).level},
                 {"kind", "fail"},
                 {"message", text_json(message)},
                 {"locations", Json::array()}};
  result["locations"].push_back({{"physicalLocation", {{"artifactLocation", artifacts.location(checkpoint.path)}}}});
  result["partialFingerprints"] = {{"candorTensorVerdict/v1", verdict_text(checkpoint.verdict, "")}};
  return result;
}

/// Calls one of the two for each result.
template <class OfTensor, class OfCheckpoint>
void for_each_result(const AuditReport& report, OfTensor&& of_tensor, OfCheckpoint&& of_checkpoint) {
  for (const CheckpointAudit& checkpoint : report.checkpoints) {
    bool told = false;
    for (const TensorAudit& tensor : checkpoint.tensors) {
      if (!is_reported(tensor)) continue;
      // A file is mixed because of these tensors; only what is said of none of them is a result of its own.
      told = told || tensor.verdict == checkpoint.verdict || checkpoint.verdict == AuditVerdict::mixed;
      of_tensor(tensor);
    }
    if (!told && is_reported(checkpoint)) of_checkpoint(checkpoint);
  }
}

/// The files of all results, in the order in which these name them.
Artifacts artifacts_of(const AuditReport& report) {
  Artifacts artifacts;
  for_each_result(
      report, [&](const TensorAudit& tensor) { artifacts.location(tensor.file); },
      [&](const CheckpointAudit& checkpoint) { artifacts.location(checkpoint.path); });
  return artifacts;
}

Json with_rule(Json result) {
  const std::vector<AuditVerdict> rules = reported_verdicts();
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (result["ruleId"] == rule_id(rules[i])) result["ruleIndex"] = i;
  return result;
}

}  // namespace

void write_audit_sarif(const TextSink& sink, const AuditCommand& command, const AuditReport& report) {
  Artifacts artifacts = artifacts_of(report);
  Json run;
  run["tool"]["driver"] = {{"name", "candor audit"},
                           {"organization", "Candor"},
                           {"version", machine_info().version},
                           {"rules", rules_json()}};
  Json invocation = {
      {"executionSuccessful", true}, {"exitCode", audit_exit_code(report, command.strict)}, {"endTimeUtc", utc_now()}};
  run["invocations"] = Json::array({invocation});
  run["artifacts"] = artifacts.json();
  run["results"] = Json::array();
  run["columnKind"] = "unicodeCodePoints";
  run["properties"] = {{"threshold_bits", json_number(report.threshold_bits)}};
  const Json log = {{"version", "2.1.0"}, {"runs", Json::array({run})}};
  write_json(sink, log, "results", [&](const auto& add) {
    for_each_result(
        report, [&](const TensorAudit& tensor) { add(with_rule(tensor_result(tensor, artifacts))); },
        [&](const CheckpointAudit& checkpoint) { add(with_rule(checkpoint_result(checkpoint, artifacts))); });
  });
}

}  // namespace candor::cli
