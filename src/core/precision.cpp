#include "candor/precision.h"

#include <optional>
#include <vector>

#include "candor/error.h"

namespace candor {
namespace {

constexpr std::string_view kStored = "stored";  // spelling of weights == any

struct Key {
  std::string_view name;
  DType ModelPrecision::*field;
  bool (*accepts)(const DTypeInfo& info);
};

bool is_arithmetic(const DTypeInfo& info) { return !info.storage_only && info.kind == DTypeKind::floating; }
bool is_stored_float(const DTypeInfo& info) { return is_arithmetic(info) && info.block_bytes > 0; }  // not tf32
bool is_weight(const DTypeInfo& info) {
  return is_stored_float(info) || (!info.storage_only && info.kind == DTypeKind::block);
}

constexpr Key kKeys[] = {
    {"weights", &ModelPrecision::weights, is_weight},
    {"activations", &ModelPrecision::activations, is_stored_float},
    {"compute", &ModelPrecision::compute, is_arithmetic},
    {"accumulate", &ModelPrecision::accumulate, is_arithmetic},
    {"kv", &ModelPrecision::kv, is_stored_float},
};

std::string allowed_values(const Key& key) {
  std::string text = key.field == &ModelPrecision::weights ? std::string(kStored) : "";
  for (const DTypeInfo& info : all_dtypes()) {
    if (!key.accepts(info)) continue;
    if (!text.empty()) text += ", ";
    text += info.name;
  }
  return text;
}

const Key& find_key(std::string_view name) {
  for (const Key& key : kKeys)
    if (key.name == name) return key;
  throw ValueError("precision: unknown key '" + std::string(name) +
                   "'; the keys are weights, activations, compute, accumulate, kv");
}

DType parse_value(const Key& key, std::string_view value) {
  if (key.field == &ModelPrecision::weights && value == kStored) return DType::any;
  const std::optional<DType> dtype = parse_dtype(value);
  if (!dtype || !key.accepts(dtype_info(*dtype)))
    throw ValueError("precision: " + std::string(key.name) + "=" + std::string(value) + " is not possible; " +
                     std::string(key.name) + " can be " + allowed_values(key));
  return *dtype;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

ModelPrecision parse_list(std::string_view text) {
  ModelPrecision precision;
  std::vector<std::string_view> seen;
  for (const std::string_view item : split(text, ',')) {
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos)
      throw ValueError("precision: '" + std::string(item) + "' is neither auto, bf16, f16, f32 nor a list such as "
                       "weights=bf16,activations=bf16,compute=f32,accumulate=f32,kv=bf16");
    const Key& key = find_key(item.substr(0, equals));
    for (const std::string_view name : seen)
      if (name == key.name) throw ValueError("precision: " + std::string(name) + " is given twice; give it once");
    seen.push_back(key.name);
    precision.*key.field = parse_value(key, item.substr(equals + 1));
  }
  return precision;
}

}  // namespace

std::string to_string(const Precision& precision) {
  std::string text = "a=";
  text += dtype_name(precision.a);
  text.append(" b=").append(dtype_name(precision.b));
  text.append(" out=").append(dtype_name(precision.out));
  text.append(" · compute=").append(dtype_name(precision.compute));
  return text.append(" · accumulate=").append(dtype_name(precision.accumulate));
}

ModelPrecision ModelPrecision::parse(std::string_view text) {
  if (text == "auto") return {};
  for (const DType dtype : {DType::bf16, DType::f16, DType::f32})
    if (text == dtype_name(dtype)) return {.weights = dtype, .activations = dtype, .kv = dtype};
  return parse_list(text);
}

std::string ModelPrecision::to_string() const {
  std::string text;
  for (const Key& key : kKeys) {
    const DType dtype = this->*key.field;
    if (!text.empty()) text += ",";
    text.append(key.name).append("=").append(dtype == DType::any ? kStored : dtype_name(dtype));
  }
  return text;
}

}  // namespace candor
