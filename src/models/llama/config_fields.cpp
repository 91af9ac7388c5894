#include "models/llama/config_fields.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "candor/error.h"
#include "io/refuse.h"
#include "io/strict_json.h"

namespace candor::models {
namespace {

std::string short_value(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);  // ASCII: cut anywhere
  std::replace(text.begin(), text.end(), '\x7f', '?');
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& file) {
  return nlohmann::json(io::parse_strict_json(text, file));
}

ConfigFields::ConfigFields(const nlohmann::json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  if (!object.is_object()) throw FormatError(where_ + ": is " + short_value(object) + "; an object is wanted");
}

const nlohmann::json* ConfigFields::raw(const std::string& key) {
  used_.insert(key);
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool ConfigFields::has(const std::string& key) { return raw(key) != nullptr; }

void ConfigFields::wrong_type(const std::string& key, const char* wanted) const {
  throw FormatError(where_ + ": '" + key + "' is " + short_value(object_.at(key)) + "; " + wanted + " is wanted");
}

void ConfigFields::refuse(const std::string& key, const std::string& why) const {
  throw FormatError(where_ + ": '" + key + "' is " + short_value(object_.at(key)) + "; " + why);
}

std::optional<std::int64_t> ConfigFields::integer(const std::string& key) {
  const nlohmann::json* value = raw(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) {
    const std::uint64_t number = value->get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      wrong_type(key, "a 64-bit integer");
    return static_cast<std::int64_t>(number);
  }
  if (!value->is_number_integer()) wrong_type(key, "an integer");
  return value->get<std::int64_t>();
}

std::optional<double> ConfigFields::number(const std::string& key) {
  const nlohmann::json* value = raw(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) wrong_type(key, "a number");
  const double result = value->get<double>();
  if (!std::isfinite(result)) wrong_type(key, "a finite number");
  return result;
}

std::optional<bool> ConfigFields::boolean(const std::string& key) {
  const nlohmann::json* value = raw(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) wrong_type(key, "true or false");
  return value->get<bool>();
}

std::optional<std::string> ConfigFields::string(const std::string& key) {
  const nlohmann::json* value = raw(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) wrong_type(key, "a string");
  return value->get<std::string>();
}

std::vector<std::int32_t> ConfigFields::integers(const std::string& key) {
  const nlohmann::json* value = raw(key);
  std::vector<std::int32_t> result;
  if (value == nullptr) return result;
  const nlohmann::json list = value->is_array() ? *value : nlohmann::json::array({*value});
  for (const nlohmann::json& item : list) {
    if (!item.is_number_integer() || item.get<std::int64_t>() < 0 ||
        item.get<std::int64_t>() > std::numeric_limits<std::int32_t>::max())
      wrong_type(key, "a token id or a list of them");
    result.push_back(item.get<std::int32_t>());
  }
  return result;
}

std::optional<std::vector<std::string>> ConfigFields::strings(const std::string& key, const char* wanted) {
  const nlohmann::json* value = raw(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) wrong_type(key, wanted);
  std::vector<std::string> result;
  for (const nlohmann::json& item : *value) {
    if (!item.is_string()) wrong_type(key, wanted);
    result.push_back(item.get<std::string>());
  }
  return result;
}

std::int64_t ConfigFields::required_integer(const std::string& key) {
  const std::optional<std::int64_t> value = integer(key);
  if (!value) throw FormatError(where_ + ": field '" + key + "' is missing; this architecture needs it");
  return *value;
}

double ConfigFields::required_number(const std::string& key) {
  const std::optional<double> value = number(key);
  if (!value) throw FormatError(where_ + ": field '" + key + "' is missing; it is needed here");
  return *value;
}

std::vector<std::string> ConfigFields::unused() const {
  std::vector<std::string> names;
  for (const auto& [key, value] : object_.items())
    if (!value.is_null() && !used_.contains(key)) names.push_back(key);
  return names;
}

}  // namespace candor::models
