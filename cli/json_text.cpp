#include "cli/json_text.h"

#include <cmath>

#include "candor/machine.h"
#include "cli/format.h"

namespace candor::cli {
namespace {

using Json = nlohmann::ordered_json;

Json name_or_null(DType dtype) { return dtype == DType::any ? Json(nullptr) : Json(dtype_name(dtype)); }

}  // namespace

std::string json_text(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json json_number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

Json document_json(const std::string& schema) {
  const MachineInfo machine = machine_info();
  Json json;
  json["schema"] = schema;
  json["created"] = utc_now();
  json["candor"] = {{"version", machine.version}, {"build_hash", machine.build_hash}, {"compiler", machine.compiler}};
  json["machine"] = {{"cpu", machine.cpu_model},
                     {"isa", machine.active_isa},
                     {"best_isa", machine.best_isa},
                     {"threads", machine.threads}};
  return json;
}

Json precision_json(const Precision& p) {
  return {{"a", name_or_null(p.a)},
          {"b", name_or_null(p.b)},
          {"out", name_or_null(p.out)},
          {"compute", name_or_null(p.compute)},
          {"accumulate", name_or_null(p.accumulate)}};
}

}  // namespace candor::cli
