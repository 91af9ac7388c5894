// An audit as JSON: docs/schema/audit-1.json.
#include "cli/audit.h"
#include "cli/audit_summary.h"
#include "cli/json_text.h"

namespace candor::cli {
namespace {

using Json = nlohmann::ordered_json;

Json test_json(const AuditTest& test, std::string_view caveat) {
  return {{"name", test.name},
          {"statistic", json_number(test.statistic)},
          {"low", json_number(test.low)},
          {"high", json_number(test.high)},
          {"p_value", json_number(test.p_value)},
          {"p_kind", test.p_is_bound ? "bound" : "tail"},
          {"bits", json_number(test.bits)},
          {"used", test.used},
          {"needed", test.needed},
          {"text", test.text},
          {"not_run", test.not_run},
          {"caveat", caveat}};
}

Json tests_json(const TensorAudit& tensor) {
  Json json = Json::array();
  for (const AuditTest& test : tensor.evidence.tests) json.push_back(test_json(test, caveat_of(tensor, test)));
  return json;
}

/// Of the tensors that are too small one by one, together.
Json pooled_json(const CheckpointAudit& checkpoint) {
  Json json = Json::array();
  for (const AuditTest& test : checkpoint.pooled) json.push_back(test_json(test, ""));
  return json;
}

Json histories_json(const AuditEvidence& evidence) {
  Json json = Json::array();
  for (const AuditHistory& history : evidence.histories)
    json.push_back({{"name", history.name}, {"bits", json_number(history.bits)}});
  return json;
}

Json schemes_json(const AuditEvidence& evidence) {
  Json json = Json::array();
  for (const AuditBlockScheme& scheme : evidence.schemes)
    json.push_back({{"name", scheme.name},
                    {"block", scheme.block},
                    {"extent", scheme.extent},
                    {"tested", scheme.tested},
                    {"fitting", scheme.fitting},
                    {"bits", json_number(scheme.bits)},
                    {"scale", json_number(scheme.scale)},
                    {"zero", json_number(scheme.zero)}});
  return json;
}

Json share_json(const AuditEvidence& evidence) {
  if (!evidence.share) return nullptr;
  const auto bound = [&](const std::optional<double>& value) { return json_number(value.value_or(*evidence.share)); };
  return {{"value", json_number(*evidence.share)},
          {"low", bound(evidence.share_low)},
          {"high", bound(evidence.share_high)}};
}

void add_pictures(Json& json, const TensorAudit& tensor) {
  const AuditEvidence& evidence = tensor.evidence;
  json["binades"] = Json::array();
  for (const AuditBinade& binade : evidence.binades)
    json["binades"].push_back({{"exponent", binade.exponent}, {"count", binade.count}, {"even", binade.even}});
  json["small_codes"] = Json::array();
  for (const AuditCode& code : evidence.small_codes)
    json["small_codes"].push_back({{"code", code_text(tensor, code.code)}, {"count", code.count}});
  json["distinct_per_block"] = Json::array();
  for (const AuditDistinct& distinct : evidence.distinct_per_block)
    json["distinct_per_block"].push_back({{"extent", distinct.extent},
                                          {"block", distinct.block},
                                          {"blocks", distinct.blocks},
                                          {"expected", json_number(distinct.expected)}});
}

Json evidence_json(const TensorAudit& tensor) {
  const AuditEvidence& e = tensor.evidence;
  Json json = {{"elements", e.elements},
               {"zeros", e.zeros},
               {"infinities", e.infinities},
               {"nans", e.nans},
               {"subnormals", e.subnormals},
               {"below_f16_normal", e.below_f16_normal},
               {"below_grid", e.below_grid},
               {"off_grid", e.off_grid},
               {"distinct_small", e.distinct_small},
               {"distinct_off_grid", e.distinct_off_grid},
               {"above_f16", e.above_f16},
               {"at_65536", e.at_65536},
               {"distinct", e.distinct},
               {"zero_rows", e.zero_rows},
               {"rows", e.rows},
               {"smallest", json_number(e.smallest)},
               {"largest", json_number(e.largest)},
               {"sigma", json_number(e.sigma)},
               {"density_at_zero", json_number(e.density_at_zero)},
               {"exponent_entropy", json_number(e.exponent_entropy)},
               {"quantum", e.quantum},
               {"tests", tests_json(tensor)},
               {"histories", histories_json(e)},
               {"share", share_json(e)},
               {"schemes", schemes_json(e)}};
  add_pictures(json, tensor);
  return json;
}

Json witnesses_json(const TensorAudit& tensor) {
  Json json = Json::array();
  for (const AuditWitness& witness : tensor.witnesses)
    json.push_back({{"what", witness.what},
                    {"index", witness.index},
                    {"position", witness.position},
                    {"offset", witness.offset},
                    {"code", code_text(tensor, witness.code)},
                    {"value", json_number(witness.value)},
                    {"nearest_f16", json_number(witness.nearest_f16)}});
  return json;
}

Json tensor_json(const TensorAudit& tensor, std::size_t checkpoint) {
  return {{"name", tensor.name},
          {"file", tensor.file},
          {"checkpoint", checkpoint},
          {"dtype", tensor.dtype},
          {"shape", tensor.shape},
          {"verdict", audit_verdict_name(tensor.verdict)},
          {"sub", tensor.sub},
          {"bits", json_number(tensor.bits)},
          {"sentence", tensor.sentence},
          {"would_change", tensor.would_change},
          {"note", tensor.note},
          {"evidence", evidence_json(tensor)},
          {"witnesses", witnesses_json(tensor)}};
}

Json checkpoint_json(const CheckpointAudit& checkpoint) {
  return {{"path", checkpoint.path},
          {"format", checkpoint.format},
          {"verdict", audit_verdict_name(checkpoint.verdict)},
          {"sub", checkpoint.sub},
          {"bits", json_number(checkpoint.bits)},
          {"sentence", checkpoint.sentence},
          {"error", checkpoint.error},
          {"elements", checkpoint.elements},
          {"bytes", checkpoint.bytes},
          {"tensors", checkpoint.tensors.size()},
          {"pooled", pooled_json(checkpoint)},
          {"notes", checkpoint.notes}};
}

/// How many tensors have each verdict, those with none left out.
Json count_json(const AuditReport& report) {
  Json json = Json::object();
  for (const CheckpointAudit& checkpoint : report.checkpoints)
    for (const TensorAudit& tensor : checkpoint.tensors) {
      Json& count = json[std::string(audit_verdict_name(tensor.verdict))];
      count = count.is_null() ? 1 : count.get<std::uint64_t>() + 1;
    }
  return json;
}

}  // namespace

void write_audit_json(const TextSink& sink, const AuditCommand& command, const AuditReport& report) {
  Json json = document_json("candor-audit-1");
  json["options"] = {{"strict", command.strict},
                     {"from_fingerprint", command.from_fingerprint},
                     {"v2_as_bf16", command.options.v2_as_bf16},
                     {"only", command.options.only},
                     {"exclude", command.options.exclude}};
  json["threshold_bits"] = json_number(report.threshold_bits);
  json["seconds"] = report.seconds;
  json["verdict"] = audit_verdict_name(report.verdict);
  json["exit_code"] = audit_exit_code(report, command.strict);
  json["counts"] = count_json(report);
  json["checkpoints"] = Json::array();
  for (const CheckpointAudit& checkpoint : report.checkpoints)
    json["checkpoints"].push_back(checkpoint_json(checkpoint));
  json["tensors"] = Json::array();
  write_json(sink, json, "tensors", [&](const auto& add) {
    for (std::size_t i = 0; i < report.checkpoints.size(); ++i)
      for (const TensorAudit& tensor : report.checkpoints[i].tensors) add(tensor_json(tensor, i));
  });
}

}  // namespace candor::cli
