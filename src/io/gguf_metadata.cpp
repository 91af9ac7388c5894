// Typed access to GGUF metadata.
#include <cmath>

#include "candor/error.h"
#include "candor/io.h"
#include "io/refuse.h"

namespace candor {
namespace {

constexpr const char* kTypeNames[] = {"an unsigned integer",
                                      "a signed integer",
                                      "a floating-point number",
                                      "a boolean",
                                      "a string",
                                      "an array of strings",
                                      "an array of floating-point numbers",
                                      "an array of signed integers",
                                      "an array of unsigned integers",
                                      "an array of booleans",
                                      "an array of arrays"};

std::string key_of(const std::string& file, std::string_view key) {
  return "gguf: " + (file.empty() ? "" : file + ": ") + "key " + io::quote(key);
}

[[noreturn]] void wrong_type(const std::string& file, std::string_view key, const GgufValue& value,
                             const char* wanted) {
  throw FormatError(key_of(file, key) + " is " + kTypeNames[value.value.index()] + ", it should be " + wanted +
                    "; the file does not follow the format's conventions: convert it again");
}

template <class From>
std::vector<double> as_doubles(const std::string& file, std::string_view key, const std::vector<From>& values) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  std::vector<double> out;
  out.reserve(values.size());
  for (const From value : values) {
    const double number = static_cast<double>(value);
    if (!std::is_floating_point_v<From> && std::fabs(number) > kExact)
      throw FormatError(key_of(file, key) + " holds an integer beyond 2^53; convert the file again");
    out.push_back(number);
  }
  return out;
}

}  // namespace

const GgufValue* GgufMetadata::find(std::string_view key) const {
  const auto it = values.find(key);
  return it == values.end() ? nullptr : &it->second;
}

std::optional<std::string> GgufMetadata::string(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&value->value)) return *text;
  wrong_type(file, key, *value, "a string");
}

std::optional<std::uint64_t> GgufMetadata::unsigned_integer(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<std::uint64_t>(&value->value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value->value); number != nullptr && *number >= 0)
    return static_cast<std::uint64_t>(*number);
  wrong_type(file, key, *value, "an unsigned integer");
}

std::optional<std::int64_t> GgufMetadata::integer(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<std::int64_t>(&value->value)) return *number;
  if (const auto* number = std::get_if<std::uint64_t>(&value->value);
      number != nullptr && *number <= static_cast<std::uint64_t>(INT64_MAX))
    return static_cast<std::int64_t>(*number);
  wrong_type(file, key, *value, "an integer of 63 bits");
}

std::optional<double> GgufMetadata::number(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* real = std::get_if<double>(&value->value)) return *real;
  if (const auto* whole = std::get_if<std::uint64_t>(&value->value)) return static_cast<double>(*whole);
  if (const auto* whole = std::get_if<std::int64_t>(&value->value)) return static_cast<double>(*whole);
  wrong_type(file, key, *value, "a number");
}

std::optional<bool> GgufMetadata::boolean(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* flag = std::get_if<bool>(&value->value)) return *flag;
  wrong_type(file, key, *value, "a boolean");
}

const std::vector<std::string>* GgufMetadata::strings(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return nullptr;
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value->value)) return texts;
  wrong_type(file, key, *value, "an array of strings");
}

std::optional<std::vector<double>> GgufMetadata::numbers(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* reals = std::get_if<std::vector<double>>(&value->value)) return *reals;
  if (const auto* whole = std::get_if<std::vector<std::int64_t>>(&value->value)) return as_doubles(file, key, *whole);
  if (const auto* whole = std::get_if<std::vector<std::uint64_t>>(&value->value)) return as_doubles(file, key, *whole);
  wrong_type(file, key, *value, "an array of numbers");
}

}  // namespace candor
