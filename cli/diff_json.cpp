// A comparison as JSON: docs/schema/diff-1.json.
#include "cli/diff.h"
#include "cli/json_text.h"

namespace candor::cli {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json counts_json(const DiffCounts& c) {
  return {{"elements", c.elements},
          {"kept", c.kept},
          {"as_rounded", c.as_rounded},
          {"changed", c.changed},
          {"step_up", c.step_up},
          {"step_down", c.step_down},
          {"zeroed", c.zeroed},
          {"overflowed", c.overflowed},
          {"saturated", c.saturated},
          {"zero_signs", c.zero_signs},
          {"nans", c.nans},
          {"nan_codes", c.nan_codes},
          {"nan_to_infinity", c.nan_to_infinity},
          {"nan_to_finite", c.nan_to_finite},
          {"small_a", c.small_a},
          {"small_b", c.small_b},
          {"off_grid_a", c.off_grid_a},
          {"off_grid_b", c.off_grid_b},
          {"snapped", c.snapped},
          {"shared_source", c.shared_source},
          {"neighbours", c.neighbours}};
}

Json side_json(const std::string& name, const std::string& file, const std::string& dtype,
               const std::vector<std::int64_t>& shape) {
  if (file.empty()) return nullptr;
  return {{"name", name}, {"file", file}, {"dtype", dtype}, {"shape", shape}};
}

Json histories_json(const TensorDiff& tensor) {
  Json json = Json::array();
  for (const DiffHistory& h : tensor.histories)
    json.push_back(
        {{"name", h.name}, {"explains", h.explains}, {"differs", h.differs}, {"differs_right", h.differs_right}});
  return json;
}

Json distances_json(const TensorDiff& tensor) {
  Json json = Json::array();
  for (const DiffDistance& d : tensor.distances)
    json.push_back({{"below", d.below}, {"low", d.low}, {"high", d.high}, {"count", d.count}});
  return json;
}

Json witnesses_json(const TensorDiff& tensor) {
  Json json = Json::array();
  for (const DiffWitness& w : tensor.witnesses)
    json.push_back({{"what", w.what},
                    {"index", w.index},
                    {"position", w.position},
                    {"offset_a", w.offset_a},
                    {"offset_b", w.offset_b},
                    {"code_a", w.code_a},
                    {"code_b", w.code_b},
                    {"value_a", json_number(w.value_a)},
                    {"value_b", json_number(w.value_b)},
                    {"expected", json_number(w.expected)}});
  return json;
}

Json tensor_json(const TensorDiff& t) {
  return {{"a", side_json(t.name_a, t.file_a, t.dtype_a, t.shape_a)},
          {"b", side_json(t.name_b, t.file_b, t.dtype_b, t.shape_b)},
          {"matched_by", text_or_null(t.matched_by)},
          {"status", diff_status_name(t.status)},
          {"history", text_or_null(t.history)},
          {"also", t.also},
          {"sentence", t.sentence},
          {"counts", counts_json(t.counts)},
          {"max_absolute", json_number(t.max_absolute)},
          {"max_absolute_index", t.max_absolute_index},
          {"max_relative", json_number(t.max_relative)},
          {"max_relative_index", t.max_relative_index},
          {"histories", histories_json(t)},
          {"distances", distances_json(t)},
          {"witnesses", witnesses_json(t)}};
}

Json class_json(const DiffClass& c) {
  return {{"status", diff_status_name(c.status)},
          {"history", text_or_null(c.history)},
          {"dtype_a", text_or_null(c.dtype_a)},
          {"dtype_b", text_or_null(c.dtype_b)},
          {"sentence", c.sentence},
          {"tensors", c.tensors},
          {"exceptions", c.exceptions},
          {"counts", counts_json(c.counts)},
          {"max_relative", json_number(c.max_relative)}};
}

}  // namespace

Json diff_json(const DiffReport& report) {
  Json json = document_json("candor-diff-1");
  json["a"] = report.path_a;
  json["b"] = report.path_b;
  json["equal"] = report.equal;
  json["seconds"] = report.seconds;
  json["notes"] = report.notes;
  json["classes"] = Json::array();
  for (const DiffClass& found : report.classes) json["classes"].push_back(class_json(found));
  json["tensors"] = Json::array();
  for (const TensorDiff& tensor : report.tensors) json["tensors"].push_back(tensor_json(tensor));
  return json;
}

}  // namespace candor::cli
