// The members of one line's objects, each of the kind it must be, or an error that names its line and byte.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "audit/fingerprint.h"
#include "audit/fingerprint/json_place.h"

namespace candor::audit_internal {

inline constexpr std::string_view kRewrite =
    "the file is damaged or no fingerprint file of this version: write it again";

/// One line of a fingerprint file, for errors.
struct LinePlace {
  std::string file;
  std::uint64_t number = 0, start = 0;  // from 1; byte of the file
  std::string_view text;

  std::string name() const { return file + ": line " + std::to_string(number); }
  /// Throws FormatError with the byte at which `path` stands.
  [[noreturn]] void refuse(const JsonPath& path, const std::string& what, std::string_view remedy = kRewrite) const;
};

class RecordFields {
 public:
  using Json = nlohmann::ordered_json;

  /// `json` is what stands at `path`; both and `place` outlive this. errors: FormatError (no object), as all below
  RecordFields(const Json& json, const LinePlace& place, JsonPath path = {});

  bool has(const std::string& key) const { return json_.contains(key); }
  /// Refuses a member that is not listed.
  void know(std::initializer_list<std::string_view> keys) const;

  std::uint64_t number(const std::string& key) const;  // a whole number of 64 bits
  std::uint64_t number_at_most(const std::string& key, std::uint64_t most) const;
  double real(const std::string& key) const;  // a number, "inf", "-inf" or "nan"
  bool flag(const std::string& key) const;
  std::string text(const std::string& key) const;
  std::uint64_t hexadecimal(const std::string& key) const;
  CodeCounts counts(const std::string& key, std::uint64_t codes) const;  // counts_text()
  const Json& array(const std::string& key, std::size_t most) const;
  RecordFields object(const std::string& key) const;
  RecordFields item(const std::string& key, std::size_t index) const;  // an object of an array
  /// Items of an array that must be texts or whole numbers.
  std::vector<std::string> texts(const std::string& key, std::size_t most) const;

  [[noreturn]] void refuse(const std::string& key, const std::string& what) const;

 private:
  const Json& member(const std::string& key) const;
  [[noreturn]] void refuse_kind(const std::string& key, const Json& value, std::string_view wanted) const;
  std::string text_of(const std::string& key, const Json& value) const;
  JsonPath path_of(const std::string& key) const;

  const Json& json_;
  const LinePlace& place_;
  JsonPath path_;
};

/// A double as RecordFields::real() reads it.
nlohmann::ordered_json real_json(double value);
/// A text as RecordFields::text() reads it: paths may be no UTF-8, which a JSON string must be.
nlohmann::ordered_json text_json(const std::string& text);
/// As RecordFields::hexadecimal() reads it: lower-case, no leading zeros.
std::string hexadecimal_text(std::uint64_t number);

}  // namespace candor::audit_internal
