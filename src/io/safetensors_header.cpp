#include "io/safetensors_header.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "io/checked.h"
#include "io/refuse.h"

namespace candor::io {
namespace {

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::string_view kFormat = "safetensors";

std::uint64_t load_u64(const std::byte* p) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | std::to_integer<std::uint64_t>(p[i]);
  return value;
}

/// Length of the JSON, checked against the limit, the file and its first and last characters.
std::uint64_t header_length(const std::byte* data, std::uint64_t size, const std::string& file) {
  if (size < kLengthBytes)
    refuse(kFormat, file, 0, "the file has " + std::to_string(size) + " bytes, a header needs at least 10", kGetAgain);
  const std::uint64_t length = load_u64(data);
  if (length > kMaxSafetensorsHeader) {
    refuse(kFormat, file, 0, "the header claims " + std::to_string(length) + " bytes, the format allows 100000000",
           "this is no safetensors file, or it is damaged");
  }
  if (length > size - kLengthBytes) {
    refuse(kFormat, file, 0,
           "the header claims " + std::to_string(length) + " bytes but only " + std::to_string(size - kLengthBytes) +
               " follow",
           kGetAgain);
  }
  if (length < 2 || static_cast<char>(data[kLengthBytes]) != '{')
    refuse(kFormat, file, kLengthBytes, "the header does not begin with '{'", "this is no safetensors file");
  return length;
}

struct Dims {
  std::vector<std::int64_t> shape;
  std::uint64_t elements = 1;
};

Dims checked_dims(const RawTensor& raw, const std::string& file) {
  Dims dims;
  for (const std::uint64_t extent : raw.shape) {
    if (extent > static_cast<std::uint64_t>(INT64_MAX))
      refuse(kFormat, file, raw.position,
             "tensor " + quote(raw.name) + " has the extent " + std::to_string(extent) + ", above 2^63-1", kHostile);
    dims.shape.push_back(static_cast<std::int64_t>(extent));
  }
  const std::optional<std::uint64_t> elements = checked_elements(dims.shape);
  if (!elements)
    refuse(kFormat, file, raw.position,
           "tensor " + quote(raw.name) + " of shape " + shape_text(dims.shape) + " has more than 2^63-1 elements",
           kHostile);
  dims.elements = *elements;
  return dims;
}

/// Bytes that dtype and shape ask for must be the span that the offsets give.
void check_span(const RawTensor& raw, const Dims& dims, const std::optional<DType>& dtype, std::uint64_t span,
                const std::string& file) {
  if (!dtype) return;  // a dtype of a later version of the format: bounded by its span, readable as bytes only
  const std::optional<std::uint64_t> bytes = dtype_bytes(*dtype, dims.elements);
  if (!bytes) {
    refuse(kFormat, file, raw.position,
           "tensor " + quote(raw.name) + " of shape " + shape_text(dims.shape) + " and dtype " + raw.dtype +
               " is not a whole number of bytes below 2^64",
           kHostile);
  }
  if (*bytes != span) {
    refuse(kFormat, file, raw.position,
           "tensor " + quote(raw.name) + " has data_offsets [" + std::to_string(raw.begin) + ", " +
               std::to_string(raw.end) + "], " + std::to_string(span) + " bytes, but shape " + shape_text(dims.shape) +
               " in " + raw.dtype + " takes " + std::to_string(*bytes),
           kHostile);
  }
}

/// The tensors by position must tile [0, data_size) exactly.
std::vector<std::size_t> in_file_order(const std::vector<RawTensor>& raw) {
  std::vector<std::size_t> order(raw.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
    return raw[x].begin != raw[y].begin ? raw[x].begin < raw[y].begin : raw[x].end < raw[y].end;
  });
  return order;
}

std::uint64_t checked_tensor(const RawTensor& raw, std::uint64_t expected_begin, std::uint64_t data_size,
                             const std::string& file) {
  const std::string who = "tensor " + quote(raw.name) + " has data_offsets [" + std::to_string(raw.begin) + ", " +
                          std::to_string(raw.end) + "]";
  if (raw.end < raw.begin) refuse(kFormat, file, raw.position, who + ", the end before the begin", kGetAgain);
  if (raw.end > data_size)
    refuse(kFormat, file, raw.position, who + " but only " + std::to_string(data_size) + " bytes of data are there",
           kGetAgain);
  if (raw.begin != expected_begin) {
    refuse(kFormat, file, raw.position,
           who + " but the previous data end at " + std::to_string(expected_begin) +
               (raw.begin < expected_begin ? ": tensors overlap" : ": a hole between tensors"),
           "the format wants tensors back to back: write the file again with a safetensors writer");
  }
  return raw.end - raw.begin;
}

}  // namespace

SafetensorsHeader parse_safetensors(const std::byte* data, std::uint64_t size, const std::string& file) {
  const std::uint64_t length = header_length(data, size, file);
  const char* text = reinterpret_cast<const char*>(data) + kLengthBytes;
  RawHeader raw = parse_safetensors_json(text, static_cast<std::size_t>(length), file);
  const std::uint64_t data_start = kLengthBytes + length;  // both bounded by header_length
  const std::uint64_t data_size = size - data_start;

  SafetensorsHeader header;
  header.metadata = std::move(raw.metadata);
  header.tensors.reserve(raw.tensors.size());
  header.dtype_spellings.reserve(raw.tensors.size());
  std::uint64_t end = 0;
  for (const std::size_t index : in_file_order(raw.tensors)) {
    RawTensor& tensor = raw.tensors[index];
    const std::uint64_t span = checked_tensor(tensor, end, data_size, file);
    const std::optional<DType> dtype = dtype_from_safetensors(tensor.dtype);
    Dims dims = checked_dims(tensor, file);
    check_span(tensor, dims, dtype, span, file);
    end = tensor.end;
    header.tensors.push_back({std::move(tensor.name), dtype.value_or(DType::any), std::move(dims.shape), span,
                              *checked_add(data_start, tensor.begin), 0});
    header.dtype_spellings.push_back(std::move(tensor.dtype));
  }
  if (end != data_size) {
    refuse(kFormat, file, data_start + end, std::to_string(data_size - end) + " bytes follow the last tensor",
           "the format allows no tail: the file is damaged or something was appended to it");
  }
  return header;
}

}  // namespace candor::io
