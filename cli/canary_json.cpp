// What became of the canaries, as JSON: docs/schema/canary-1.json.
#include <cmath>

#include "candor/machine.h"
#include "cli/canary.h"
#include "cli/format.h"

namespace candor::cli {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

Json witnesses_json(const std::vector<CanaryWitness>& witnesses) {
  Json list = Json::array();
  for (const CanaryWitness& w : witnesses)
    list.push_back({{"index", w.index},
                    {"code", w.code},
                    {"value", number(w.value)},
                    {"found_code", w.found_code},
                    {"found", number(w.found)},
                    {"meaning", w.meaning}});
  return list;
}

Json culprits_json(const std::vector<CanaryCulprit>& culprits) {
  Json list = Json::array();
  for (const CanaryCulprit& c : culprits)
    list.push_back({{"id", c.id}, {"text", c.text}, {"tensors", c.tensors}, {"exceptions", c.exceptions}});
  return list;
}

Json tensor_json(const CanaryTensor& t) {
  return {{"canary", t.canary},
          {"name", t.name.empty() ? Json(nullptr) : Json(t.name)},
          {"dtype", t.dtype},
          {"found_dtype", t.found},
          {"shape", t.shape},
          {"state", t.state},
          {"order", t.order},
          {"elements", t.elements},
          {"changed", t.changed},
          {"explained_by", t.explained_by},
          {"best", t.best.empty() ? Json(nullptr) : Json(t.best)},
          {"exceptions", t.exceptions},
          {"witnesses", witnesses_json(t.witnesses)},
          {"unexplained", witnesses_json(t.unexplained)}};
}

}  // namespace

nlohmann::ordered_json canary_json(const CanaryReport& report) {
  const MachineInfo machine = machine_info();
  Json json;
  json["schema"] = "candor-canary-1";
  json["created"] = utc_now();
  json["candor"] = {{"version", machine.version}, {"build_hash", machine.build_hash}, {"compiler", machine.compiler}};
  json["path"] = report.path;
  json["format"] = report.format;
  json["verdict"] = canary_verdict_name(report.verdict);
  json["sentence"] = report.sentence;
  json["culprits"] = culprits_json(report.culprits);
  json["not_excluded"] = culprits_json(report.not_excluded);
  json["findings"] = Json::array();
  for (const CanaryFinding& f : report.findings)
    json["findings"].push_back({{"id", f.id}, {"text", f.text}, {"legal", f.legal}, {"count", f.count}});
  json["tensors"] = Json::array();
  for (const CanaryTensor& t : report.tensors) json["tensors"].push_back(tensor_json(t));
  return json;
}

}  // namespace candor::cli
