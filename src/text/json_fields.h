// Reading one JSON object strictly: every access names the file and the field when it fails.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace candor::text {

class JsonFields {
 public:
  /// `path` names the object: "file: normalizer". errors: FormatError when `object` is none
  JsonFields(const nlohmann::json& object, std::string path);

  const std::string& path() const { return path_; }
  bool has(const char* key) const;  // and is not null
  const nlohmann::json& at(const char* key) const;
  JsonFields object(const char* key) const;
  std::string text(const char* key) const;
  bool flag(const char* key, bool when_missing) const;
  bool flag(const char* key) const;
  std::int64_t integer(const char* key) const;
  const nlohmann::json& array(const char* key) const;
  std::string type() const { return text("type"); }
  /// Throws when a member is none of `keys`.
  void allow_only(std::initializer_list<std::string_view> keys) const;
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  const nlohmann::json& object_;
  std::string path_;
};

}  // namespace candor::text
