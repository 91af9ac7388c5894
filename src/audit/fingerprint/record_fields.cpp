#include "audit/fingerprint/record_fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "audit/fingerprint/base64.h"
#include "audit/fingerprint/counts_text.h"
#include "io/refuse.h"

namespace candor::audit_internal {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

void LinePlace::refuse(const JsonPath& path, const std::string& what, std::string_view remedy) const {
  io::refuse("fingerprint", name(), start + json_place(text, path), what, remedy);
}

RecordFields::RecordFields(const Json& json, const LinePlace& place, JsonPath path)
    : json_(json), place_(place), path_(std::move(path)) {
  if (!json_.is_object())
    place_.refuse(path_, std::string("a JSON ").append(json_.type_name()).append(" where an object belongs"));
}

JsonPath RecordFields::path_of(const std::string& key) const {
  JsonPath path = path_;
  path.emplace_back(key);
  return path;
}

void RecordFields::refuse(const std::string& key, const std::string& what) const {
  place_.refuse(path_of(key), io::quote(key).append(" ").append(what));
}

void RecordFields::refuse_kind(const std::string& key, const Json& value, std::string_view wanted) const {
  refuse(key, std::string("is a JSON ").append(value.type_name()).append(" where ").append(wanted).append(" belongs"));
}

const RecordFields::Json& RecordFields::member(const std::string& key) const {
  const auto it = json_.find(key);
  if (it == json_.end()) refuse(key, "is missing");
  return *it;
}

void RecordFields::know(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, value] : json_.items())
    if (std::find(keys.begin(), keys.end(), std::string_view(key)) == keys.end())
      refuse(key, "is no member that this version knows");
}

std::uint64_t RecordFields::number(const std::string& key) const {
  const Json& value = member(key);
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  refuse_kind(key, value, "a whole number of 64 bits, without sign or fraction,");
}

std::uint64_t RecordFields::number_at_most(const std::string& key, std::uint64_t most) const {
  const std::uint64_t value = number(key);
  if (value > most)
    refuse(key, "is " + std::to_string(value).append(" where at most ").append(std::to_string(most)) + " can be");
  return value;
}

double RecordFields::real(const std::string& key) const {
  const Json& value = member(key);
  if (value.is_number()) return value.get<double>();
  if (value == "inf") return kInfinity;
  if (value == "-inf") return -kInfinity;
  if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
  refuse_kind(key, value, "a number, 'inf', '-inf' or 'nan'");
}

bool RecordFields::flag(const std::string& key) const {
  const Json& value = member(key);
  if (!value.is_boolean()) refuse_kind(key, value, "true or false");
  return value.get<bool>();
}

std::string RecordFields::text_of(const std::string& key, const Json& value) const {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.size() == 1 && value.contains("base64") && value["base64"].is_string()) {
    const std::optional<std::string> bytes = base64_bytes(value["base64"].get_ref<const std::string&>());
    if (bytes && !io::is_utf8(*bytes)) return *bytes;
  }
  refuse_kind(key, value, "a text, or the base64 of one that is no UTF-8,");
}

std::string RecordFields::text(const std::string& key) const { return text_of(key, member(key)); }

std::vector<std::string> RecordFields::texts(const std::string& key, std::size_t most) const {
  std::vector<std::string> texts;
  for (const Json& value : array(key, most)) texts.push_back(text_of(key, value));
  return texts;
}

std::uint64_t RecordFields::hexadecimal(const std::string& key) const {
  const std::string value = text(key);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number, 16);
  if (error == std::errc() && end == value.data() + value.size() && hexadecimal_text(number) == value) return number;
  refuse(key, "is " + io::quote(value) + " where a number of at most 16 lower-case hexadecimal digits belongs");
}

CodeCounts RecordFields::counts(const std::string& key, std::uint64_t codes) const {
  const Json& value = member(key);
  if (!value.is_string()) refuse_kind(key, value, "a histogram as base64");
  CodeCounts counts;
  const std::string wrong = read_counts(value.get_ref<const std::string&>(), codes, counts);
  if (!wrong.empty()) refuse(key, wrong);
  return counts;
}

const RecordFields::Json& RecordFields::array(const std::string& key, std::size_t most) const {
  const Json& value = member(key);
  if (!value.is_array()) refuse_kind(key, value, "an array");
  if (value.size() > most)
    refuse(key, "has " + std::to_string(value.size()).append(" items where at most ").append(std::to_string(most)) +
                    " can be");
  return value;
}

RecordFields RecordFields::object(const std::string& key) const { return {member(key), place_, path_of(key)}; }

RecordFields RecordFields::item(const std::string& key, std::size_t index) const {
  JsonPath path = path_of(key);
  path.emplace_back(index);
  return {member(key).at(index), place_, std::move(path)};
}

nlohmann::ordered_json real_json(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

nlohmann::ordered_json text_json(const std::string& text) {
  if (io::is_utf8(text)) return text;
  return nlohmann::ordered_json::object({{"base64", base64_text(text)}});
}

std::string hexadecimal_text(std::uint64_t number) {
  char digits[16];
  return {digits, std::to_chars(digits, digits + sizeof digits, number, 16).ptr};
}

}  // namespace candor::audit_internal
