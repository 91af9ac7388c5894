#include "text/json_fields.h"

#include <algorithm>

#include "candor/error.h"

namespace candor::text {

JsonFields::JsonFields(const nlohmann::json& object, std::string path) : object_(object), path_(std::move(path)) {
  if (!object_.is_object()) refuse("is not a JSON object");
}

bool JsonFields::has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }

const nlohmann::json& JsonFields::at(const char* key) const {
  const auto found = object_.find(key);
  if (found == object_.end()) refuse(std::string("lacks the field \"") + key + "\"");
  return *found;
}

JsonFields JsonFields::object(const char* key) const { return JsonFields(at(key), path_ + "." + key); }

std::string JsonFields::text(const char* key) const {
  const nlohmann::json& value = at(key);
  if (!value.is_string()) refuse(std::string("\"") + key + "\" is not a string");
  return value.get<std::string>();
}

bool JsonFields::flag(const char* key) const {
  const nlohmann::json& value = at(key);
  if (!value.is_boolean()) refuse(std::string("\"") + key + "\" is neither true nor false");
  return value.get<bool>();
}

bool JsonFields::flag(const char* key, bool when_missing) const { return has(key) ? flag(key) : when_missing; }

std::int64_t JsonFields::integer(const char* key) const {
  const nlohmann::json& value = at(key);
  if (!value.is_number_integer()) refuse(std::string("\"") + key + "\" is not an integer");
  return value.get<std::int64_t>();
}

const nlohmann::json& JsonFields::array(const char* key) const {
  const nlohmann::json& value = at(key);
  if (!value.is_array()) refuse(std::string("\"") + key + "\" is not an array");
  return value;
}

void JsonFields::allow_only(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, value] : object_.items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      refuse("has the field \"" + key + "\", whose meaning is not known");
    }
  }
}

void JsonFields::refuse(const std::string& what) const { throw FormatError(path_ + ": " + what); }

}  // namespace candor::text
