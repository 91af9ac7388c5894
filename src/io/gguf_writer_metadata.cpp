#include "io/gguf_writer_metadata.h"

#include <cmath>
#include <limits>

#include "candor/error.h"
#include "core/formats.h"
#include "io/gguf_header.h"
#include "io/little_endian.h"
#include "io/refuse.h"

namespace candor::io {
namespace {

using Type = GgufValueType;

/// Bytes of one number of this type; 0: not one of the integers.
int integer_bytes(Type type) {
  switch (type) {
    case Type::u8:
    case Type::i8:
      return 1;
    case Type::u16:
    case Type::i16:
      return 2;
    case Type::u32:
    case Type::i32:
      return 4;
    case Type::u64:
    case Type::i64:
      return 8;
    default:
      return 0;
  }
}

bool is_signed(Type type) { return type == Type::i8 || type == Type::i16 || type == Type::i32 || type == Type::i64; }

/// One pair: appends what std::visit hands over.
class ValueBytes {
 public:
  ValueBytes(std::string& out, const std::string& file, const std::string& key) : out_(out), file_(file), key_(key) {}

  void pair(const GgufValue& value) {
    const bool is_array = std::visit([](const auto& held) { return is_vector(held); }, value.value);
    append_low_bytes(out_, static_cast<std::uint32_t>(is_array ? Type::array : type_of(value)), 4);
    std::visit([&](const auto& held) { put(held, type_of(value), 1); }, value.value);
  }

 private:
  template <class T>
  static constexpr bool is_vector(const T&) {
    return false;
  }
  template <class T>
  static constexpr bool is_vector(const std::vector<T>&) {
    return true;
  }

  static Type widest(std::uint64_t) { return Type::u64; }
  static Type widest(std::int64_t) { return Type::i64; }
  static Type widest(double) { return Type::f64; }
  static Type widest(bool) { return Type::boolean; }
  static Type widest(const std::string&) { return Type::string; }
  static Type widest(const GgufValue&) { return Type::array; }
  template <class T>
  static Type widest(const std::vector<T>&) {
    return widest(T{});
  }
  static Type type_of(const GgufValue& value) {
    return value.type ? *value.type : std::visit([](const auto& held) { return widest(held); }, value.value);
  }

  [[noreturn]] void refuse_value(const std::string& what) const {
    throw FormatError("gguf: " + file_ + ": the value of metadata key " + quote(key_) + " " + what +
                      "; give it a type that holds it");
  }

  void put(std::uint64_t value, Type type, int) {
    const int bytes = is_signed(type) ? 0 : integer_bytes(type);
    if (bytes == 0 || (bytes < 8 && value >> (8 * bytes) != 0))
      refuse_value("is the unsigned integer " + std::to_string(value) + ", which type " + number(type) + " cannot be");
    append_low_bytes(out_, value, bytes);
  }
  void put(std::int64_t value, Type type, int) {
    const int bytes = is_signed(type) ? integer_bytes(type) : 0;
    const std::int64_t above = bytes == 0 || bytes == 8 ? 0 : value >> (8 * bytes - 1);  // all zeros or all ones
    if (bytes == 0 || (above != 0 && above != -1))
      refuse_value("is the signed integer " + std::to_string(value) + ", which type " + number(type) + " cannot be");
    append_low_bytes(out_, static_cast<std::uint64_t>(value), bytes);
  }
  void put(double value, Type type, int) {
    if (type == Type::f64) return append_low_bytes(out_, f64_bits(value), 8);
    const float narrow = f64_to_f32(value);
    if (type != Type::f32 || (!std::isnan(value) && f32_to_f64(narrow) != value))
      refuse_value("is the number " + std::to_string(value) + ", which type " + number(type) + " cannot be exactly");
    append_low_bytes(out_, f32_bits(narrow), 4);
  }
  void put(bool value, Type type, int) {
    if (type != Type::boolean) refuse_value("is a boolean, which type " + number(type) + " cannot be");
    out_ += value ? '\1' : '\0';
  }
  void put(const std::string& value, Type type, int) {
    if (type != Type::string) refuse_value("is a string, which type " + number(type) + " cannot be");
    if (value.size() > kMaxGgufLength) refuse_value("is a string of " + std::to_string(value.size()) + " bytes");
    append_gguf_string(out_, value);
  }
  void put(const GgufValue& value, Type type, int depth) {
    if (type != Type::array || !std::visit([](const auto& held) { return is_vector(held); }, value.value))
      refuse_value("is an array of arrays with an element that is none");
    std::visit([&](const auto& held) { put(held, type_of(value), depth); }, value.value);
  }
  template <class T>
  void put(const std::vector<T>& values, Type type, int depth) {
    if (depth > kMaxGgufArrayDepth || values.size() > kMaxGgufLength)
      refuse_value("is an array of " + std::to_string(values.size()) + " elements at depth " + std::to_string(depth));
    append_low_bytes(out_, static_cast<std::uint32_t>(type), 4);
    append_low_bytes(out_, values.size(), 8);
    for (const auto& value : values) put(static_cast<const T&>(value), type, depth + 1);
  }

  static std::string number(Type type) { return std::to_string(static_cast<std::uint32_t>(type)); }

  std::string& out_;
  const std::string &file_, &key_;
};

void check_key(const std::string& file, const std::string& key) {
  if (key.empty() || key.size() > kMaxGgufKey || key.find('\0') != std::string::npos || !is_utf8(key))
    throw FormatError("gguf: " + file + ": the metadata key " + quote(key) + " of " + std::to_string(key.size()) +
                      " bytes cannot be written; a key is 1 to " + std::to_string(kMaxGgufKey) +
                      " bytes of UTF-8 without a NUL");
}

}  // namespace

void append_gguf_string(std::string& out, const std::string& text) {
  append_low_bytes(out, text.size(), 8);
  out += text;
}

std::string gguf_metadata_bytes(const GgufMetadata& metadata, const std::string& file) {
  std::string out;
  for (const auto& [key, value] : metadata.values) {
    check_key(file, key);
    append_gguf_string(out, key);
    ValueBytes(out, file, key).pair(value);
  }
  return out;
}

}  // namespace candor::io
