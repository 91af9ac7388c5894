#include "cli/json_text.h"

namespace candor::cli {
namespace {

using Json = nlohmann::ordered_json;

Json name_or_null(DType dtype) { return dtype == DType::any ? Json(nullptr) : Json(dtype_name(dtype)); }

}  // namespace

std::string json_text(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json precision_json(const Precision& p) {
  return {{"a", name_or_null(p.a)},
          {"b", name_or_null(p.b)},
          {"out", name_or_null(p.out)},
          {"compute", name_or_null(p.compute)},
          {"accumulate", name_or_null(p.accumulate)}};
}

}  // namespace candor::cli
