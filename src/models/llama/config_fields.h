// Typed access to the fields of one JSON object that remembers which were used, so that the rest can be named.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace candor::models {

class ConfigFields {
 public:
  /// `object` must outlive this; `where` names it in errors ("config.json", "config.json: rope_scaling").
  /// errors   FormatError when it is not an object
  ConfigFields(const nlohmann::json& object, std::string where);

  bool present(const std::string& key) const { return object_.contains(key); }
  /// False for an absent field and for null. Marks the field as used.
  bool has(const std::string& key);
  // Absent and null give nothing; errors: FormatError naming field, value and wanted type
  std::optional<std::int64_t> integer(const std::string& key);
  std::optional<double> number(const std::string& key);
  std::optional<bool> boolean(const std::string& key);
  std::optional<std::string> string(const std::string& key);
  std::vector<std::int32_t> integers(const std::string& key);  // one integer or a list
  std::optional<std::vector<std::string>> strings(const std::string& key, const char* wanted = "a list of strings");
  const nlohmann::json* raw(const std::string& key);

  std::int64_t required_integer(const std::string& key);
  double required_number(const std::string& key);

  void ignore(const std::string& key) { used_.insert(key); }
  [[noreturn]] void refuse(const std::string& key, const std::string& why) const;
  /// Fields nobody asked for and whose value is not null.
  std::vector<std::string> unused() const;
  const std::string& where() const { return where_; }

 private:
  [[noreturn]] void wrong_type(const std::string& key, const char* wanted) const;
  const nlohmann::json& object_;
  std::string where_;
  std::set<std::string> used_;
};

/// errors   FormatError with the byte where the text stops being JSON, repeats a key or holds a NUL
nlohmann::json parse_json(std::string_view text, const std::string& file);

}  // namespace candor::models
