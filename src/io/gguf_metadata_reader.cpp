// GGUF's 13 metadata types.
#include <bit>

#include "io/checked.h"
#include "io/gguf_header.h"

namespace candor::io {
namespace {

using ValueType = GgufValueType;
constexpr std::uint32_t kValueTypes = 13;
constexpr std::uint64_t kMinAlignment = 8;
constexpr std::uint64_t kSmallestPair = 13;  // u64 key length, empty key, u32 type, one byte of value

/// Bytes that one value takes at least: what bounds an array's count by the bytes that are there.
std::uint64_t smallest_bytes(ValueType type) {
  switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::boolean:
      return 1;
    case ValueType::u16:
    case ValueType::i16:
      return 2;
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::f32:
      return 4;
    case ValueType::u64:
    case ValueType::i64:
    case ValueType::f64:
    case ValueType::string:
      return 8;
    case ValueType::array:
      return 12;  // element type and count
  }
  return 1;
}

ValueType read_type(ByteCursor& cursor, const std::string& key) {
  const std::uint64_t at = cursor.position();
  const std::uint32_t type = cursor.read<std::uint32_t>("the type of key " + quote(key));
  if (type >= kValueTypes)
    cursor.fail_at(at, "key " + quote(key) + " has the value type " + std::to_string(type) + ", known are 0 to 12");
  return static_cast<ValueType>(type);
}

bool read_bool(ByteCursor& cursor, const std::string& key) {
  const std::uint64_t at = cursor.position();
  const std::uint8_t value = cursor.read<std::uint8_t>("key " + quote(key));
  if (value > 1)
    cursor.fail_at(at, "key " + quote(key) + " holds the boolean " + std::to_string(value) + ", only 0 and 1 exist");
  return value == 1;
}

std::uint64_t read_unsigned(ByteCursor& cursor, ValueType type, const std::string& what) {
  switch (type) {
    case ValueType::u8:
      return cursor.read<std::uint8_t>(what);
    case ValueType::u16:
      return cursor.read<std::uint16_t>(what);
    case ValueType::u32:
      return cursor.read<std::uint32_t>(what);
    default:
      return cursor.read<std::uint64_t>(what);
  }
}

std::int64_t read_signed(ByteCursor& cursor, ValueType type, const std::string& what) {
  switch (type) {
    case ValueType::i8:
      return cursor.read<std::int8_t>(what);
    case ValueType::i16:
      return cursor.read<std::int16_t>(what);
    case ValueType::i32:
      return cursor.read<std::int32_t>(what);
    default:
      return cursor.read<std::int64_t>(what);
  }
}

bool is_unsigned(ValueType type) {
  return type == ValueType::u8 || type == ValueType::u16 || type == ValueType::u32 || type == ValueType::u64;
}

template <class T, class Read>
std::vector<T> read_many(std::uint64_t count, Read&& read) {
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(count));  // bounded by the bytes that are left
  for (std::uint64_t i = 0; i < count; ++i) values.push_back(read());
  return values;
}

GgufValue read_array(ByteCursor& cursor, const std::string& key, int depth);

GgufValue read_elements(ByteCursor& cursor, const std::string& key, ValueType type, std::uint64_t count, int depth) {
  const std::string what = "array " + quote(key);
  if (is_unsigned(type))
    return {read_many<std::uint64_t>(count, [&] { return read_unsigned(cursor, type, what); }), type};
  switch (type) {
    case ValueType::f32:
      return {read_many<double>(count, [&] { return static_cast<double>(cursor.read<float>(what)); }), type};
    case ValueType::f64:
      return {read_many<double>(count, [&] { return cursor.read<double>(what); }), type};
    case ValueType::boolean:
      return {read_many<bool>(count, [&] { return read_bool(cursor, key); }), type};
    case ValueType::string:
      return {read_many<std::string>(count, [&] { return read_gguf_string(cursor, what, kMaxGgufLength); }), type};
    case ValueType::array:
      return {read_many<GgufValue>(count, [&] { return read_array(cursor, key, depth + 1); }), type};
    default:
      return {read_many<std::int64_t>(count, [&] { return read_signed(cursor, type, what); }), type};
  }
}

GgufValue read_array(ByteCursor& cursor, const std::string& key, int depth) {
  const std::uint64_t at = cursor.position();
  if (depth > kMaxGgufArrayDepth)
    cursor.fail_at(at, "key " + quote(key) + " nests arrays deeper than " + std::to_string(kMaxGgufArrayDepth));
  const ValueType type = read_type(cursor, key);
  const std::uint64_t count = cursor.read<std::uint64_t>("the length of array " + quote(key));
  const std::optional<std::uint64_t> bytes = checked_mul(count, smallest_bytes(type));
  if (count > kMaxGgufLength || !bytes || *bytes > cursor.remaining()) {
    cursor.fail_at(at, "key " + quote(key) + " claims an array of " + std::to_string(count) +
                           " values but the file has " + std::to_string(cursor.remaining()) + " bytes left");
  }
  return read_elements(cursor, key, type, count, depth);
}

GgufValue read_value(ByteCursor& cursor, const std::string& key, ValueType type) {
  const std::string what = "key " + quote(key);
  if (is_unsigned(type)) return {read_unsigned(cursor, type, what), type};
  switch (type) {
    case ValueType::f32:
      return {static_cast<double>(cursor.read<float>(what)), type};
    case ValueType::f64:
      return {cursor.read<double>(what), type};
    case ValueType::boolean:
      return {read_bool(cursor, key), type};
    case ValueType::string:
      return {read_gguf_string(cursor, what, kMaxGgufLength), type};
    case ValueType::array:
      return read_array(cursor, key, 1);
    default:
      return {read_signed(cursor, type, what), type};
  }
}

std::string read_key(ByteCursor& cursor) {
  const std::uint64_t at = cursor.position();
  std::string key = read_gguf_string(cursor, "a metadata key", kMaxGgufKey);
  if (key.empty()) cursor.fail_at(at, "a metadata key is empty");
  if (key.find('\0') != std::string::npos || !is_utf8(key))
    cursor.fail_at(at, "the metadata key " + quote(key) + " contains a NUL character or is not UTF-8");
  return key;
}

/// The format fixes this key's type; every offset of the file depends on it.
void check_alignment(const ByteCursor& cursor, std::uint64_t key_at, ValueType type, std::uint64_t value_at,
                     const GgufValue& value) {
  if (type != ValueType::u32)
    cursor.fail_at(
        key_at, "general.alignment must be of type u32 (4), it is of type " + std::to_string(static_cast<int>(type)));
  const std::uint64_t alignment = std::get<std::uint64_t>(value.value);
  if (alignment < kMinAlignment || !std::has_single_bit(alignment))
    cursor.fail_at(value_at,
                   "general.alignment is " + std::to_string(alignment) + ", it must be a power of two and at least 8");
}

}  // namespace

std::string read_gguf_string(ByteCursor& cursor, std::string_view what, std::uint64_t limit) {
  const std::uint64_t at = cursor.position();
  const std::uint64_t length = cursor.read<std::uint64_t>("the length of " + std::string(what));
  if (length > limit || length > cursor.remaining()) {
    cursor.fail_at(at, std::string(what) + " claims " + std::to_string(length) + " bytes, the limit is " +
                           std::to_string(limit) + " and the file has " + std::to_string(cursor.remaining()) + " left");
  }
  const std::byte* bytes = cursor.take(length, what);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length)};
}

GgufMetadata read_gguf_metadata(ByteCursor& cursor, std::uint32_t version, std::uint64_t count) {
  const std::optional<std::uint64_t> bytes = checked_mul(count, kSmallestPair);
  if (!bytes || *bytes > cursor.remaining()) {
    cursor.fail_at(16, "the header claims " + std::to_string(count) + " metadata keys but the file has " +
                           std::to_string(cursor.remaining()) + " bytes left");
  }
  GgufMetadata metadata;
  metadata.file = cursor.file();
  metadata.version = version;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t at = cursor.position();
    std::string key = read_key(cursor);
    if (metadata.values.contains(key)) cursor.fail_at(at, "the metadata key " + quote(key) + " appears twice");
    const ValueType type = read_type(cursor, key);
    const std::uint64_t value_at = cursor.position();
    GgufValue value = read_value(cursor, key, type);
    if (key == "general.alignment") check_alignment(cursor, at, type, value_at, value);
    metadata.values.emplace(std::move(key), std::move(value));
  }
  return metadata;
}

}  // namespace candor::io
