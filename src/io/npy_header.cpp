#include "io/npy_header.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "candor/error.h"
#include "io/byte_cursor.h"
#include "io/checked.h"
#include "io/little_endian.h"
#include "io/npy_literal.h"
#include "io/strict_json.h"
#include "io/strides.h"

namespace candor::io {
namespace {

constexpr std::string_view kFormat = "npy";
constexpr char kMagic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

struct NumberType {
  std::string_view spelling;
  DType dtype;
};
constexpr NumberType kNumbers[] = {
    {"f8", DType::f64}, {"f4", DType::f32},   {"f2", DType::f16}, {"i8", DType::i64}, {"i4", DType::i32},
    {"i2", DType::i16}, {"i1", DType::i8},    {"u8", DType::u64}, {"u4", DType::u32}, {"u2", DType::u16},
    {"u1", DType::u8},  {"b1", DType::bool_}, {"c8", DType::c64},
};

/// Bytes that "U12", "V2" or "M8[ns]" says one element has; nothing when it says nothing that is understood.
std::optional<std::uint64_t> claimed_bytes(std::string_view type) {
  const char kind = type.empty() ? '\0' : type.front();
  if (kind == '\0' || std::string_view("biufcmMSUVa").find(kind) == std::string_view::npos) return std::nullopt;
  std::string_view digits = type.substr(1);
  const std::size_t unit = digits.find('[');  // of a time
  if (unit != std::string_view::npos) {
    if ((kind != 'm' && kind != 'M') || !digits.ends_with(']')) return std::nullopt;
    digits = digits.substr(0, unit);
  }
  constexpr std::size_t kMostDigits = 10;
  if (digits.empty() || digits.size() > kMostDigits) return std::nullopt;
  std::uint64_t bytes = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    bytes = bytes * 10 + static_cast<std::uint64_t>(digit - '0');  // at most ten digits
  }
  return kind == 'U' ? bytes * 4 : bytes;
}

void set_type(NpyHeader& header, const NpyLiteral& literal, const std::string& file) {
  const auto fail = [&](const std::string& what, std::string_view remedy) {
    refuse(kFormat, file, literal.descr_at, "the array's dtype is " + quote(literal.descr) + what, remedy);
  };
  const std::string_view descr = literal.descr;
  const char order = descr.empty() ? '\0' : descr.front();
  const bool ordered = order == '<' || order == '>' || order == '|';
  header.spelling = ordered ? descr.substr(1) : descr;
  if (header.spelling == "O") {
    header.sized = false;
    return;
  }
  const std::optional<std::uint64_t> bytes = claimed_bytes(header.spelling);
  if (!ordered || !bytes) fail(", which is not one of NumPy's", "write the file again with NumPy");
  const char kind = header.spelling.front();
  const bool has_order = *bytes > 1 && kind != 'S' && kind != 'V' && kind != 'a';
  if (order == '>' && has_order)
    fail(", big-endian; little-endian is read", "save array.astype(array.dtype.newbyteorder('<')) instead");
  header.item_bytes = *bytes;
  for (const NumberType& type : kNumbers)
    if (type.spelling == header.spelling) header.dtype = type.dtype;
  if (order == '|' && has_order) fail(" without a byte order", "write the file again with NumPy");
}

void set_extents(NpyHeader& header, const NpyLiteral& literal, std::uint64_t total, const std::string& file) {
  header.shape = literal.shape;
  const std::string who = "the array of shape " + shape_text(literal.shape);
  const std::optional<std::uint64_t> elements = checked_elements(literal.shape);
  if (!elements) refuse(kFormat, file, literal.shape_at, who + " has more than 2^63-1 elements", kGetAgain);
  const std::uint64_t there = total - header.header_bytes;  // the header is inside
  if (!header.sized) {
    header.nbytes = there;
    return;
  }
  const std::optional<std::uint64_t> bytes = checked_mul(*elements, header.item_bytes);
  if (!bytes || *bytes != there)
    refuse(kFormat, file, literal.shape_at,
           who + " in " + header.spelling + " takes " +
               (bytes ? std::to_string(*bytes) : std::string("more than 2^64")) + " bytes but " +
               std::to_string(there) + " follow the header",
           kGetAgain);
  header.nbytes = *bytes;
  const bool one_line = std::count_if(literal.shape.begin(), literal.shape.end(), [](auto e) { return e != 1; }) < 2;
  if (!literal.fortran_order || one_line || *elements == 0) return;
  std::int64_t stride = 1;
  for (const std::int64_t extent : literal.shape) {
    header.strides.push_back(stride);
    stride *= extent;  // checked_elements has bounded the product
  }
  drop_idle_strides(header.shape, header.strides);
}

}  // namespace

std::string npy_descr(DType dtype) {
  for (const NumberType& type : kNumbers)
    if (type.dtype == dtype) return (type.spelling.ends_with('1') ? "|" : "<") + std::string(type.spelling);
  const DTypeInfo& info = dtype_info(dtype);
  if (info.kind != DTypeKind::floating || info.block_elements != 1 || info.block_bytes == 0) return "";
  return info.block_bytes == 1 ? "|V1" : "<V" + std::to_string(info.block_bytes);  // bf16 as ml_dtypes writes it
}

std::string npy_header_bytes(std::string_view descr, std::span<const std::int64_t> shape) {
  constexpr std::size_t kPrefix = 10, kAlignment = 64;
  std::string dict = "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < shape.size(); ++i) dict += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  dict += shape.size() == 1 ? ",), }" : "), }";
  while ((kPrefix + dict.size() + 1) % kAlignment != 0) dict += ' ';
  dict += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  append_little_endian(header, static_cast<std::uint16_t>(dict.size()));  // of 64 extents: below 2^11
  return header + dict;
}

bool is_npy(const std::byte* data, std::uint64_t size) {
  return size >= sizeof kMagic && std::memcmp(data, kMagic, sizeof kMagic) == 0;
}

NpyHeader parse_npy(const std::byte* data, std::uint64_t available, std::uint64_t total, std::uint64_t offset,
                    const std::string& file) {
  const auto fail = [&](std::uint64_t at, const std::string& what) {
    refuse(kFormat, file, offset + at, what, kGetAgain);
  };
  constexpr std::uint64_t kShortPrefix = 10, kLongPrefix = 12;
  if (!is_npy(data, available)) fail(0, "the array does not begin with NumPy's magic");
  if (available < kLongPrefix) fail(0, "the array has " + std::to_string(available) + " bytes, fewer than a header");
  const auto byte = [&](std::size_t at) { return std::to_integer<std::uint64_t>(data[at]); };
  const std::uint64_t major = byte(6), minor = byte(7);
  if (major < 1 || major > 3 || minor != 0)
    fail(6, "the header has version " + std::to_string(major) + "." + std::to_string(minor) +
                "; 1.0, 2.0 and 3.0 are read");
  const std::uint64_t prefix = major == 1 ? kShortPrefix : kLongPrefix;
  const std::uint64_t length =
      major == 1 ? byte(8) | byte(9) << 8 : byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24;
  if (length > total - prefix)  // total >= available >= 12
    fail(8, "the header claims " + std::to_string(length) + " bytes but only " + std::to_string(total - prefix) +
                " follow");
  if (length > kMostNpyHeader - prefix)
    fail(8, "the header claims " + std::to_string(length) + " bytes, at most " +
                std::to_string(kMostNpyHeader - prefix) + " are read");
  if (length > available - prefix) fail(8, "the header claims more bytes than could be read");
  const std::string_view text(reinterpret_cast<const char*>(data) + prefix, length);
  const NpyLiteral literal = parse_npy_literal(text, offset + prefix, file);
  NpyHeader header;
  header.header_bytes = prefix + length;
  set_type(header, literal, file);
  set_extents(header, literal, total, file);
  return header;
}

void read_npy_as(NpyHeader& header, DType dtype, const std::string& who) {
  const bool anonymous =
      header.spelling.starts_with('V') || header.spelling.starts_with('u') || header.dtype == DType::any;
  const DTypeInfo& info = dtype_info(dtype);
  if (header.dtype == dtype) return;
  if (!anonymous || info.block_elements != 1 || static_cast<std::uint64_t>(info.block_bytes) != header.item_bytes)
    throw FormatError("npy: " + who + ": the elements are said to be " + std::string(info.name) +
                      " but the array has " + header.spelling + " of " + std::to_string(header.item_bytes) +
                      " bytes; they do not belong together");
  header.dtype = dtype;
  header.spelling = info.name;
}

std::string npy_sidecar(const std::string& path) { return path + ".json"; }

std::optional<DType> npy_sidecar_dtype(const std::string& path) {
  const std::string sidecar = npy_sidecar(path);
  std::error_code error;
  if (!std::filesystem::exists(sidecar, error)) return std::nullopt;
  constexpr std::uint64_t kMostBytes = 1u << 20;
  const nlohmann::ordered_json document = parse_strict_json(read_text_file(sidecar, kMostBytes), sidecar);
  const auto field = document.is_object() ? document.find("dtype") : document.end();
  const bool named = document.is_object() && field != document.end() && field->is_string();
  const std::optional<DType> dtype = named ? parse_dtype(field->get_ref<const std::string&>()) : std::nullopt;
  if (!dtype || !is_floating(*dtype) || dtype_info(*dtype).block_bytes == 0)
    throw FormatError("npy: " + sidecar + ": 'dtype' names no number format; {\"dtype\": \"bf16\"} would");
  return dtype;
}

}  // namespace candor::io
